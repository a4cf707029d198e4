import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'mocha';
import type { ConnectorView } from '#libs/contracts';
import type { AnnouncedApp } from '../../../services/launcher/src/announcement.ts';
import { descendants, isRunning } from '../../journeys/support/processes.ts';
import { type Background, runProgram, startProgram } from '../../journeys/support/run-program.ts';
import { until } from '../../support/until.ts';
import { PROJECT_ROOT, startWorld, type World } from '../../support/world.ts';
import { type FaultOrigin, startFaultOrigin } from './fault-origin.ts';

const STOP_TIMEOUT_MS = 90_000;
const ONLINE_WITHIN_MS = 25_000;
const SERVING_WITHIN_MS = 20_000;
const CONNECTOR_MAIN = join(PROJECT_ROOT, 'dist', 'services', 'connector', 'src', 'main.js');
const NATS_SERVER = /nats-server/;

/** A connector beside the embedded one, in the same group, that nobody starts again. */
export type SecondConnector = {
  readonly connectorId: string;
  readonly stateDir: string;
  readonly pid: () => number;
  readonly leafPid: () => number;
  /** Starts it if it does not run, and waits until it is online. */
  ensureOnline(): Promise<void>;
  stop(): Promise<void>;
};

export type FaultWorld = {
  readonly world: World;
  readonly origin: FaultOrigin;
  /** Passthrough, of the group that both connectors serve. */
  readonly app: AnnouncedApp;
  readonly second: SecondConnector;
  pidOf(name: string): Promise<number>;
  /** Waits until every process runs again and both connectors are online. */
  whenWhole(): Promise<void>;
};

let shared: Promise<FaultWorld> | undefined;

/** One world for all fault specs of a run: what one of them breaks is whole again before the next. */
export function faultWorld(): Promise<FaultWorld> {
  shared ??= start();
  return shared;
}

const closers: (() => Promise<unknown>)[] = [];

after(async function stopFaultWorld() {
  this.timeout(STOP_TIMEOUT_MS);
  // A world that never started has failed the specs that asked for it.
  await shared?.catch(() => undefined);
  for (const close of closers.reverse()) await close();
});

async function start(): Promise<FaultWorld> {
  const world = await startWorld();
  closers.push(() => world.stop());
  const origin = await startFaultOrigin();
  closers.push(() => origin.close());
  const app = await world.publish({
    name: 'faulty',
    internalUrl: `http://127.0.0.1:${origin.port}/`,
    preauthentication: 'passthrough',
  });
  const second = await registerConnector(world, 'second');
  closers.push(() => second.stop());
  await second.ensureOnline();
  const pidOf = async (name: string) => {
    const pid = (await world.processes())[name];
    if (pid === undefined) throw new Error(`no process named ${name}`);
    return pid;
  };
  return { world, origin, app, second, pidOf, whenWhole: () => whenWhole(world, app, second) };
}

async function whenWhole(world: World, app: AnnouncedApp, second: SecondConnector): Promise<void> {
  const isWhole = async () => {
    const pids = Object.values(await world.processes());
    const answer = await world.call(app.externalUrl, { timeoutMs: 5000 }).catch(() => undefined);
    if (answer?.status !== 200 || !pids.every(isRunning)) return false;
    const { connectors } = (await world.api('GET', '/connectors')) as { connectors: ConnectorView[] };
    return connectors.some(({ name, presence }) => name === 'embedded' && presence === 'online');
  };
  await until(() => isWhole().catch(() => false), {
    deadlineMs: SERVING_WITHIN_MS,
    everyMs: 100,
    what: 'all is whole',
  });
  await second.ensureOnline();
}

/** Runs a connector; the prefix may put it elsewhere, for example into a network namespace. */
export async function registerConnector(
  world: World,
  name: string,
  prefix: readonly string[] = [],
): Promise<SecondConnector> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-fault-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const stateDir = join(folder, name);
  const register = [CONNECTOR_MAIN, 'register', '--service', world.system.connectorEndpointUrl];
  const options = ['--ca-file', world.ready.caFile, '--name', name, '--state-dir', stateDir, '--group', 'default'];
  const token = await world.token('alice', 'Connector.Register');
  const ran = await runProgram(process.execPath, [...register, ...options, '--token-stdin', '--json'], {
    stdin: token,
  });
  if (ran.code !== 0) throw new Error(`registration of ${name} ended with ${ran.code}: ${ran.err}`);
  const { connectorId } = JSON.parse(ran.out) as { connectorId: string };
  return new RunningConnector({ world, connectorId, stateDir, prefix });
}

type ConnectorParts = {
  readonly world: World;
  readonly connectorId: string;
  readonly stateDir: string;
  readonly prefix: readonly string[];
};

class RunningConnector implements SecondConnector {
  readonly connectorId: string;
  readonly stateDir: string;
  readonly #parts: ConnectorParts;
  #background: Background | undefined;

  constructor(parts: ConnectorParts) {
    this.#parts = parts;
    this.connectorId = parts.connectorId;
    this.stateDir = parts.stateDir;
  }

  pid(): number {
    const pid = this.#background?.child.pid;
    if (pid === undefined) throw new Error('the connector was never started');
    return pid;
  }

  leafPid(): number {
    return leafOf(this.pid());
  }

  async ensureOnline(): Promise<void> {
    const { world, prefix, stateDir, connectorId } = this.#parts;
    const since = new Date().toISOString();
    if (this.#background === undefined || !isRunning(this.pid())) {
      const command = [...prefix, process.execPath, CONNECTOR_MAIN, 'run', '--state-dir', stateDir];
      const [program = '', ...args] = command;
      this.#background = startProgram(program, args);
    }
    const { lines } = this.#background;
    const isHeard = async () => {
      // It serves a moment before its start is over; a signal until then would end it without a drain.
      if (!lines.some((line) => line.startsWith('{"event":"ready"'))) return false;
      const view = (await world.api('GET', `/connectors/${connectorId}`)) as ConnectorView;
      return view.presence === 'online' && (view.lastSeenAt ?? '') >= since;
    };
    await until(() => isHeard().catch(() => false), {
      deadlineMs: ONLINE_WITHIN_MS,
      everyMs: 50,
      what: `connector is online; it said ${lines.slice(-5).join('\n')}`,
    });
  }

  async stop(): Promise<void> {
    const pid = this.#background?.child.pid;
    if (pid === undefined) return;
    // Stopped processes do not take SIGTERM; what a killed connector left is of another parent by then.
    const leaves = isRunning(pid) ? descendants(pid) : [];
    for (const one of [pid, ...leaves].filter(isRunning)) process.kill(one, 'SIGCONT');
    await this.#background?.end();
    for (const one of leaves.filter(isRunning)) process.kill(one, 'SIGKILL');
  }
}

/** The nats-server that this connector process started. */
export function leafOf(connectorPid: number): number {
  const leaf = descendants(connectorPid).find((pid) => NATS_SERVER.test(programOf(pid)));
  if (leaf === undefined) throw new Error(`connector ${connectorPid} has no leaf`);
  return leaf;
}

function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch {
    // Ended meanwhile.
    return '';
  }
}
