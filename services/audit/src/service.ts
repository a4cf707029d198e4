import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { accessRecords, auditEvents, decision, EVENT_TYPES, recordAccess, replay } from '#libs/contracts';
import { openEventStore } from '#libs/events';
import { connectAccounts, serveEndpoint } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import { AccessTrail } from './access/access-trail.ts';
import { type AuditConfig, auditConfig } from './config.ts';
import { explainDecision } from './decisions/explain-decision.ts';
import { readEvents } from './events/events-reader.ts';
import { EventsWaiter } from './events/events-waiter.ts';
import { replayAt } from './replay/replay-runner.ts';
import { TrailWriter } from './trail/trail-writer.ts';

/** A replay reads the whole history; so many at once, the others are refused and may try again. */
const MAX_CONCURRENT_REPLAYS = 2;
const MAX_WAITING_READERS = 500;

export async function startAudit(config: AuditConfig, { logger }: ServiceContext): Promise<RunningService> {
  const { broker: access, tenant, credentials } = config;
  const { connections, close } = await connectAccounts({ service: 'audit', access, credentials, logger });
  const { backbone, core } = connections;
  const [js, jsm] = [jetstream(core), await jetstreamManager(core, { checkAPI: false })];
  const store = await openEventStore(core, EVENT_TYPES);
  const trail = new TrailWriter({ tenant, js, jsm, store, logger });
  const accessTrail = new AccessTrail(tenant, js, jsm);
  const waiter = new EventsWaiter();
  await Promise.all([trail.start(), waiter.start(store, tenant, logger)]);
  const serve = { queue: 'audit', logger };
  const served = [
    serveEndpoint(
      backbone,
      tenant,
      recordAccess,
      async ({ ingressId, batchId }, bytes) => ({ position: await accessTrail.record(ingressId, batchId, bytes) }),
      serve,
    ),
    serveEndpoint(backbone, tenant, accessRecords, (query) => accessTrail.read(query), serve),
    serveEndpoint(backbone, tenant, replay, ({ at }) => replayAt(store, tenant, at).then(writable), {
      ...serve,
      maxConcurrent: MAX_CONCURRENT_REPLAYS,
    }),
    serveEndpoint(backbone, tenant, decision, ({ decisionId }) => explainDecision(store, tenant, decisionId), serve),
    serveEndpoint(
      backbone,
      tenant,
      auditEvents,
      async ({ after, limit, types, waitMs }) => {
        await waiter.waitBehind(after, waitMs ?? 0);
        return readEvents(store, tenant, { after, limit, types });
      },
      { ...serve, maxConcurrent: MAX_WAITING_READERS },
    ),
  ];
  // Ready means that the hub knows the subscriptions.
  await backbone.flush();
  return {
    drain: async () => {
      await waiter.stop();
      await Promise.all(served.map((endpoint) => endpoint.drain()));
    },
    stop: async () => {
      await Promise.all([waiter.stop(), trail.stop()]);
      await close();
    },
  };
}

function writable(state: Awaited<ReturnType<typeof replayAt>>) {
  return {
    ...state,
    apps: [...state.apps],
    connectorGroups: [...state.connectorGroups],
    connectors: [...state.connectors],
    sessions: [...state.sessions],
  };
}

export const audit: ServiceDefinition<AuditConfig> = { name: 'audit', config: auditConfig, start: startAudit };
