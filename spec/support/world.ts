import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'mocha';
import type { AnnouncedApp, Announcement } from '../../services/launcher/src/announcement.ts';
import { createApiClient } from '../../services/launcher/src/api-client.ts';

const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 40_000;
const START_SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'start.mjs');

export type World = {
  readonly ready: Announcement;
  /** CA of every certificate of this world, PEM. */
  readonly ca: string;
  readonly events: readonly Record<string, unknown>[];
  readonly pid: number;
  api(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  app(name: string): AnnouncedApp;
  /** Publishes an app for the embedded connector and waits until the ingress knows it. */
  publish(
    app: { readonly name: string; readonly internalUrl: string } & Record<string, unknown>,
    userIds?: readonly string[],
  ): Promise<AnnouncedApp>;
  /** Ctrl-C; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** `npm start -- --json` in a data directory of its own, on free ports: the same way a newcomer starts it. */
export async function startWorld(
  options: { readonly dataDir?: string; readonly args?: readonly string[] } = {},
): Promise<World> {
  const dataDir = options.dataDir ?? join(await mkdtemp(join(tmpdir(), 'sallyport-world-')), 'data');
  const args = [
    START_SCRIPT,
    '--json',
    '--data-dir',
    dataDir,
    ...(options.dataDir ? [] : ['--port', '0']),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const events: Record<string, unknown>[] = [];
  const ready = await awaitReady(child, events, log);
  const ca = await readFile(ready.caFile, 'utf8');
  const client = await createApiClient({
    apiUrl: ready.apiUrl,
    caFile: ready.caFile,
    operatorKeyFile: join(dataDir, 'operator', 'local-operator.key'),
  });
  return {
    ready,
    ca,
    events,
    pid: child.pid ?? 0,
    api: client.call,
    app: (name) => appNamed(ready, name),
    publish: async (app, userIds = []) => {
      const published = (await client.call('POST', '/apps', app)) as AnnouncedApp;
      for (const userId of userIds) await client.call('PUT', `/apps/${published.id}/assignments/users/${userId}`);
      return published;
    },
    stop: async (signal = 'SIGINT') => {
      await client.close();
      const code = await stopChild(child, signal);
      if (!options.dataDir) await rm(join(dataDir, '..'), { recursive: true, force: true });
      return code;
    },
  };
}

let shared: Promise<World> | undefined;

/** One world for all journeys that do not disturb each other; stopped after the last spec. */
export function sharedWorld(): Promise<World> {
  shared ??= startWorld();
  return shared;
}

after(async function stopSharedWorld() {
  this.timeout(STOP_TIMEOUT_MS);
  await (await shared)?.stop();
});

async function awaitReady(
  child: ChildProcess,
  events: Record<string, unknown>[],
  log: readonly string[],
): Promise<Announcement> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      child.kill('SIGINT');
      reject(new Error(`world ${reason}:\n${log.slice(-20).join('\n')}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${READY_TIMEOUT_MS} ms`), READY_TIMEOUT_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
    if (!child.stdout) return fail('has no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event.event !== 'ready') return;
      clearTimeout(timer);
      resolve(event as unknown as Announcement);
    });
  });
}

function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`world did not stop within ${STOP_TIMEOUT_MS} ms`));
    }, STOP_TIMEOUT_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
    child.kill(signal);
  });
}

function appNamed(ready: Announcement, name: string): AnnouncedApp {
  const app = ready.apps.find((one) => one.name === name);
  if (!app) throw new Error(`no app named ${name}`);
  return app;
}
