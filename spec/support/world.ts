import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'mocha';
import { obtainToken, ScriptedBrowser, signInByForm } from '#libs/identity';
import type { AnnouncedApp, Announcement } from '../../services/launcher/src/announcement.ts';
import { createApiClient } from '../../services/launcher/src/api-client.ts';
import { type Answer, type Call, callHttps } from './https-call.ts';
import { until } from './until.ts';

const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 60_000;
const KNOWN_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 12;
export const PROJECT_ROOT = join(import.meta.dirname, '..', '..');

/** Mocha timeout of a hook or spec that starts a world. */
export const WORLD_TIMEOUT_MS = READY_TIMEOUT_MS + STOP_TIMEOUT_MS;

/** What `<data directory>/cli.json` says; the parts that specs need. */
export type SystemFile = {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly connectorEndpointUrl: string;
  readonly developmentUsers: readonly { readonly username: string; readonly userId: string }[];
};

/** `scripts/start.mjs --json` as a process, whether it becomes ready or not. */
export type Start = {
  readonly child: ChildProcess;
  readonly dataDir: string;
  /** Lines of stdout and stderr so far. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
};

export type NewApp = {
  readonly name: string;
  readonly internalUrl: string;
  readonly preauthentication?: 'oidc' | 'passthrough';
} & Readonly<Record<string, unknown>>;

export type World = {
  readonly ready: Announcement;
  readonly start: Start;
  readonly system: SystemFile;
  /** CA of every certificate of this world, PEM. */
  readonly ca: string;
  /** Every JSON line of stdout so far. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  api(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  app(name: string): AnnouncedApp;
  userId(username: string): string;
  /** Process ids by name as they are now: a service that came back has another one. */
  processes(): Promise<Readonly<Record<string, number>>>;
  /** One HTTPS request, certificate verified, redirects not followed. */
  call(url: string, call?: Call): Promise<Answer>;
  /** Publishes an app for the embedded connector, assigns these users and waits until the ingress knows it. */
  publish(app: NewApp, usernames?: readonly string[]): Promise<AnnouncedApp>;
  retire(app: Pick<AnnouncedApp, 'id'>): Promise<void>;
  /** A scripted browser that opened this address and signed in; its cookies are good for the address. */
  signIn(username: string, url: string): Promise<ScriptedBrowser>;
  /** Access token of a demo user; `scope` is the short name, for example `Connector.Register`. */
  token(username: string, scope: string): Promise<string>;
  /** Ctrl-C by default; resolves with the exit code, null after kill -9. Removes a data directory nobody named. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

type WorldOptions = { readonly dataDir?: string; readonly args?: readonly string[] };

/** Starts the way a newcomer does, on free ports (those of an existing data directory stay as they are). */
export async function spawnStart(options: WorldOptions & { readonly port?: number } = {}): Promise<Start> {
  const dataDir = options.dataDir ?? join(await mkdtemp(join(tmpdir(), 'sallyport-world-')), 'data');
  const script = join(PROJECT_ROOT, 'scripts', 'start.mjs');
  const args = [script, '--json', '--data-dir', dataDir, '--port', String(options.port ?? 0), ...(options.args ?? [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line));
  const exit = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  }));
  return { child, dataDir, stdout, stderr, exit };
}

/** `npm start -- --json` in a data directory of its own, until it is ready. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const start = await spawnStart(options);
  const ready = await awaitReady(start);
  const read = (file: string) => readFile(file, 'utf8');
  const ca = await read(ready.caFile);
  const system = JSON.parse(await read(join(start.dataDir, 'cli.json'))) as SystemFile;
  const client = await createApiClient({
    apiUrl: ready.apiUrl,
    caFile: ready.caFile,
    operatorKeyFile: join(start.dataDir, 'operator', 'local-operator.key'),
  });
  const call = (url: string, one: Call = {}) => callHttps(url, { ca, ...one });
  const userId = (username: string) => userIdOf(system, username);
  let closing: Promise<void> | undefined;
  return {
    ready,
    start,
    system,
    ca,
    get events() {
      return start.stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    api: (method, path, body) => client.call(method, path, body),
    call,
    userId,
    app: (name) => appNamed(ready, name),
    processes: async () => readProcesses(await read(join(start.dataDir, 'processes.json'))),
    publish: async (app, usernames = []) => {
      const published = (await client.call('POST', '/apps', app)) as AnnouncedApp;
      for (const username of usernames)
        await client.call('PUT', `/apps/${published.id}/assignments/users/${userId(username)}`);
      const isKnown = async () => (await call(published.externalUrl)).status !== 404;
      await until(isKnown, { deadlineMs: KNOWN_TIMEOUT_MS, what: `${published.externalUrl} is known` });
      return published;
    },
    retire: async ({ id }) => {
      await client.call('DELETE', `/apps/${id}`);
    },
    signIn: (username, url) => signInScripted({ ca, username, url }),
    token: (username, scope) =>
      obtainToken({
        issuer: system.issuer,
        clientId: system.clientId,
        scope: system.scope.replace(/[^/]+$/, scope),
        username,
        password: username,
        ca,
      }),
    stop: async (signal = 'SIGINT') => {
      closing ??= client.close();
      await closing;
      const code = await stopStart(start, signal);
      if (!options.dataDir) await rm(join(start.dataDir, '..'), { recursive: true, force: true });
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
  // A world that never started has failed the specs that asked for it.
  await (await shared?.catch(() => undefined))?.stop();
});

/** Ends a start and waits for it; kills it after a minute. */
export async function stopStart(start: Start, signal: NodeJS.Signals): Promise<number | null> {
  start.child.kill(signal);
  const timer = setTimeout(() => start.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  const { code } = await start.exit;
  clearTimeout(timer);
  return code;
}

async function awaitReady(start: Start): Promise<Announcement> {
  const ended: { code?: number | null } = {};
  void start.exit.then(({ code }) => Object.assign(ended, { code }));
  const find = () => start.stdout.map((line) => JSON.parse(line) as { event?: string }).find(isReady);
  try {
    await until(() => find() !== undefined || 'code' in ended, { deadlineMs: READY_TIMEOUT_MS, what: 'ready line' });
  } catch (cause) {
    await stopStart(start, 'SIGINT');
    throw new Error(`world was not ready within ${READY_TIMEOUT_MS} ms:\n${start.stderr.slice(-20).join('\n')}`, {
      cause,
    });
  }
  const ready = find();
  if (ready) return ready;
  throw new Error(`world ended with code ${ended.code} before it was ready:\n${start.stderr.slice(-20).join('\n')}`);
}

function isReady(line: { event?: string }): line is Announcement {
  return line.event === 'ready';
}

/** Follows redirects from the app to the identity provider, signs in there, and follows them back. */
async function signInScripted(options: { readonly ca: string; readonly username: string; readonly url: string }) {
  const browser = new ScriptedBrowser({ ca: options.ca });
  const { port } = new URL(options.url);
  let page = await browser.get(options.url);
  for (let step = 0; page.location !== null && step < MAX_REDIRECTS; step += 1) {
    const isOurs = new URL(page.location).port === port;
    const { username } = options;
    const next = isOurs
      ? page.location
      : await signInByForm({ authorizeUrl: page.location, username, password: username, browser });
    page = await browser.get(next);
  }
  if (page.url === options.url) return browser;
  throw new Error(`sign-in of ${options.username} ended at ${page.url} with ${page.status}`);
}

function readProcesses(text: string): Record<string, number> {
  const recorded = JSON.parse(text) as Record<string, { readonly pid: number }>;
  return Object.fromEntries(Object.entries(recorded).map(([name, { pid }]) => [name, pid]));
}

function appNamed(ready: Announcement, name: string): AnnouncedApp {
  const app = ready.apps.find((one) => one.name === name);
  if (!app) throw new Error(`no app named ${name}`);
  return app;
}

function userIdOf(system: SystemFile, username: string): string {
  const user = system.developmentUsers.find((one) => one.username === username);
  if (!user) throw new Error(`no demo user named ${username}`);
  return user.userId;
}
