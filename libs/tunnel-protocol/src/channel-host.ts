import type { EndHost } from './channel-end.ts';
import type { ChannelId } from './channel-ids.ts';
import type { DispatchedChannel } from './client-channel.ts';
import type { Lane } from './coalescing-publisher.ts';
import type { HeldHeads } from './held-heads.ts';
import type { CancelReason } from './reasons.ts';

/** What a channel needs from its client. */
export type ChannelHost = EndHost & {
  readonly ingressId: string;
  readonly maxDispatches: number;
  readonly acceptDeadlineMs: number;
  readonly held: HeldHeads;
  openChannels(): number;
  newChannelId(): ChannelId;
  /** The connector a head should go to; undefined: whom the queue draws. */
  choose(group: string, affinityKey: string | undefined, tried: readonly string[] | undefined): string | undefined;
  /** Where the heads of a group go; those that are dispatched again travel alone, so that each is drawn anew. */
  headLane(group: string, isAgain: boolean): Lane;
  laneTo(connectorId: string): Lane;
  /** A connector answered what the queue of the group drew it for. */
  proved(group: string, connectorId: string): void;
  /** The server said that nobody listens for this connector. */
  unreachable(connectorId: string): void;
  began(connectorId: string): void;
  ended(connectorId: string): void;
  enlist(channel: DispatchedChannel): void;
  delist(channel: DispatchedChannel): void;
  /** Run a callback of the caller; when it throws, its channel ends and nothing else. */
  guard(channel: DispatchedChannel, action: () => void): void;
  onAcceptMissed(channel: DispatchedChannel): void;
  onAborted(channel: DispatchedChannel, reason: CancelReason): void;
};
