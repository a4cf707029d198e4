import type { NatsConnection } from 'nats';
import type { Logger } from '#libs/telemetry';
import {
  ConnectorSelector,
  HEARTBEAT_WILDCARD,
  heartbeatConnectorId,
  natsTransport,
  parseHeartbeat,
  TunnelClient,
  type TunnelEvent,
} from '#libs/tunnel-protocol';
import { type HubPulse, watchPulse } from '../hub/hub-pulse.ts';

const LIVENESS_CHECK_MS = 250;
/** Two heartbeats missed and half a second: with the check, a connector that is gone is found within 5 s. */
const LOST_AFTER_MS = 4_500;

export type TenantTunnel = {
  readonly client: TunnelClient;
  /** Cancels what is open. Safe to call twice. */
  stop(): Promise<void>;
};

/**
 * The ingress end of one tenant's tunnel, with the presence of its connectors: channels of a connector that fell silent
 * are aborted at once, those of one that restarted or has a new link are probed. Requests go to the less busy connectors of a group.
 */
export function startTenantTunnel(
  nc: NatsConnection,
  ingressId: string,
  logger: Logger,
  pulse: HubPulse = watchPulse(nc, logger),
): TenantTunnel {
  const onError = (error: unknown) => logger.error('tunnel transport failed', { error });
  const transport = natsTransport(nc, { onError, pulse });
  const selector = new ConnectorSelector({ lostAfterMs: LOST_AFTER_MS });
  const client = new TunnelClient({ transport, ingressId, selector, onEvent: (event) => report(event, logger) });
  const heartbeats = nc.subscribe(HEARTBEAT_WILDCARD, {
    callback: (error, message) => {
      if (error) return logger.error('presence subscription failed', { error });
      const connectorId = heartbeatConnectorId(message.subject);
      const heartbeat = parseHeartbeat(message.data);
      if (connectorId === undefined || heartbeat === undefined) return;
      const observation = selector.observe(connectorId, heartbeat, performance.now());
      if (observation === 'restarted' || heartbeat.isRelinked === true) client.connectorRestarted(connectorId);
      else client.connectorSeen(connectorId);
      if (observation !== 'unchanged') logger.info('connector seen', { connectorId, observation });
    },
  });
  let checkedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // After a long pause of this process heartbeats wait in the socket: silence is judged at the next check.
    const wasPaused = now - checkedAt > 4 * LIVENESS_CHECK_MS;
    checkedAt = now;
    if (wasPaused || transport.isConnected?.() === false) return;
    for (const connectorId of selector.lost(now)) {
      const aborted = client.connectorLost(connectorId);
      logger.warn('connector lost', { connectorId, abortedChannels: aborted });
    }
  }, LIVENESS_CHECK_MS);
  return {
    client,
    stop: async () => {
      clearInterval(timer);
      pulse.stop();
      if (!heartbeats.isClosed()) heartbeats.unsubscribe();
      await client.stop();
    },
  };
}

function report(event: TunnelEvent, logger: Logger): void {
  if (event.type === 'callback-failed') logger.error('channel callback failed', { ...event });
  else logger.debug('tunnel event', { ...event });
}
