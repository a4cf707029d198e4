import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../until.ts';
import { PROJECT_ROOT } from '../world.ts';

const run = promisify(execFile);

const INSTALL_TIMEOUT_MS = 300_000;
const STARTED_WITHIN_MS = 60_000;
const TAIL_LINES = 15;

/** A web app of somebody else, running on a loopback port of its own. */
export type LocalApp = {
  readonly url: string;
  readonly port: number;
  /** Empty folder for what the app keeps. */
  readonly folder: string;
  /** SIGTERM, then SIGKILL. Safe to call twice. */
  stop(): Promise<void>;
};

export type NpmPackage = {
  readonly name: string;
  readonly version: string;
  readonly overrides?: Readonly<Record<string, string>>;
};

/** Installs one package, without running its scripts, into `.cache/third-party/`; kept for the next run. */
export async function installNpmPackage({ name, version, overrides = {} }: NpmPackage): Promise<string> {
  const folder = join(PROJECT_ROOT, '.cache', 'third-party', `${name}-${version}`);
  const installed = join(folder, 'node_modules', name);
  if (versionOf(installed) === version) return installed;
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { [name]: version }, overrides };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', args, { timeout: INSTALL_TIMEOUT_MS });
  if (versionOf(installed) === version) return installed;
  throw new Error(`npm install left no ${name} ${version} in ${folder}`);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Starts a program that serves HTTP on this port and waits until it answers. */
export async function startLocalApp(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly folder: string;
}): Promise<LocalApp> {
  const { port, folder } = options;
  const url = `http://127.0.0.1:${port}/`;
  const child = spawn(options.command, [...options.args], {
    cwd: folder,
    // Without what the spec runner passes down, npm above all.
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      SALLYPORT_SPEC_RUN: process.env.SALLYPORT_SPEC_RUN,
      NODE_ENV: 'production',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => log.push(...data.toString().trimEnd().split('\n')));
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      log.push(error.message);
      hasEnded = true;
      resolve();
    });
    child.once('exit', () => {
      hasEnded = true;
      resolve();
    });
  });
  await until(async () => hasEnded || (await isAnswering(url)), {
    deadlineMs: STARTED_WITHIN_MS,
    everyMs: 100,
    what: url,
  });
  if (hasEnded) throw new Error(`${options.command} ended at once:\n${log.slice(-TAIL_LINES).join('\n')}`);
  return {
    url,
    port,
    folder,
    stop: async () => {
      if (hasEnded) return;
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(limit);
    },
  };
}

function isAnswering(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}

function versionOf(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
  } catch {
    // Not installed yet.
    return undefined;
  }
}
