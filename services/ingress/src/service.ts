import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { newId } from '#libs/contracts';
import { connectBroker } from '#libs/messaging';
import { createPageFields } from '#libs/pages';
import type { RunningService, ServiceContext } from '#libs/service-host';
import type { Logger } from '#libs/telemetry';
import type { CertificateStore } from './certificates/certificate-store.ts';
import { startCertificates } from './certificates/start-certificates.ts';
import type { IngressConfig } from './config.ts';
import { createCounters } from './counters.ts';
import { readCertificate, type TlsSettings, watchCertificate } from './listener/certificate-files.ts';
import { createClientAddressReader } from './listener/client-address.ts';
import { type HttpsListener, startHttpsListener } from './listener/https-listener.ts';
import { RequestIds } from './listener/request-ids.ts';
import { OpenSockets } from './pipeline/open-sockets.ts';
import type { IngressServices, TenantServices } from './pipeline/services.ts';
import { StallWatch } from './pipeline/stall-watch.ts';
import { RecordBudget } from './records/record-budget.ts';
import { type RunningTenant, startTenant } from './tenant.ts';

const DRAIN_POLL_MS = 20;
/** WebSockets are told to go within this time, or within this part of a drain when that is shorter. */
const GOING_AWAY_MS = 5_000;
const GOING_AWAY_PART = 1 / 5;
/** Records are flushed for at most this long at a drain, whatever audit does. */
const FLUSH_LIMIT_MS = 4_000;

/** Connections made elsewhere, for specs; `stop` leaves them open. */
export type IngressPorts = {
  readonly backbone: NatsConnection;
  readonly account: (tenant: string) => NatsConnection;
};

export type RunningIngress = RunningService & { readonly port: number; readonly services: IngressServices };

/**
 * Starts the ingress: hub connections, the app directory of every tenant, then the listener.
 * Errors: ERR_INGRESS_CERTIFICATE, ERR_INGRESS_PORT_IN_USE, ERR_INGRESS_PORT_DENIED, ERR_INGRESS_TRUSTED_PROXY,
 * ERR_MESSAGING_CONNECT, ERR_MESSAGING_CREDENTIALS.
 */
export async function startIngress(
  config: IngressConfig,
  context: ServiceContext,
  ports?: IngressPorts,
): Promise<RunningIngress> {
  const { logger } = context;
  const tls = await readCertificate(config.tls);
  const readClientAddress = createClientAddressReader(config.trustedProxies);
  const connections: NatsConnection[] = [];
  const closeAll = () => Promise.all(connections.map((connection) => connection.close()));
  try {
    return await startWith(
      config,
      logger,
      tls,
      readClientAddress,
      ports ?? (await connectAll(config, logger, connections)),
      closeAll,
    );
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function startWith(
  config: IngressConfig,
  logger: Logger,
  tls: Awaited<ReturnType<typeof readCertificate>>,
  readClientAddress: IngressServices['readClientAddress'],
  ports: IngressPorts,
  closeConnections: () => Promise<unknown>,
): Promise<RunningIngress> {
  const ingressId = config.ingressId ?? newId('ing');
  const budget = new RecordBudget(config.limits.maxAccessRecords);
  const tenants = config.tenants.map(({ tenant }) =>
    startTenant({
      tenant,
      backbone: ports.backbone,
      account: ports.account(tenant),
      ingressId,
      limits: config.limits,
      budget,
      logger,
    }),
  );
  const state = { isDraining: false, publicPort: config.publicPort ?? config.port };
  const services = createServices(config, tenants, { ingressId, budget, readClientAddress, logger, state });
  let listener: HttpsListener;
  const certificates = await startCertificates({
    config,
    directories: tenants.map((tenant) => tenant.services.directory),
    ownHosts: [services.signInHost, services.portalHost],
    logger,
  });
  try {
    await waitForDirectories(tenants, config.limits.directoryWaitMs, logger);
    listener = await startHttpsListener({
      host: config.host,
      port: config.port,
      tls: certificates === undefined ? tls : withNames(tls, certificates.store),
      services,
      ...(certificates?.challenges === undefined ? {} : { challenges: certificates.challenges }),
    });
  } catch (error) {
    await certificates?.stop();
    await Promise.all(tenants.map((tenant) => tenant.stop()));
    throw error;
  }
  state.publicPort = config.publicPort ?? listener.port;
  certificates?.startOrders();
  const certificate = watchCertificate(listener, config.tls, logger);
  return {
    port: listener.port,
    services,
    ready: { port: listener.port, host: config.host, ingressId, portalUrl: `${services.portalOrigin}/` },
    drain: () => drain(services, listener, tenants, state),
    stop: async () => {
      certificate.stop();
      await certificates?.stop();
      services.openSockets.stop();
      listener.close();
      listener.destroy();
      await Promise.all(tenants.map((tenant) => tenant.stop()));
      await closeConnections();
    },
  };
}

function withNames(tls: TlsSettings, certificates: CertificateStore): TlsSettings {
  return { ...tls, SNICallback: (servername, done) => done(null, certificates.secureContextFor(servername)) };
}

function createServices(
  config: IngressConfig,
  tenants: readonly RunningTenant[],
  parts: {
    readonly ingressId: string;
    readonly budget: RecordBudget;
    readonly readClientAddress: IngressServices['readClientAddress'];
    readonly logger: Logger;
    readonly state: { readonly isDraining: boolean; readonly publicPort: number };
  },
): IngressServices {
  const portalHost = config.portalHost ?? `portal.${config.domain}`;
  const [first, ...rest] = tenants.map((tenant) => tenant.services);
  return {
    ingressId: parts.ingressId,
    tenants: [first as TenantServices, ...rest],
    limits: config.limits,
    signInHost: config.signInHost ?? `login.${config.domain}`,
    portalHost,
    frontDoorHosts: config.domain.endsWith('.localhost') ? [config.domain, 'localhost'] : [config.domain],
    get portalOrigin() {
      const { publicPort } = parts.state;
      return publicPort === 443 ? `https://${portalHost}` : `https://${portalHost}:${publicPort}`;
    },
    pageFields: createPageFields(),
    ids: new RequestIds(),
    readClientAddress: parts.readClientAddress,
    recordBudget: parts.budget,
    stallWatch: new StallWatch(
      config.limits.bodyIdleTimeoutMs,
      Math.min(config.limits.bodyIdleTimeoutMs, config.limits.bodyGraceMs),
    ),
    openSockets: new OpenSockets(),
    counters: createCounters(),
    logger: parts.logger,
    isDraining: () => parts.state.isDraining,
  };
}

async function connectAll(config: IngressConfig, logger: Logger, opened: NatsConnection[]): Promise<IngressPorts> {
  const open = async (credsFile: string, name: string) => {
    const connection = await connectBroker({
      access: config.broker,
      credsFile,
      name,
      inboxPrefix: '_INBOX_ingress',
      logger,
    });
    opened.push(connection);
    return connection;
  };
  const backbone = await open(config.credentials.backbone, 'ingress');
  const accounts = new Map<string, NatsConnection>();
  for (const { tenant, credsFile } of config.tenants) accounts.set(tenant, await open(credsFile, `ingress-${tenant}`));
  return { backbone, account: (tenant) => accounts.get(tenant) ?? backbone };
}

async function waitForDirectories(tenants: readonly RunningTenant[], waitMs: number, logger: Logger): Promise<void> {
  const limit = new AbortController();
  const timer = delay(waitMs, 'late' as const, { signal: limit.signal }).catch(() => 'late' as const);
  const loaded = Promise.all(tenants.map((tenant) => tenant.whenDirectoryLoaded)).then(() => 'loaded' as const);
  const outcome = await Promise.race([loaded, timer]);
  limit.abort();
  if (outcome === 'late') logger.warn('started without the app directory', { waitedMs: waitMs });
}

async function drain(
  services: IngressServices,
  listener: HttpsListener,
  tenants: readonly RunningTenant[],
  state: { isDraining: boolean },
): Promise<void> {
  if (state.isDraining) return;
  state.isDraining = true;
  const { logger, counters, limits } = services;
  listener.close();
  services.openSockets.goAway(Math.min(GOING_AWAY_MS, limits.drainMs * GOING_AWAY_PART));
  const deadline = performance.now() + limits.drainMs;
  while (listener.openConnections() > 0 && performance.now() < deadline) {
    await delay(DRAIN_POLL_MS);
    listener.closeIdle();
  }
  if (listener.openConnections() > 0) logger.warn('requests cut at drain', { connections: listener.openConnections() });
  listener.destroy();
  const flushed = Promise.all(tenants.map((tenant) => tenant.flushRecords())).then(() => true);
  const limit = new AbortController();
  const isFlushed = await Promise.race([
    flushed,
    delay(FLUSH_LIMIT_MS, false, { signal: limit.signal }).catch(() => false),
  ]);
  limit.abort();
  logger.info('drained', { ...counters, recordsStored: isFlushed });
}
