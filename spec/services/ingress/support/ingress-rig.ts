import { mkdtempSync, rmSync } from 'node:fs';
import { type Agent, Agent as HttpsAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import {
  type AccessRecord,
  type AppView,
  appDirectory,
  apps as appsEndpoint,
  connectorGroupId,
  recordAccess,
  SETTINGS_SINCE_V2,
} from '#libs/contracts';
import { publishFeed, serveEndpoint } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import { natsTransport, type OnRequest, TunnelServer } from '#libs/tunnel-protocol';
import { ingressConfig } from '../../../../services/ingress/src/config.ts';
import { type RunningIngress, startIngress } from '../../../../services/ingress/src/service.ts';
import { type RunningNatsServer, startNatsServer } from '../../../support/nats-server.ts';
import { writeTlsCertificate } from '../../../support/tls-certificate.ts';
import { until } from '../../../support/until.ts';
import { type FakeAuth, serveFakeAuth } from './fake-auth.ts';

export const TENANT = 'default';
export const DOMAIN = 'sallyport.localhost';
export const GROUP = connectorGroupId.parse('grp_test');

export type RigOptions = {
  readonly apps?: readonly AppView[];
  /** Options of the ingress besides those the rig sets. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The connector's side; default answers 200 with the path. */
  readonly onRequest?: OnRequest;
  /** False starts no fake of that service. Default true. */
  readonly auth?: boolean;
  readonly routing?: boolean;
  readonly audit?: boolean;
};

export type IngressRig = {
  readonly ingress: RunningIngress;
  readonly port: number;
  readonly ca: string;
  readonly agent: Agent;
  readonly nats: RunningNatsServer;
  /** A connection to speak for other services. */
  readonly services: NatsConnection;
  readonly connector: TunnelServer;
  readonly auth: FakeAuth;
  readonly records: readonly AccessRecord[];
  readonly log: readonly Record<string, unknown>[];
  /** Changes what the connector does from now on. */
  serve(onRequest: OnRequest): void;
  /** Publishes a change of the directory and waits until the ingress has it. */
  putApp(app: AppView): Promise<void>;
  recordOf(requestId: string | undefined): Promise<AccessRecord>;
  /** Closes the connector's connection under it, as a dead host would. */
  cutConnector(): Promise<void>;
  stop(): Promise<void>;
};

/** An app view with everything usual; `https://<name>.<domain>/` to `http://origin.internal/`. */
export function appView(name: string, changes: Partial<AppView> = {}): AppView {
  return {
    id: `app_${name}`,
    ...SETTINGS_SINCE_V2,
    revision: 1,
    status: 'published',
    users: [],
    groups: [],
    roles: [],
    name,
    internalUrl: 'http://origin.internal/',
    externalUrl: `https://${name}.${DOMAIN}/`,
    preauthentication: 'passthrough',
    connectorGroupId: GROUP,
    backendTimeoutSeconds: 85,
    cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
    translateHeaders: true,
    validateBackendCertificate: true,
    ...changes,
  };
}

/** A real hub, a real ingress and a real tunnel; auth, routing and audit are faked on the typed contract. */
export async function startIngressRig(options: RigOptions = {}): Promise<IngressRig> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ingress-'));
  const nats = await startNatsServer();
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({ service: 'ingress', write: (line) => log.push(JSON.parse(line)) });
  const connections: NatsConnection[] = [];
  const open = async (name: string) => {
    const connection = await connect({
      servers: nats.url,
      name,
      noAsyncTraces: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    connections.push(connection);
    return connection;
  };
  const services = await open('services');
  const directory = serveFakeRouting(
    services,
    options.routing === false ? undefined : [...(options.apps ?? [])],
    logger,
  );
  const auth = serveFakeAuth(services, TENANT, logger, options.auth !== false);
  const records: AccessRecord[] = [];
  if (options.audit !== false) serveFakeAudit(services, records, logger);
  await services.flush();

  let onRequest: OnRequest = options.onRequest ?? answerPath;
  const connectorConnection = await open('connector');
  const connector = new TunnelServer({
    transport: natsTransport(connectorConnection),
    connectorId: 'con_test',
    onRequest: (exchange) => onRequest(exchange),
  });
  connector.serve({ group: GROUP, queue: 'secret' });

  const tls = await writeTlsCertificate(folder, [`*.${DOMAIN}`, DOMAIN]);
  const backbone = await open('ingress');
  const account = await open('ingress-account');
  const config = ingressConfig.parse({
    broker: { servers: ['127.0.0.1:4222'], caFile: '' },
    credentials: { backbone: '' },
    port: 0,
    tls,
    domain: DOMAIN,
    tenants: [{ tenant: TENANT, credsFile: '' }],
    ...options.config,
  });
  const stopRest = async () => {
    await connector.stop();
    await Promise.all(connections.map((connection) => connection.close()));
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  let ingress: RunningIngress;
  try {
    ingress = await startIngress(config, { logger }, { backbone, account: () => account });
  } catch (error) {
    await stopRest();
    throw error;
  }
  const agent = new HttpsAgent({ keepAlive: true, ca: tls.cert });
  return {
    ingress,
    port: ingress.port,
    ca: tls.cert,
    agent,
    nats,
    services,
    connector,
    auth,
    records,
    log,
    serve: (next) => {
      onRequest = next;
    },
    putApp: async (app) => {
      directory.put(app);
      await until(() => {
        const known = ingress.services.tenants[0].directory.getApp(app.id);
        return app.status === 'retired' ? known === undefined : known?.view.revision === app.revision;
      });
    },
    recordOf: async (requestId) => {
      await until(() => records.some((record) => record.requestId === requestId), { what: `record of ${requestId}` });
      return records.find((record) => record.requestId === requestId) as AccessRecord;
    },
    cutConnector: () => connectorConnection.close(),
    stop: async () => {
      agent.destroy();
      await ingress.drain();
      await ingress.stop();
      await stopRest();
    },
  };
}

const answerPath: OnRequest = (exchange) => {
  exchange.respondHead(200, ['Content-Type', 'text/plain']);
  exchange.write(Buffer.from(`${exchange.head.method} ${exchange.head.target}`));
  exchange.end();
  return { onCancel: () => undefined };
};

function serveFakeRouting(
  nc: NatsConnection,
  views: AppView[] | undefined,
  logger: ReturnType<typeof createLogger>,
): { put(app: AppView): void } {
  let position = 100;
  const known = views ?? [];
  if (views) {
    serveEndpoint(
      nc,
      TENANT,
      appsEndpoint,
      ({ after, limit }) => {
        const from = after === undefined ? 0 : known.findIndex((app) => app.id === after) + 1;
        const page = known.slice(from, from + (limit ?? 500));
        const isLast = from + page.length >= known.length;
        return { position, apps: page, next: isLast ? null : (page.at(-1)?.id ?? null) };
      },
      { queue: 'routing', logger },
    );
  }
  return {
    put: (app) => {
      const index = known.findIndex((it) => it.id === app.id);
      if (index < 0) known.push(app);
      else known[index] = app;
      const previousPosition = position;
      position += 1;
      publishFeed(nc, TENANT, appDirectory, { position, previousPosition, app });
    },
  };
}

function serveFakeAudit(nc: NatsConnection, records: AccessRecord[], logger: ReturnType<typeof createLogger>): void {
  const seen = new Set<string>();
  serveEndpoint(
    nc,
    TENANT,
    recordAccess,
    (batch) => {
      if (!seen.has(batch.batchId)) records.push(...batch.records);
      seen.add(batch.batchId);
      return { position: records.length };
    },
    { queue: 'audit', logger },
  );
}
