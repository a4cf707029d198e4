import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SallyportError } from '#libs/errors';

/** One thread, and fewer collections while the heap is small: less CPU for the same bytes. */
const LEAF_ENVIRONMENT = { GOMAXPROCS: '1', GOGC: '400', GOMEMLIMIT: '256MiB' };

export const LEAF_START_DEADLINE_MS = 10_000;
/** After SIGTERM, before SIGKILL. */
export const LEAF_STOP_DEADLINE_MS = 5_000;
const POLL_MS = 10;
const KEPT_LOG_CHARACTERS = 4_000;

export type LeafProcess = {
  readonly pid: number;
  /** Of the loopback listener. */
  readonly port: number;
  readonly startedAt: number;
  /** Resolves when the process has ended, with how. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
};

/**
 * One nats-server process. In a process group of its own: a terminal's Ctrl-C must not end it before the connector has
 * drained. One thread: it shares its host with the connector, and half the CPU goes to its own scheduler otherwise.
 * @throws ERR_CONNECTOR_LEAF_START with the last lines of its log.
 */
export async function startLeafProcess(options: {
  readonly binary: string;
  readonly configFile: string;
  /** Of this leaf alone: ports files of earlier ones are removed first. */
  readonly portsDirectory: string;
  onLine(line: string): void;
}): Promise<LeafProcess> {
  await removePortsFiles(options.portsDirectory);
  const child = spawn(options.binary, ['-c', options.configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: LEAF_ENVIRONMENT,
  });
  const startedAt = Date.now();
  let tail = '';
  readLines(child, (line) => {
    tail = `${tail}\n${line}`.slice(-KEPT_LOG_CHARACTERS);
    options.onLine(line);
  });
  const ended = endOf(child);
  const portsFile = join(options.portsDirectory, `${basename(options.binary)}_${child.pid}.ports`);
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), LEAF_STOP_DEADLINE_MS);
    await ended;
    clearTimeout(timer);
    await rm(portsFile, { force: true });
  };
  let isEnded = false;
  void ended.then(() => {
    isEnded = true;
  });
  for (const deadline = startedAt + LEAF_START_DEADLINE_MS; ; await delay(POLL_MS)) {
    const port = isEnded ? undefined : await readPort(portsFile);
    if (port !== undefined && child.pid !== undefined) return { pid: child.pid, port, startedAt, ended, stop };
    if (!isEnded && Date.now() < deadline) continue;
    await stop();
    throw new SallyportError('ERR_CONNECTOR_LEAF_START', `nats-server did not start: ${lastLine(tail)}`, {
      expose: true,
      retryable: true,
      details: { binary: options.binary, log: tail.trim() },
    });
  }
}

/** A leaf that was killed leaves its file behind, and its process id may come again: the new leaf's port would be misread. */
async function removePortsFiles(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.ports'));
  await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit');
    return signal === null ? `exit code ${code}` : `signal ${signal}`;
  } catch (error) {
    return `not started: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-KEPT_LOG_CHARACTERS);
    for (const line of lines) onLine(line);
  });
}

/** Undefined until the file is there and whole. */
async function readPort(file: string): Promise<number | undefined> {
  try {
    const ports: unknown = JSON.parse(await readFile(file, 'utf8'));
    const found = typeof ports === 'object' && ports !== null && 'nats' in ports ? ports.nats : undefined;
    const url: unknown = Array.isArray(found) ? found[0] : undefined;
    return typeof url === 'string' ? Number(/:(\d+)$/.exec(url)?.[1]) || undefined : undefined;
  } catch {
    // Not written yet, or half written: the caller looks again.
    return undefined;
  }
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.at(-1) ?? '').replace(/^\[\d+\] \S+ \S+ /, '') || 'no output';
}
