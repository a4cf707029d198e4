import type { OnRequest } from './channel.ts';
import type { ConnectorSelector } from './connector-selector.ts';
import type { CancelReason } from './reasons.ts';
import type { TunnelTransport } from './transport.ts';

/** Settings both ends share. Durations in milliseconds; defaults in limits.ts. */
export type TunnelTiming = {
  readonly sweepIntervalMs?: number;
  readonly probeAfterMs?: number;
  readonly probeTimeoutMs?: number;
};

/** What went wrong without belonging to one caller: for metrics and the log. Called in the read loop; must not throw. */
export type TunnelEvents = {
  onEvent?(event: TunnelEvent): void;
};

export type TunnelEvent =
  /** Nobody answered a dispatch in time; who had it is unknown until a late answer names it. */
  | { readonly type: 'accept-missed'; readonly group: string; readonly channelId: string; readonly dispatch: number }
  /** A connector answered a channel that is no longer open here: it was too slow, or it guesses. */
  | { readonly type: 'late-answer'; readonly connectorId: string; readonly channelId: string }
  /** A connector answered a channel that is pinned to another. */
  | { readonly type: 'intruder'; readonly connectorId: string; readonly channelId: string }
  | { readonly type: 'dropped-packet'; readonly reason: string }
  | {
      readonly type: 'channel-aborted';
      readonly reason: CancelReason;
      readonly peerId: string;
      readonly channelId: string;
    }
  /** A callback of the caller threw; its channel was cancelled. */
  | { readonly type: 'callback-failed'; readonly error: unknown; readonly channelId: string };

export type TunnelClientOptions = TunnelTiming &
  TunnelEvents & {
    readonly transport: TunnelTransport;
    /** Unique per ingress process and start: a restarted ingress takes a new id. */
    readonly ingressId: string;
    /** Open channels; one more fails with `too-many-channels`. Default 10,000. */
    readonly maxChannels?: number;
    /** Default 1,000. */
    readonly acceptDeadlineMs?: number;
    /** Default 3. */
    readonly maxDispatches?: number;
    /** How long requests wait for a lost link, and at least after its return for those of the connectors. Default 10,000. */
    readonly holdMs?: number;
    /** Default 3,000. */
    readonly returnGraceMs?: number;
    /** Chooses connectors by load or by key; without it the queues of the groups draw. Feed it with heartbeats. */
    readonly selector?: ConnectorSelector;
    /** Bytes granted or held before channels fall back to their minimum window. Default 64 MiB. */
    readonly processCapBytes?: number;
  };

export type TunnelServerOptions = TunnelTiming &
  TunnelEvents & {
    readonly transport: TunnelTransport;
    readonly connectorId: string;
    readonly onRequest: OnRequest;
    /** Open exchanges; one more is refused with `capacity`. Default 4,096. */
    readonly maxChannels?: number;
    /** Default 250. */
    readonly acceptDelayMs?: number;
    /** Default 2,000; 0 sends none. */
    readonly heartbeatIntervalMs?: number;
    readonly processCapBytes?: number;
  };

export type ServeOptions = {
  readonly group: string;
  /** Name of the NATS queue: a secret of the group. */
  readonly queue: string;
};
