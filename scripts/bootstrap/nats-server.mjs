import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFromDebian } from './debian-package.mjs';
import { BootstrapError, reasonOf } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { installWithGo } from './go-install.mjs';
import { inspectNatsServer, MIN_NATS_SERVER_VERSION, PINNED_NATS_SERVER_VERSION } from './nats-server-version.mjs';
import { findAllOnPath, lockPath, logToStderr, PROJECT_ROOT } from './project.mjs';
import { fetchRelease, RELEASES_URL, releaseFolder } from './release-archive.mjs';

/** How long a second start waits for the first one's fetch: the sum of what the three ways may take is the bound. */
export const FETCH_MAX_WAIT_MS = 20 * 60_000;

const WORK_PREFIX = '.fetch-';

/**
 * @typedef {object} NatsServer
 * @property {string} path
 * @property {string} version
 * @property {string} source where it was found or fetched from: `SALLYPORT_NATS_SERVER`, `PATH`, `.tools`, or a fetcher
 */

/** @typedef {(place: { workFolder: string, env: NodeJS.ProcessEnv }) => Promise<string>} Fetcher */

/** @type {Readonly<Record<string, Fetcher>>} */
export const FETCHERS = {
  'debian package': fetchFromDebian,
  'go install': installWithGo,
  'official release': fetchRelease,
};

/**
 * @typedef {object} Options
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import('./project.mjs').Log} [log]
 * @property {string} [root] the folder that holds `.tools/`
 * @property {Readonly<Record<string, Fetcher>>} [fetchers] tried in order
 */

/**
 * Order: SALLYPORT_NATS_SERVER, PATH, `.tools/nats-server`, then the fetchers. What the person named by the variable is
 * used or refused, never replaced by something else; an old one on PATH is noted and passed over.
 * @param {Options} [options]
 * @returns {Promise<NatsServer>}
 * @throws {BootstrapError} ERR_BOOTSTRAP_NATS_SERVER
 */
export async function findOrFetchNatsServer(options = {}) {
  const { env = process.env, log = logToStderr, root = PROJECT_ROOT, fetchers = FETCHERS } = options;
  const named = env.SALLYPORT_NATS_SERVER;
  if (named !== undefined && named !== '') return requireNamed(named);
  /** @type {string[]} */
  const tried = [];
  const found = await findInstalled({ env, root, tried });
  if (found !== undefined) {
    for (const note of tried) log(`passed over: ${note}`);
    return found;
  }
  const onWait = (/** @type {string} */ owner) => log(`waiting for process ${owner}, which is fetching nats-server`);
  return withFileLock(lockPath(root, 'nats-server'), { maxWaitMs: FETCH_MAX_WAIT_MS, onWait }, async () => {
    const inspected = await inspectNatsServer(toolPath(root));
    if (inspected.ok) return { path: inspected.path, version: inspected.version, source: '.tools' };
    return fetchInto({ root, env, log, fetchers, tried });
  });
}

/**
 * @param {string} path
 * @returns {Promise<NatsServer>}
 */
async function requireNamed(path) {
  const inspected = await inspectNatsServer(path);
  if (inspected.ok) return { path, version: inspected.version, source: 'SALLYPORT_NATS_SERVER' };
  throw new BootstrapError('ERR_BOOTSTRAP_NATS_SERVER', 'SALLYPORT_NATS_SERVER names no usable nats-server', {
    tried: [inspected.reason],
    mend: 'unset SALLYPORT_NATS_SERVER',
  });
}

/**
 * @param {{ env: NodeJS.ProcessEnv, root: string, tried: string[] }} options
 * @returns {Promise<NatsServer | undefined>}
 */
async function findInstalled({ env, root, tried }) {
  const onPath = findAllOnPath('nats-server', env);
  if (onPath.length === 0) tried.push('PATH: no nats-server');
  const places = [...onPath.map((path) => ({ path, source: 'PATH' })), { path: toolPath(root), source: '.tools' }];
  for (const { path, source } of places) {
    const inspected = await inspectNatsServer(path);
    if (inspected.ok) {
      if (onPath.length === 0) tried.pop();
      return { path, version: inspected.version, source };
    }
    tried.push(`${source}: ${inspected.reason}`);
  }
  return undefined;
}

/**
 * @param {Required<Options> & { tried: string[] }} options
 * @returns {Promise<NatsServer>}
 */
async function fetchInto({ root, env, log, fetchers, tried }) {
  const tools = join(root, '.tools');
  mkdirSync(tools, { recursive: true });
  // Left by a start that was killed while fetching; the lock says that nobody else is at it now.
  const leftBehind = readdirSync(tools).filter((name) => name.startsWith(WORK_PREFIX));
  for (const name of leftBehind) rmSync(join(tools, name), { recursive: true, force: true });
  for (const [source, fetcher] of Object.entries(fetchers)) {
    const startedAt = Date.now();
    const workFolder = mkdtempSync(join(tools, WORK_PREFIX));
    try {
      log(`fetching nats-server ${MIN_NATS_SERVER_VERSION} or newer by ${source}`);
      const fetched = await fetcher({ workFolder, env });
      chmodSync(fetched, 0o755);
      const inspected = await inspectNatsServer(fetched);
      if (!inspected.ok) throw new Error(inspected.reason);
      // Renamed within one file system: another process sees no nats-server, or a whole and checked one.
      renameSync(fetched, toolPath(root));
      log(`nats-server ${inspected.version} ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      return { path: toolPath(root), version: inspected.version, source };
    } catch (error) {
      tried.push(`${source}: ${reasonOf(error)}`);
      log(`${source} did not work, see below if nothing else does`);
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  }
  const message = `no nats-server ${MIN_NATS_SERVER_VERSION} or newer was found, and none could be fetched`;
  throw new BootstrapError('ERR_BOOTSTRAP_NATS_SERVER', message, { tried, mend: mendCommand(root) });
}

/**
 * @param {string} root
 * @returns {string} works wherever the releases can be reached, with whatever proxy curl is given
 */
function mendCommand(root) {
  const url = `${RELEASES_URL}/v${PINNED_NATS_SERVER_VERSION}/${releaseFolder()}.tar.gz`;
  return `curl -fsSL ${url} | tar -xzf - --strip-components=1 -C ${join(root, '.tools')} ${releaseFolder()}/nats-server`;
}

/** @param {string} root */
function toolPath(root) {
  return join(root, '.tools', 'nats-server');
}
