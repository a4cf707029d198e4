import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BrokerLayout } from '#broker';
import { SallyportError } from '#libs/errors';
import { requireSyncAlways } from '#libs/events';
import { HOST } from './ports.ts';
import type { ProcessPlan } from './supervised-process.ts';

const run = promisify(execFile);
const VERSION_TIMEOUT_MS = 10_000;
/** Older hubs do not enforce what a leaf may publish (docs/adr/0002). */
const MIN_VERSION: readonly [number, number] = [2, 14];
/** Soft memory limit of the hub; queue weights of a hostile leaf are unbounded in the server, so it runs under a cap. */
const HUB_MEMORY_LIMIT = '512MiB';
/**
 * Percent the heap may grow between collections, below the limit above: at 150 a transfer costs the hub a seventh more CPU than at
 * 250; at 400 it saves nothing more and the hub grows by a third more (docs/performance.md).
 */
const HUB_COLLECTION = '200';

/** The hub's nats-server: version checked, configuration tested, ready when it says so. */
export async function planHub(options: {
  readonly binary: string;
  readonly layout: BrokerLayout;
  readonly logDir: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<ProcessPlan> {
  await requireVersion(options.binary);
  const { configFile } = options.layout.hub;
  await testConfig(options.binary, configFile);
  return {
    name: 'hub',
    command: options.binary,
    args: ['-c', configFile],
    env: {
      ...options.env,
      GOMEMLIMIT: HUB_MEMORY_LIMIT,
      GOGC: HUB_COLLECTION,
      GOMAXPROCS: String(hubThreads(availableParallelism())),
    },
    logFile: join(options.logDir, 'hub.log'),
    readyWhen: { kind: 'log-text', text: 'Server is ready' },
  };
}

/** Beside the services on one machine the hub gets half of the cores: more threads only wake each other. */
function hubThreads(cores: number): number {
  return Math.max(1, Math.floor(cores / 2));
}

/** An acknowledged fact must be on disk: refuses a hub that syncs later, whatever its configuration file says. */
export async function requireDurableHub(layout: BrokerLayout): Promise<void> {
  const answer = await fetch(`http://${HOST}:${layout.ports.monitor}/jsz?config=true`, {
    signal: AbortSignal.timeout(VERSION_TIMEOUT_MS),
  });
  requireSyncAlways(await answer.json());
}

async function requireVersion(binary: string): Promise<void> {
  let text: string;
  try {
    text = (await run(binary, ['--version'], { timeout: VERSION_TIMEOUT_MS })).stdout;
  } catch (cause) {
    throw new SallyportError(
      'ERR_LAUNCHER_NO_NATS_SERVER',
      `nats-server ${binary} cannot be run: start with npm start, which finds or fetches one, or set SALLYPORT_NATS_SERVER`,
      { expose: true, cause, details: { binary } },
    );
  }
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(text) ?? [];
  const version: readonly [number, number] = [Number(major), Number(minor)];
  if (version[0] > MIN_VERSION[0] || (version[0] === MIN_VERSION[0] && version[1] >= MIN_VERSION[1])) return;
  throw new SallyportError(
    'ERR_LAUNCHER_NATS_SERVER_TOO_OLD',
    `nats-server ${binary} is ${text.trim()}, expected 2.14 or newer: older hubs do not enforce a leaf's permissions`,
    { expose: true, details: { binary } },
  );
}

async function testConfig(binary: string, configFile: string): Promise<void> {
  try {
    await run(binary, ['-t', '-c', configFile], { timeout: VERSION_TIMEOUT_MS });
  } catch (cause) {
    const detail = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new SallyportError('ERR_LAUNCHER_HUB_CONFIG', `hub configuration ${configFile} was refused: ${detail}`, {
      expose: true,
      cause,
      details: { configFile },
    });
  }
}
