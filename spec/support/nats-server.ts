import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type NatsServerOptions = {
  /** More configuration text, appended. Host, port, monitoring and (with `jetstream`) the jetstream block are set here. */
  readonly config?: string;
  /** Adds a jetstream block with `sync_interval: always`. Default false. */
  readonly jetstream?: boolean;
  /** Kept at stop. Default: a temporary folder, removed at stop. */
  readonly dataDir?: string;
};

/** As nats-server lists them: `nats`, `monitoring`, `leafnodes`, `websocket`, `cluster`; absent when not listening. */
export type NatsServerPorts = Readonly<Record<string, readonly string[] | undefined>>;

export type RunningNatsServer = {
  readonly port: number;
  /** `nats://127.0.0.1:<port>`; the port stays the same over restarts. */
  readonly url: string;
  /** `http://127.0.0.1:<port>` of the monitoring listener; may change with a restart. */
  readonly monitorUrl: () => string;
  readonly ports: () => NatsServerPorts;
  readonly dataDir: string;
  readonly configFile: string;
  readonly pid: () => number;
  /** The server's log so far. */
  readonly log: () => string;
  /** Ends the process and waits for it; the data stays. `SIGKILL` for a crash. Default `SIGTERM`. */
  readonly halt: (signal?: NodeJS.Signals) => Promise<void>;
  /** Halts when running, then starts again on the same port and data. */
  readonly restart: (signal?: NodeJS.Signals) => Promise<void>;
  /** Halts and removes the temporary folder. Safe to call twice. */
  readonly stop: () => Promise<void>;
};

const START_DEADLINE_MS = 15_000;
const HALT_DEADLINE_MS = 5_000;
const POLL_MS = 10;

/** Found in `SALLYPORT_NATS_SERVER`, then `.tools/`, then PATH. */
export function findNatsServer(): string {
  const named = process.env.SALLYPORT_NATS_SERVER;
  if (named !== undefined && named !== '') return named;
  const folders = [
    fileURLToPath(new URL('../../.tools', import.meta.url)),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const found = folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
  if (found === undefined)
    throw new Error('no nats-server: set SALLYPORT_NATS_SERVER, or run npm test, which fetches one');
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A real nats-server on 127.0.0.1 and a port of its own choice. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<RunningNatsServer> {
  const binary = findNatsServer();
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'sallyport-nats-'));
  mkdirSync(dataDir, { recursive: true });
  const configFile = join(dataDir, 'nats-server.conf');
  let running: Started | undefined;
  let chosenPort = -1;

  const start = async () => {
    writeFileSync(configFile, configText(options, dataDir, chosenPort), { mode: 0o600 });
    running = await startProcess(binary, configFile, dataDir);
    chosenPort = portOf(running.ports);
  };
  const halt = async (signal: NodeJS.Signals = 'SIGTERM') => {
    const ending = running;
    running = undefined;
    if (ending !== undefined) await endProcess(ending, signal);
  };
  const current = (): Started => {
    if (running === undefined) throw new Error('this nats-server is halted');
    return running;
  };
  await start();
  return {
    port: chosenPort,
    url: `nats://127.0.0.1:${chosenPort}`,
    monitorUrl: () => current().ports.monitoring?.[0] ?? '',
    ports: () => current().ports,
    dataDir,
    configFile,
    pid: () => current().pid,
    log: () => current().log(),
    halt,
    restart: async (signal) => {
      await halt(signal);
      await start();
    },
    stop: async () => {
      await halt();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

type Started = { child: ChildProcess; pid: number; ports: NatsServerPorts; log: () => string; unhook: () => void };

function configText(options: NatsServerOptions, dataDir: string, port: number): string {
  const own = [
    'host: "127.0.0.1"',
    `port: ${port}`,
    'http: "127.0.0.1:-1"',
    `ports_file_dir: ${JSON.stringify(dataDir)}`,
    ...(options.jetstream === true
      ? [`jetstream { store_dir: ${JSON.stringify(join(dataDir, 'jetstream'))}, sync_interval: always }`]
      : []),
  ];
  return `${own.join('\n')}\n${options.config ?? ''}\n`;
}

async function startProcess(binary: string, configFile: string, dataDir: string): Promise<Started> {
  const child = spawn(binary, ['-c', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-1_000_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const failed = once(child, 'error').then(([error]) => Promise.reject(error));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const unhook = () => process.off('exit', kill);
  const ready = async () => {
    for (const deadline = Date.now() + START_DEADLINE_MS; ; await delay(POLL_MS)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`nats-server ended at start: ${text}`);
      const ports = text.includes('Server is ready') ? readPorts(dataDir, child.pid) : undefined;
      if (ports !== undefined && child.pid !== undefined)
        return { child, pid: child.pid, ports, log: () => text, unhook };
      if (Date.now() > deadline) throw new Error(`nats-server not ready in ${START_DEADLINE_MS} ms: ${text}`);
    }
  };
  try {
    return await Promise.race([ready(), failed]);
  } catch (error) {
    kill();
    unhook();
    throw error;
  }
}

/** Undefined until the file is there and whole. */
function readPorts(dataDir: string, pid: number | undefined): NatsServerPorts | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, `nats-server_${pid}.ports`), 'utf8')) as NatsServerPorts;
  } catch {
    return undefined;
  }
}

function portOf(ports: NatsServerPorts): number {
  const url = ports.nats?.[0];
  if (url === undefined) throw new Error('nats-server named no client port');
  return Number(new URL(url.replace('nats:', 'http:')).port);
}

async function endProcess(started: Started, signal: NodeJS.Signals): Promise<void> {
  const { child, unhook } = started;
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), HALT_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
  }
  unhook();
}
