import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootstrapError } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { lockPath, logToStderr, PROJECT_ROOT } from './project.mjs';
import { howItEnded, lastWords, runCommand } from './run-command.mjs';

/** How long `npm ci` may take; a slow link and a cold cache were measured at about two minutes. */
export const NPM_CI_TIMEOUT_MS = 15 * 60_000;

/** Written last, so that an interrupted install is never taken for a whole one. */
const STAMP = join('node_modules', '.sallyport-lock');

/**
 * Installs the packages of package-lock.json when node_modules is missing or belongs to another lock file or another
 * Node.js major. A node_modules that npm itself brought to the very same lock file is adopted, not replaced.
 * @param {{ root?: string, env?: NodeJS.ProcessEnv, log?: import('./project.mjs').Log, timeoutMs?: number }} [options]
 * @returns {Promise<'current' | 'adopted' | 'installed'>}
 * @throws {BootstrapError} ERR_BOOTSTRAP_NPM_CI
 */
export async function ensureNodeModules(options = {}) {
  const { root = PROJECT_ROOT, env = process.env, log = logToStderr, timeoutMs = NPM_CI_TIMEOUT_MS } = options;
  const wanted = lockHash(root);
  if (readStamp(root) === wanted) return 'current';
  const onWait = (/** @type {string} */ owner) => log(`waiting for process ${owner}, which is installing packages`);
  return withFileLock(lockPath(root, 'node-modules'), { maxWaitMs: timeoutMs, onWait }, async () => {
    if (readStamp(root) === wanted) return 'current';
    if (isInstalledByNpm(root)) {
      writeFileSync(join(root, STAMP), wanted);
      return 'adopted';
    }
    await installPackages({ root, env, log, timeoutMs });
    writeFileSync(join(root, STAMP), wanted);
    return 'installed';
  });
}

/**
 * @param {string} root
 * @param {string} [nodeMajor]
 * @returns {string} changes with the lock file, the Node.js major, the platform and the processor
 */
export function lockHash(root, nodeMajor = process.versions.node.split('.')[0]) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return hash.update(`\0node ${nodeMajor} ${process.platform} ${process.arch}`).digest('hex');
}

/** @param {string} root */
function readStamp(root) {
  const path = join(root, STAMP);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/**
 * npm keeps its own record of what it installed. Optional packages of other platforms are absent from it by design.
 * @param {string} root
 * @returns {boolean}
 */
function isInstalledByNpm(root) {
  const record = join(root, 'node_modules', '.package-lock.json');
  // A stamp that differs means another Node.js major or platform may have installed it: only `npm ci` is certain then.
  if (!existsSync(record) || existsSync(join(root, STAMP))) return false;
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(record);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch {
    // An unreadable record proves nothing: an empty one never matches, so `npm ci` follows and reports the cause.
    return {};
  }
}

/**
 * @param {{ root: string, env: NodeJS.ProcessEnv, log: import('./project.mjs').Log, timeoutMs: number }} options
 */
async function installPackages({ root, env, log, timeoutMs }) {
  const startedAt = Date.now();
  log('installing packages with npm ci (first start, or package-lock.json changed)');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--progress=false', '--loglevel=error'];
  const result = await runCommand('npm', args, { cwd: root, env, timeoutMs }).catch((cause) => {
    throw new BootstrapError('ERR_BOOTSTRAP_NPM_CI', `npm could not be started: ${cause.message}`, {
      mend: 'apt-get install -y npm',
      cause,
    });
  });
  if (result.code !== 0 || result.timedOut) {
    throw new BootstrapError('ERR_BOOTSTRAP_NPM_CI', `npm ci ${howItEnded(result, timeoutMs)}`, {
      tried: [lastWords(result, 12)],
      mend: `cd ${root} && npm ci`,
    });
  }
  log(`packages installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}
