import { LOST_AFTER_MS } from '#libs/tunnel-protocol';
import { MAX_CONNECTORS } from '../limits.ts';

export type PresenceTransition = { readonly connectorId: string; readonly instanceId: string } & (
  | { readonly to: 'online' }
  | { readonly to: 'offline'; readonly reason: 'drained' | 'silent' }
);

type Lease = { instanceId: string; renewedAtMs: number; lastSeenAt: string | null; isOnline: boolean };

export type PresenceLeasesOptions = {
  readonly now: () => number;
  readonly onTransition: (transition: PresenceTransition) => void;
  /** Milliseconds of silence after which a connector counts as offline. Default 5000. */
  readonly lostAfterMs?: number;
  /** Connectors remembered. A beat of one more is ignored until another lease is forgotten. Default 2000. */
  readonly maxLeases?: number;
};

/** Liveness of connectors, derived from their heartbeats. Lives in memory; only transitions become facts. */
export type PresenceLeases = {
  /** A heartbeat, or (draining) the orderly good-bye. */
  renew(connectorId: string, beat: { readonly instanceId: string; readonly isDraining: boolean }): void;
  /** A connector that facts call online, before anything was heard of it: it has one lease time to show itself. */
  presume(connectorId: string, instanceId: string): void;
  /** Ends leases that ran out. */
  sweep(): void;
  /** Starts every running lease anew: after this service itself was cut off, silence proves nothing. */
  renewAll(): void;
  isOnline(connectorId: string): boolean;
  /** ISO-8601 UTC of the last beat this process heard; null when none. */
  lastSeenAt(connectorId: string): string | null;
};

export function createPresenceLeases(options: PresenceLeasesOptions): PresenceLeases {
  const { now, onTransition, lostAfterMs = LOST_AFTER_MS, maxLeases = 2 * MAX_CONNECTORS } = options;
  const leases = new Map<string, Lease>();

  const goOffline = (connectorId: string, lease: Lease, reason: 'drained' | 'silent') => {
    lease.isOnline = false;
    onTransition({ connectorId, instanceId: lease.instanceId, to: 'offline', reason });
  };
  const renew: PresenceLeases['renew'] = (connectorId, { instanceId, isDraining }) => {
    const known = leases.get(connectorId);
    if (isDraining) {
      if (known?.isOnline && known.instanceId === instanceId) goOffline(connectorId, known, 'drained');
      return;
    }
    if (known === undefined && leases.size >= maxLeases) forgetOneOffline(leases);
    if (known === undefined && leases.size >= maxLeases) return;
    const isNew = !known?.isOnline || known.instanceId !== instanceId;
    const atMs = now();
    leases.set(connectorId, {
      instanceId,
      renewedAtMs: atMs,
      lastSeenAt: new Date(atMs).toISOString(),
      isOnline: true,
    });
    if (isNew) onTransition({ connectorId, instanceId, to: 'online' });
  };
  return {
    renew,
    presume: (connectorId, instanceId) => {
      if (leases.has(connectorId) || leases.size >= maxLeases) return;
      leases.set(connectorId, { instanceId, renewedAtMs: now(), lastSeenAt: null, isOnline: true });
    },
    sweep: () => {
      const lostBefore = now() - lostAfterMs;
      for (const [connectorId, lease] of leases)
        if (lease.isOnline && lease.renewedAtMs <= lostBefore) goOffline(connectorId, lease, 'silent');
    },
    renewAll: () => {
      for (const lease of leases.values()) lease.renewedAtMs = now();
    },
    isOnline: (connectorId) => leases.get(connectorId)?.isOnline ?? false,
    lastSeenAt: (connectorId) => leases.get(connectorId)?.lastSeenAt ?? null,
  };
}

function forgetOneOffline(leases: Map<string, Lease>): void {
  for (const [connectorId, lease] of leases) {
    if (lease.isOnline) continue;
    leases.delete(connectorId);
    return;
  }
}
