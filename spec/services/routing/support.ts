import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from 'nats';
import { type AppCommand, type AppView, type ConnectorView, changeApp, changeConnector, newId } from '#libs/contracts';
import { type EventStore, ensureEventStream, JetstreamEventStore } from '#libs/events';
import { callEndpoint } from '#libs/messaging';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { routingConfig } from '../../../services/routing/src/config.ts';
import { ROUTING_AGGREGATES } from '../../../services/routing/src/ports.ts';
import { startRouting } from '../../../services/routing/src/service.ts';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';

export const TENANT = 'main';
export const OPERATOR = { kind: 'local-operator', id: 'local-operator', name: 'spec' } as const;
export const silent = createLogger({ service: 'routing', write: () => undefined });

/** Routing over a real nats-server with JetStream, and a caller beside it. */
export type RoutingWorld = {
  readonly nats: RunningNatsServer;
  /** A client of its own, as other services have. */
  readonly caller: NatsConnection;
  readonly store: EventStore;
  readonly keyDirectory: string;
  app(command: AppCommand, more?: { expectedRevision?: number; commandId?: string }): Promise<AppView>;
  connector(
    command: Parameters<
      typeof callEndpoint<typeof changeConnector.request, typeof changeConnector.reply>
    >[3]['command'],
  ): Promise<ConnectorView>;
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export async function startRoutingWorld(): Promise<RoutingWorld> {
  const nats = await startNatsServer({ jetstream: true });
  const keyDirectory = mkdtempSync(join(tmpdir(), 'sallyport-routing-'));
  const caller = await connectTo(nats);
  const jsm = await jetstreamManager(caller);
  await ensureEventStream(jsm);
  const store = new JetstreamEventStore({ js: jetstream(caller), jsm, types: ROUTING_AGGREGATES });
  let routing = await startOne(nats, keyDirectory);
  const request = (more: { expectedRevision?: number; commandId?: string } = {}) => ({
    commandId: newId('cmd'),
    correlationId: newId('req'),
    actor: OPERATOR,
    ...more,
  });
  return {
    nats,
    caller,
    store,
    keyDirectory,
    app: async (command, more) => (await callEndpoint(caller, TENANT, changeApp, { ...request(more), command })).app,
    connector: async (command) =>
      (await callEndpoint(caller, TENANT, changeConnector, { ...request(), command })).connector,
    restart: async () => {
      await routing.drain();
      await routing.stop();
      routing = await startOne(nats, keyDirectory);
    },
    stop: async () => {
      await routing.stop();
      await caller.close();
      await nats.stop();
      rmSync(keyDirectory, { recursive: true, force: true });
    },
  };
}

function connectTo(nats: RunningNatsServer): Promise<NatsConnection> {
  return connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
}

async function startOne(nats: RunningNatsServer, keyDirectory: string): Promise<RunningService> {
  const [backbone, core, tenant] = await Promise.all([1, 2, 3].map(() => connectTo(nats)));
  if (!backbone || !core || !tenant) throw new Error('three connections were opened');
  const store = new JetstreamEventStore({
    js: jetstream(core),
    jsm: await jetstreamManager(core),
    types: ROUTING_AGGREGATES,
  });
  const config = routingConfig.parse({
    tenant: TENANT,
    broker: { servers: [nats.url], caFile: 'unused' },
    credentials: { backbone: 'unused', core: 'unused', tenant: 'unused' },
    keyDirectory,
  });
  const close = async () => {
    await Promise.all([backbone.close(), core.close(), tenant.close()]);
  };
  return startRouting(config, { logger: silent }, { backbone, tenant, store, close });
}

/** Waits for a condition, looked at every 10 ms. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, deadlineMs = 8_000): Promise<T> {
  for (const end = Date.now() + deadlineMs; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end) throw new Error(`condition did not come true in ${deadlineMs} ms`);
  }
}
