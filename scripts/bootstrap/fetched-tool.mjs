import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BootstrapError, reasonOf } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { findAllOnPath, lockPath, logToStderr, PROJECT_ROOT } from './project.mjs';

/** How long a second start waits for the first one's fetch: above the sum of what all ways of one tool may take. */
export const FETCH_MAX_WAIT_MS = 20 * 60_000;

/** @typedef {{ ok: true, path: string, version: string } | { ok: false, reason: string }} Inspection */

/** @typedef {(place: { workFolder: string, env: NodeJS.ProcessEnv }) => Promise<string>} Fetcher */

/**
 * @typedef {object} Tool a program that is found on the machine or fetched into `.tools/`
 * @property {string} name of the program
 * @property {string} wanted what is fetched, for people: `nats-server 2.14.0 or newer`
 * @property {string} variable of the environment that names one
 * @property {string} errorCode
 * @property {(path: string) => Promise<Inspection>} inspect whether a program can be used
 * @property {Readonly<Record<string, Fetcher>>} fetchers tried in order
 * @property {(root: string) => string} mend one command that puts one where it is found
 */

/**
 * @typedef {object} FoundTool
 * @property {string} path
 * @property {string} version
 * @property {string} source where it was found or fetched from: the variable, `PATH`, `.tools`, or a fetcher
 */

/**
 * @typedef {object} Options
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import('./project.mjs').Log} [log]
 * @property {string} [root] the folder that holds `.tools/`
 */

/** @typedef {Required<Options> & { tried: string[] }} Search */

/**
 * Order: the variable, PATH, `.tools/`, then the fetchers. What the person named by the variable is used or refused,
 * never replaced by something else; one on PATH that cannot be used is noted and passed over.
 * @param {Tool} tool
 * @param {Options} [options]
 * @returns {Promise<FoundTool>}
 * @throws {BootstrapError} with the tool's code
 */
export async function findOrFetchTool(tool, { env = process.env, log = logToStderr, root = PROJECT_ROOT } = {}) {
  const named = env[tool.variable];
  if (named !== undefined && named !== '') return requireNamed(tool, named);
  /** @type {Search} */
  const search = { env, log, root, tried: [] };
  const found = await findInstalled(tool, search);
  if (found !== undefined) {
    for (const note of search.tried) log(`passed over: ${note}`);
    return found;
  }
  const onWait = (/** @type {string} */ owner) => log(`waiting for process ${owner}, which is fetching ${tool.name}`);
  return withFileLock(lockPath(root, tool.name), { maxWaitMs: FETCH_MAX_WAIT_MS, onWait }, async () => {
    const inspected = await tool.inspect(toolPath(root, tool));
    if (inspected.ok) return { path: inspected.path, version: inspected.version, source: '.tools' };
    return fetchTool(tool, search);
  });
}

/**
 * @param {Tool} tool
 * @param {string} path
 * @returns {Promise<FoundTool>}
 */
async function requireNamed({ name, variable, errorCode, inspect }, path) {
  const inspected = await inspect(path);
  if (inspected.ok) return { path, version: inspected.version, source: variable };
  throw new BootstrapError(errorCode, `${variable} names no usable ${name}`, {
    tried: [inspected.reason],
    mend: `unset ${variable}`,
  });
}

/**
 * @param {Tool} tool
 * @param {Search} search
 * @returns {Promise<FoundTool | undefined>}
 */
async function findInstalled(tool, { env, root, tried }) {
  const onPath = findAllOnPath(tool.name, env);
  if (onPath.length === 0) tried.push(`PATH: no ${tool.name}`);
  const places = [
    ...onPath.map((path) => ({ path, source: 'PATH' })),
    { path: toolPath(root, tool), source: '.tools' },
  ];
  for (const { path, source } of places) {
    const inspected = await tool.inspect(path);
    if (inspected.ok) {
      if (onPath.length === 0) tried.pop();
      return { path, version: inspected.version, source };
    }
    tried.push(`${source}: ${inspected.reason}`);
  }
  return undefined;
}

/**
 * @param {Tool} tool
 * @param {Search} search
 * @returns {Promise<FoundTool>}
 */
async function fetchTool(tool, { root, env, log, tried }) {
  const tools = join(root, '.tools');
  const workPrefix = `.fetch-${tool.name}-`;
  mkdirSync(tools, { recursive: true });
  // Left by a start that was killed while fetching; the lock says that nobody else is at it now.
  const leftBehind = readdirSync(tools).filter((name) => name.startsWith(workPrefix));
  for (const name of leftBehind) rmSync(join(tools, name), { recursive: true, force: true });
  for (const [source, fetcher] of Object.entries(tool.fetchers)) {
    const startedAt = Date.now();
    const workFolder = mkdtempSync(join(tools, workPrefix));
    try {
      log(`fetching ${tool.wanted} by ${source}`);
      const fetched = await fetcher({ workFolder, env });
      chmodSync(fetched, 0o755);
      const inspected = await tool.inspect(fetched);
      if (!inspected.ok) throw new Error(inspected.reason);
      // Renamed within one file system: another process sees no program, or a whole and checked one.
      renameSync(fetched, toolPath(root, tool));
      log(`${tool.name} ${inspected.version} ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      return { path: toolPath(root, tool), version: inspected.version, source };
    } catch (error) {
      tried.push(`${source}: ${reasonOf(error)}`);
      log(`${source} did not work, see below if nothing else does`);
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  }
  const message = `no ${tool.wanted} was found, and none could be fetched`;
  throw new BootstrapError(tool.errorCode, message, { tried, mend: tool.mend(root) });
}

/**
 * @param {string} root
 * @param {Tool} tool
 */
function toolPath(root, { name }) {
  return join(root, '.tools', name);
}
