import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerLayout, ensureBrokerStreams, localServerNames, provisionBroker } from '#broker';
import { demoDirectory } from '#libs/demo-directory';
import { SallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import type { Announcement } from './announcement.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import type { DataDir } from './data-dir.ts';
import { announceApp, ensureConnectorRegistered, ensureSampleApps, findStatusPage, listApps } from './first-run.ts';
import { planHub, requireDurableHub } from './hub.ts';
import { recordProcesses } from './leftovers.ts';
import type { LauncherOptions } from './options.ts';
import { type Addresses, addressesOf, PARTNERS_ID, planServices, type SecretFiles, TENANT } from './plan.ts';
import { choosePorts, type Ports, withPartners } from './ports.ts';
import { createProbe, isHeardSince, isServing } from './reachable.ts';
import { ensureSecretFiles } from './secret-files.ts';
import { type ProcessExit, SupervisedProcess } from './supervised-process.ts';

export type LauncherInput = {
  readonly options: LauncherOptions;
  readonly isDefaultPort: boolean;
  readonly dataDir: DataDir;
  readonly natsServer: string;
  readonly nodePath: string;
  /** Folder of the compiled services. */
  readonly servicesDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
};

/** Processes through which request and response bytes flow: they keep V8's young generation. */
const BYTE_PATH: ReadonlySet<string> = new Set(['ingress', 'connector']);
/** The others are quiet most of the time: a young generation of 1 MB instead of 16 keeps each about 10 MB smaller. */
const SMALL_YOUNG_GENERATION: readonly string[] = ['--max-semi-space-size=1'];
/**
 * Garbage is collected by the thread that makes it. Helper threads shorten pauses on idle cores; with busy ones they cost
 * a fifth of all CPU for small requests and a third for transfers, whose buffers make V8 start one collection after the
 * other (docs/performance.md). V8 takes this on its command line only: switched while it runs, it ends the process.
 */
const ONE_THREAD_COLLECTS = '--single-threaded-gc';
/** The connector must be online and an app answer within this time after start. */
const REACHABLE_LIMIT_MS = 20_000;
const REACHABLE_POLL_MS = 50;

/**
 * The whole system on one machine: hub, services, embedded connector and sample apps as supervised processes. Stops in the
 * order in which work drains: ingress first, hub last.
 */
export class Launcher {
  readonly #input: LauncherInput;
  readonly #processes: SupervisedProcess[] = [];
  #api: ApiClient | undefined;
  #stopping: Promise<void> | undefined;
  #recording: Promise<void> = Promise.resolve();

  constructor(input: LauncherInput) {
    this.#input = input;
  }

  async start(): Promise<Announcement> {
    const { options, dataDir } = this.#input;
    const chosen = await choosePorts(dataDir.path, options.port, this.#input.isDefaultPort);
    const ports = options.hasSecondIdentityProvider ? await withPartners(dataDir.path, chosen) : chosen;
    const secrets = await ensureSecretFiles(dataDir.path);
    const layout = await this.#provision(ports);
    const addresses = addressesOf({ domain: options.domain, ports });
    await this.#startProcess(
      new SupervisedProcess(
        await planHub({ binary: this.#input.natsServer, layout, logDir: this.#logDir(), env: this.#input.env }),
        this.#report,
      ),
    );
    await requireDurableHub(layout);
    await ensureBrokerStreams(layout);
    await this.#startServices(ports, layout, secrets);
    await this.#writeCliFile(addresses, layout, secrets);
    this.#api = await createApiClient({
      apiUrl: addresses.apiUrl,
      caFile: layout.caFile,
      operatorKeyFile: secrets.operatorKeyFile,
    });
    const startedAt = new Date().toISOString();
    const connectorId = await this.#startConnector(addresses, layout);
    if (options.hasSampleApps) await ensureSampleApps(this.#api, ports);
    await this.#awaitReachable({ api: this.#api, addresses, layout, ports, connectorId, startedAt });
    return this.#announce(this.#api, addresses, layout);
  }

  /** Ingress, connector, services, hub. Safe to call twice and while starting. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Ends every process at once, without drain. */
  kill(): void {
    for (const one of this.#processes) one.kill();
  }

  async #stopAll(): Promise<void> {
    const first = ['ingress', 'connector'];
    for (const name of first) await this.#stopNamed((one) => one === name);
    await this.#stopNamed((one) => !first.includes(one) && one !== 'hub');
    await this.#stopNamed((one) => one === 'hub');
    await this.#api?.close();
    await this.#input.dataDir.release();
  }

  async #stopNamed(isWanted: (name: string) => boolean): Promise<void> {
    await Promise.all(this.#processes.filter(({ plan }) => isWanted(plan.name)).map((process) => process.stop()));
  }

  #provision(ports: Ports): Promise<BrokerLayout> {
    const { options, dataDir } = this.#input;
    return provisionBroker({
      dataDir: dataDir.path,
      tenant: TENANT,
      serverNames: localServerNames(options.domain),
      ports: { client: ports.hubClient, leaf: ports.hubLeaf, monitor: ports.hubMonitor },
      now: new Date(),
    });
  }

  async #startServices(ports: Ports, layout: BrokerLayout, secrets: SecretFiles): Promise<void> {
    const { domain, countryDatabase, hasSecondIdentityProvider } = this.#input.options;
    const plans = planServices({
      dataDir: this.#input.dataDir.path,
      domain,
      countryDatabase: countryDatabase === null ? null : resolve(countryDatabase),
      hasSecondIdentityProvider,
      ports,
      layout,
      secrets,
    });
    await Promise.all(
      plans.map(async ({ name, config, main }) => {
        const configFile = join(this.#input.dataDir.path, 'config', `${name}.json`);
        await writeFile(configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
        await this.#startNode(name, ['--config', configFile], main);
      }),
    );
  }

  async #startConnector(addresses: Addresses, layout: BrokerLayout): Promise<string> {
    const stateDir = join(this.#input.dataDir.path, 'connector');
    const { nodePath, env } = this.#input;
    await ensureConnectorRegistered({
      nodePath,
      connectorMain: this.#main('connector'),
      stateDir,
      caFile: layout.caFile,
      addresses,
      env,
    });
    const { connectorId } = await this.#startNode('connector', ['run', '--state-dir', stateDir]);
    return String(connectorId);
  }

  async #startNode(name: string, args: readonly string[], main = name): Promise<Readonly<Record<string, unknown>>> {
    const { nodePath, env } = this.#input;
    const plan = {
      name,
      command: nodePath,
      args: [
        ONE_THREAD_COLLECTS,
        ...(BYTE_PATH.has(name) ? [] : SMALL_YOUNG_GENERATION),
        ...sourceMaps(env),
        this.#main(main),
        ...args,
      ],
      env,
      logFile: join(this.#logDir(), `${name}.log`),
      readyWhen: { kind: 'ready-line' } as const,
    };
    return this.#startProcess(new SupervisedProcess(plan, this.#report));
  }

  async #startProcess(process: SupervisedProcess): Promise<Readonly<Record<string, unknown>>> {
    if (this.#stopping) throw new SallyportError('ERR_LAUNCHER_STOPPED', 'stopped while starting', { expose: true });
    this.#processes.push(process);
    const ready = await process.start();
    await this.#recordProcesses();
    return ready;
  }

  async #recordProcesses(): Promise<void> {
    // One writer at a time: services start side by side.
    this.#recording = this.#recording.then(() => recordProcesses(this.#input.dataDir.path, this.#pids()));
    await this.#recording;
  }

  #pids(): Record<string, number> {
    return Object.fromEntries(
      this.#processes.flatMap(({ plan, pid }) => (pid === undefined ? [] : [[plan.name, pid]])),
    );
  }

  #main(service: string): string {
    return join(this.#input.servicesDir, service, 'src', 'main.js');
  }

  #logDir(): string {
    return join(this.#input.dataDir.path, 'logs');
  }

  readonly #report = (event: 'exited' | 'restarted' | 'given-up', name: string, exit: ProcessExit): void => {
    this.#input.logger.warn(`service ${event}`, { name, ...exit });
    if (event === 'restarted') void this.#recordProcesses();
    this.#input.onEvent({ event: `service-${event}`, service: name, ...exit });
  };

  async #writeCliFile(addresses: Addresses, layout: BrokerLayout, secrets: SecretFiles): Promise<void> {
    const cli = {
      apiUrl: addresses.apiUrl,
      ingressUrl: addresses.ingressUrl,
      portalUrl: addresses.portalUrl,
      connectorEndpointUrl: addresses.connectorEndpointUrl,
      caFile: layout.caFile,
      issuer: addresses.issuer,
      clientId: demoDirectory.clientIds.cli,
      scope: `api://${demoDirectory.clientIds.api}/Sallyport.Manage`,
      localOperatorKeyFile: secrets.operatorKeyFile,
      developmentUsers: demoDirectory.users.map(({ username, oid }) => ({ username, userId: oid })),
    };
    await writeFile(join(this.#input.dataDir.path, 'cli.json'), `${JSON.stringify(cli, null, 2)}\n`, { mode: 0o600 });
  }

  /** Reachable means: the connector was heard after this start, and the status page answers, if it is still there. */
  async #awaitReachable(started: {
    readonly api: ApiClient;
    readonly addresses: Addresses;
    readonly layout: BrokerLayout;
    readonly ports: Ports;
    readonly connectorId: string;
    readonly startedAt: string;
  }): Promise<void> {
    const { api, connectorId, startedAt } = started;
    const deadline = Date.now() + REACHABLE_LIMIT_MS;
    const probe = await createProbe(started.addresses.ingressUrl, started.layout.caFile);
    const page = findStatusPage(await listApps(api), started.ports);
    for (;;) {
      if ((await isHeardSince(api, connectorId, startedAt)) && (!page || (await isServing(probe, page.externalUrl))))
        return;
      if (Date.now() > deadline)
        throw new SallyportError(
          'ERR_LAUNCHER_NOT_READY',
          `connector was not online within ${REACHABLE_LIMIT_MS} ms; its log is ${join(this.#logDir(), 'connector.log')}; if an administrator revoked it, remove ${join(this.#input.dataDir.path, 'connector')} to register it anew`,
          { expose: true },
        );
      await delay(REACHABLE_POLL_MS);
    }
  }

  async #announce(api: ApiClient, addresses: Addresses, layout: BrokerLayout): Promise<Announcement> {
    const rows = await listApps(api);
    return {
      event: 'ready',
      ingressUrl: addresses.ingressUrl,
      portalUrl: addresses.portalUrl,
      apiUrl: addresses.apiUrl,
      caFile: layout.caFile,
      dataDir: this.#input.dataDir.path,
      apps: rows.map(announceApp),
      users: demoDirectory.users.map((user) => ({
        username: user.username,
        password: user.password,
        roles: user.directoryRoles.length > 0 ? ['Global Administrator'] : [],
        assignedApps: rows.filter((app) => app.users.includes(user.oid)).map((app) => app.id),
      })),
      furtherIdentityProviders: this.#input.options.hasSecondIdentityProvider ? [PARTNERS_ID] : [],
      processes: this.#pids(),
    };
  }
}

/** Maps cost each process some megabytes and stack traces of the compiled code read well without: for debugging only. */
function sourceMaps(env: Readonly<Record<string, string>>): readonly string[] {
  return env.SALLYPORT_LOG_LEVEL === 'debug' ? ['--enable-source-maps'] : [];
}
