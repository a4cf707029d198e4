import type { NatsConnection } from 'nats';
import { HEARTBEAT_WILDCARD, heartbeatConnectorId, parseHeartbeat } from '#libs/tunnel-protocol';
import { LEASE_SWEEP_MS } from '../limits.ts';
import type { PresenceLeases } from './presence-lease.ts';

/**
 * Feeds heartbeats of the tenant's connectors to their leases. The subject's last token is the connector's id: the hub
 * lets a connector publish under its own id only. Beats of unknown connectors and unreadable ones are dropped.
 */
export function receiveHeartbeats(
  nc: NatsConnection,
  options: {
    readonly leases: PresenceLeases;
    readonly isKnown: (connectorId: string) => boolean;
    readonly sweepMs?: number;
  },
): { stop(): void } {
  const { leases, isKnown } = options;
  let isConnected = true;
  const subscription = nc.subscribe(HEARTBEAT_WILDCARD, {
    callback: (error, msg) => {
      if (error) return;
      const connectorId = heartbeatConnectorId(msg.subject);
      const heartbeat = parseHeartbeat(msg.data);
      if (connectorId !== undefined && heartbeat !== undefined && isKnown(connectorId))
        leases.renew(connectorId, heartbeat);
    },
  });
  const sweeper = setInterval(() => {
    if (isConnected) leases.sweep();
  }, options.sweepMs ?? LEASE_SWEEP_MS);
  const watch = async () => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') isConnected = false;
      if (status.type !== 'reconnect') continue;
      leases.renewAll();
      isConnected = true;
    }
  };
  // The iterator ends with the connection; nothing else makes it fail.
  void watch().catch(() => undefined);
  return {
    stop: () => {
      clearInterval(sweeper);
      subscription.unsubscribe();
    },
  };
}
