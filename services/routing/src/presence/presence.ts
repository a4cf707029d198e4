import type { NatsConnection } from 'nats';
import { connectorPresenceAggregate, newId } from '#libs/contracts';
import { getEntry, valuesOf } from '../layered-map.ts';
import { execute, type RoutingContext } from '../routing-context.ts';
import { connectorPresenceDecider } from './connector-presence.decide.ts';
import { receiveHeartbeats } from './heartbeat-receiver.ts';
import { createPresenceLeases, type PresenceLeases, type PresenceTransition } from './presence-lease.ts';
import { createPresenceRecorder } from './presence-recorder.ts';

export type Presence = { readonly leases: PresenceLeases; stop(): Promise<void> };

/** Heartbeats to leases to facts. Connectors that facts call online get one lease time to show themselves. */
export function startPresence(context: RoutingContext, tenantConnection: NatsConnection): Presence {
  const recorder = createPresenceRecorder({
    write: (transition) => writeTransition(context, transition),
    logger: context.logger,
  });
  const leases = createPresenceLeases({ now: context.now, onTransition: (transition) => recorder.record(transition) });
  const { connectors, online } = context.readModel.view();
  for (const { id, state } of valuesOf(online)) {
    const isLive = getEntry(connectors, id) !== undefined;
    if (state.status === 'online' && isLive) leases.presume(id, state.instanceId);
  }
  const receiver = receiveHeartbeats(tenantConnection, {
    leases,
    isKnown: (connectorId) => {
      const status = getEntry(context.readModel.view().connectors, connectorId)?.state.status;
      return status === 'pending' || status === 'active';
    },
  });
  return {
    leases,
    stop: async () => {
      receiver.stop();
      await recorder.stop();
    },
  };
}

async function writeTransition(context: RoutingContext, transition: PresenceTransition): Promise<void> {
  const { connectorId, instanceId } = transition;
  const request = {
    commandId: newId('cmd'),
    correlationId: newId('req'),
    actor: { kind: 'system', id: 'routing' },
  } as const;
  await execute(context, request, {
    type: connectorPresenceAggregate,
    id: connectorId,
    decider: connectorPresenceDecider,
    command:
      transition.to === 'online'
        ? { type: 'ReportOnline', instanceId }
        : { type: 'ReportOffline', instanceId, reason: transition.reason },
  });
}
