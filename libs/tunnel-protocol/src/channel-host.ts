import type { ChannelId } from './channel-ids.ts';
import type { DispatchedChannel } from './client-channel.ts';
import type { CoalescingPublisher, Lane } from './coalescing-publisher.ts';
import type { CreditLedger } from './credit-ledger.ts';
import type { CancelReason } from './reasons.ts';

/** What a channel needs from its client. */
export type ChannelHost = {
  readonly publisher: CoalescingPublisher;
  readonly ledger: CreditLedger;
  readonly ingressId: string;
  readonly maxDispatches: number;
  readonly acceptDeadlineMs: number;
  readonly probeAfterMs: number;
  readonly probeTimeoutMs: number;
  readonly now: () => number;
  openChannels(): number;
  newChannelId(): ChannelId;
  /** Where the heads of a group go; those that are dispatched again travel alone, so that each is drawn anew. */
  headLane(group: string, isAgain: boolean): Lane;
  enlist(channel: DispatchedChannel): void;
  delist(channel: DispatchedChannel): void;
  /** Run a callback of the caller; when it throws, its channel ends and nothing else. */
  guard(channel: DispatchedChannel, action: () => void): void;
  onAcceptMissed(channel: DispatchedChannel): void;
  onAborted(channel: DispatchedChannel, reason: CancelReason): void;
};
