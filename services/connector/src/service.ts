import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import type { ConnectorConfiguration } from '#libs/contracts';
import type { RunningService, ServiceContext } from '#libs/service-host';
import type { Logger } from '#libs/telemetry';
import {
  downSubject,
  encodeHeartbeat,
  heartbeatSubject,
  natsTransport,
  type TunnelEvent,
  TunnelServer,
} from '#libs/tunnel-protocol';
import { type ConfigReceiver, startConfigReceiver } from './config-receiver.ts';
import { createKerberos, type Kerberos } from './origins/kerberos/kerberos.ts';
import { createOriginTable, type OriginTable } from './origins/origin-table.ts';
import {
  MAX_CONCURRENT_REQUESTS,
  MAX_HELD_REQUESTS,
  type OriginServer,
  serveOrigins,
} from './origins/serve-origins.ts';
import type { StatePaths } from './state-directory.ts';
import { lockState } from './state-lock.ts';
import type { findNatsServer } from './supervisor/find-nats-server.ts';
import { type HubLinkWatch, watchHubLink } from './supervisor/hub-link-watch.ts';
import { startLeafSupervisor } from './supervisor/leaf-supervisor.ts';
import { type CheckedState, runStartupChecks } from './supervisor/startup-checks.ts';
import { createGroupMembership, type Group } from './tunnel/group-membership.ts';
import { connectLocally } from './tunnel/local-connection.ts';

/** How long a start waits for the hub before it says ready without it; the leaf goes on trying. */
export const HUB_WAIT_MS = 10_000;
/** Time given to the subscriptions to travel from the leaf to the hub, which does not say when it has them. */
export const SETTLE_MS = 100;
/** How long the connection to a leaf that is linked again may take to come back, before nobody is told. */
const RELINK_WAIT_MS = 5_000;
/** How long a drain waits for running requests. Below the 30 s after which the service host gives up. */
export const DRAIN_WAIT_MS = 20_000;

export type ConnectorOptions = {
  readonly paths: StatePaths;
  readonly platform: NodeJS.Platform;
  readonly natsServer: Parameters<typeof findNatsServer>[0];
  /** Of this process; a few variables of it reach the Kerberos ticket process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends a process by its id, whatever it takes; must not throw. */
  endProcess(pid: number): void;
};

/** Checks, pulls its configuration, starts its leaf, and answers requests of its group until drained. */
export async function startConnector(options: ConnectorOptions, context: ServiceContext): Promise<RunningService> {
  const { logger } = context;
  const checked = await runStartupChecks({
    paths: options.paths,
    natsServer: options.natsServer,
    now: new Date(),
    logger,
  });
  const connector = new Connector(options, checked, logger);
  try {
    await connector.start();
    return connector;
  } catch (error) {
    await connector.stop();
    throw error;
  }
}

class Connector implements RunningService {
  readonly #options: ConnectorOptions;
  readonly #checked: CheckedState;
  readonly #logger: Logger;
  readonly #origins: OriginServer;
  readonly #kerberos: Kerberos;
  readonly #closers: (() => Promise<unknown>)[] = [];
  #table: OriginTable = new Map();
  #receiver: ConfigReceiver | undefined;
  #link: HubLinkWatch | undefined;
  #tunnel: { readonly server: TunnelServer; join(group: Group | undefined): void } | undefined;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ConnectorOptions, checked: CheckedState, logger: Logger) {
    this.#options = options;
    this.#checked = checked;
    this.#logger = logger;
    this.#kerberos = createKerberos({
      secretsFolder: options.paths.originSecrets,
      environment: options.environment,
      trust: () => this.#receiver?.current?.assertions ?? null,
      logger,
    });
    this.#origins = serveOrigins({
      table: () => this.#table,
      logger,
      authorize: this.#kerberos.authorize,
      trust: checked.originTrust,
      secretsFolder: options.paths.originSecrets,
      onUnknownApp: () => this.#receiver?.refresh() ?? Promise.resolve(),
    });
  }

  get ready(): Readonly<Record<string, unknown>> {
    const { connectorId, name } = this.#checked.identity;
    const current = this.#receiver?.current;
    return {
      connectorId,
      name,
      status: current?.status ?? 'unknown',
      connectorGroupId: current?.connectorGroupId ?? null,
      configurationVersion: current?.version ?? null,
      isLinked: this.#link?.isUp ?? false,
    };
  }

  /** Each part registers how it is let go of, so that a failed start leaves nothing behind. */
  async start(): Promise<void> {
    this.#closers.push(await lockState(this.#options.paths.directory, this.#options.platform));
    const { identity, certificate, privateKey, trust, savedConfiguration, natsServer } = this.#checked;
    const { paths } = this.#options;
    const { connectorId, leafAddresses } = identity;
    this.#receiver = await startConfigReceiver({
      connectorId,
      url: identity.configurationUrl,
      trust,
      identity: { certificate, privateKey },
      file: paths.configuration,
      saved: savedConfiguration,
      logger: this.#logger,
      onConfiguration: (configuration) => this.#apply(configuration),
    });
    this.#closers.push(() => this.#receiver?.stop() ?? Promise.resolve());
    const connections: NatsConnection[] = [];
    const leaf = await startLeafSupervisor({
      binary: natsServer.path,
      paths,
      connectorId,
      leafAddresses,
      logger: this.#logger,
      endProcess: (pid) => this.#options.endProcess(pid),
      onRestarted: (port) => {
        for (const connection of connections) connection.setServers([`127.0.0.1:${port}`]);
      },
    });
    this.#closers.push(() => leaf.stop());
    const system = await connectLocally({ port: leaf.port, user: 'system', password: leaf.systemPassword });
    this.#closers.push(() => system.close());
    const local = await connectLocally({ port: leaf.port, user: 'connector', password: leaf.password });
    this.#closers.push(() => local.close());
    connections.push(system, local);
    const transport = natsTransport(local, { onError: (error) => this.#logger.warn('tunnel transport', { error }) });
    const link = watchHubLink({
      connection: system,
      logger: this.#logger,
      onRelinked: () => void this.#tellRelinked(local, transport),
    });
    this.#link = link;
    this.#closers.push(() => link.stop());
    this.#openTunnel(transport);
    if (this.#receiver.current) this.#apply(this.#receiver.current);
    if (await link.whenUp(HUB_WAIT_MS)) {
      await local.flush();
      await delay(SETTLE_MS);
    } else this.#logger.warn('started without its hub: no request arrives until the link is up', { leafAddresses });
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drainNow();
    return this.#drained;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopNow();
    return this.#stopped;
  }

  #openTunnel(transport: ReturnType<typeof natsTransport>): void {
    const { connectorId } = this.#checked.identity;
    const membership = createGroupMembership(transport);
    const server = new TunnelServer({
      transport: membership.transport,
      connectorId,
      // Above the cap on calls, which says more when it refuses.
      maxChannels: MAX_CONCURRENT_REQUESTS + MAX_HELD_REQUESTS + 1,
      onRequest: this.#origins.onRequest,
      onEvent: (event) => this.#report(event),
    });
    // Routing says that something changed; what, is only ever learned over mutual TLS.
    transport.subscribe(downSubject(connectorId, 'routing', 'config'), {}, () => void this.#receiver?.refresh());
    this.#tunnel = { server, join: (group) => membership.change(server, group) };
    this.#closers.push(() => server.stop());
  }

  /** What was under way is lost: the ingresses ask at once which of our requests that concerns. */
  async #tellRelinked(local: NatsConnection, transport: ReturnType<typeof natsTransport>): Promise<void> {
    const deadline = performance.now() + RELINK_WAIT_MS;
    do await delay(SETTLE_MS);
    while (transport.isConnected?.() === false && performance.now() < deadline);
    const server = this.#tunnel?.server;
    if (server === undefined || this.#stopped !== undefined || local.isClosed()) return;
    const heartbeat = encodeHeartbeat({
      instanceId: server.instanceId,
      sentAt: new Date().toISOString(),
      openChannels: server.openChannels,
      isDraining: server.isDraining,
      isRelinked: true,
    });
    local.publish(heartbeatSubject(this.#checked.identity.connectorId), heartbeat);
  }

  #apply(configuration: ConnectorConfiguration): void {
    const { status, connectorGroupId, queue } = configuration;
    const isServing = status === 'active' && connectorGroupId !== null && queue !== null;
    this.#table = isServing ? createOriginTable(configuration.apps) : new Map();
    if (isServing && configuration.apps.some(({ kerberos }) => kerberos !== null)) this.#kerberos.prepare();
    const group = isServing && !this.#drained ? { group: connectorGroupId, queue } : undefined;
    this.#tunnel?.join(group);
    if (status === 'pending') this.#logger.warn('waiting: an administrator must assign this connector to a group');
    if (status === 'revoked') this.#logger.error('this connector is revoked and serves nothing');
  }

  #report(event: TunnelEvent): void {
    if (event.type === 'callback-failed') this.#logger.error('tunnel callback failed', { ...event });
    else if (event.type === 'channel-aborted') this.#logger.warn('tunnel channel aborted', { ...event });
    else this.#logger.debug('tunnel event', { ...event });
  }

  /** Leaves the queue first, so that nothing new arrives, then lets the running requests end. */
  async #drainNow(): Promise<void> {
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_WAIT_MS).unref());
    await Promise.race([this.#tunnel?.server.drain() ?? Promise.resolve(), deadline]);
    await this.#origins.drain(0);
    if (this.#origins.active > 0)
      this.#logger.warn('requests cut by the end of drain', { count: this.#origins.active });
  }

  async #stopNow(): Promise<void> {
    this.#drained ??= Promise.resolve();
    await this.#origins.stop();
    await this.#kerberos.stop();
    for (const close of this.#closers.reverse()) {
      await close().catch((error: unknown) => this.#logger.warn('part did not stop cleanly', { error }));
    }
  }
}
