import { existsSync, readdirSync } from 'node:fs';
import { BootstrapError } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { findOnPath, lockPath, logToStderr, PROJECT_ROOT, readOsRelease } from './project.mjs';
import { howItEnded, lastWords, runCommand } from './run-command.mjs';

/** Chromium with its libraries is about 100 MB to fetch. */
export const APT_INSTALL_TIMEOUT_MS = 10 * 60_000;
const APT_UPDATE_TIMEOUT_MS = 2 * 60_000;

/** How long apt itself waits for another apt on this machine. */
const DPKG_LOCK_SECONDS = 120;

const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_TIMEOUT_MS = 5_000;
/** Its exit code for "do not": packages then install without starting their services. */
const POLICY_FORBIDS = 101;

/**
 * @typedef {object} Options
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import('./project.mjs').Log} [log]
 * @property {string} [root]
 * @property {number} [uid] of this process
 * @property {string} [osReleasePath]
 * @property {string} [listsFolder] where apt keeps its package lists
 */

/**
 * Installs Debian packages for a test run. Only as root on Debian; anyone else gets the command to run. Fetches the
 * package lists first when there are none, and again when the install failed with the ones there are.
 * @param {readonly string[]} packages
 * @param {Options} [options]
 * @throws {BootstrapError} ERR_BOOTSTRAP_APT
 */
export async function aptInstall(packages, options = {}) {
  const { env = process.env, log = logToStderr, root = PROJECT_ROOT, osReleasePath } = options;
  const uid = options.uid ?? process.getuid?.() ?? -1;
  const listsFolder = options.listsFolder ?? '/var/lib/apt/lists';
  const invalid = packages.find((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name));
  if (invalid !== undefined || packages.length === 0) throw new TypeError(`not a Debian package name: "${invalid}"`);
  const obstacle = obstacleToInstall({ env, uid, osReleasePath });
  if (obstacle !== undefined) throw aptError(packages, [obstacle]);
  const onWait = (/** @type {string} */ owner) => log(`waiting for process ${owner}, which is installing packages`);
  const lock = { maxWaitMs: APT_INSTALL_TIMEOUT_MS, onWait };
  await withFileLock(lockPath(root, 'apt'), lock, async () => {
    const startedAt = Date.now();
    log(`installing ${packages.join(' ')} with apt-get`);
    const tried = hasLists(listsFolder) ? [] : [await update(env)];
    let failure = await install(packages, env);
    if (failure !== undefined && tried.length === 0) {
      tried.push(failure, await update(env));
      failure = await install(packages, env);
    }
    if (failure !== undefined)
      throw aptError(
        packages,
        [...tried, failure].filter((line) => line !== undefined),
      );
    log(`installed ${packages.join(' ')} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  });
}

/**
 * @param {string} service
 * @returns {Promise<boolean>} whether installing its package leaves it stopped; a system's own is not for us to bring up
 */
export async function installsWithoutStarting(service) {
  if (!existsSync(POLICY)) return false;
  const answer = await runCommand(POLICY, [service, 'start'], { timeoutMs: POLICY_TIMEOUT_MS }).catch(() => undefined);
  return answer?.code === POLICY_FORBIDS;
}

/**
 * @param {{ env: NodeJS.ProcessEnv, uid: number, osReleasePath: string | undefined }} machine
 * @returns {string | undefined} why packages cannot be installed here
 */
function obstacleToInstall({ env, uid, osReleasePath }) {
  const { id, name } = readOsRelease(osReleasePath);
  if (id !== 'debian') return `this machine is ${name === '' ? 'not Debian' : name}, not Debian`;
  if (uid !== 0) return 'only root may install packages, and this is not root';
  return findOnPath('apt-get', env) === undefined ? 'apt-get is not on PATH' : undefined;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>} what went wrong
 */
function update(env) {
  return aptGet(['update'], { env, timeoutMs: APT_UPDATE_TIMEOUT_MS });
}

/**
 * @param {readonly string[]} packages
 * @param {NodeJS.ProcessEnv} env
 */
function install(packages, env) {
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  return aptGet(args, { env, timeoutMs: APT_INSTALL_TIMEOUT_MS });
}

/**
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, timeoutMs: number }} options
 * @returns {Promise<string | undefined>}
 */
async function aptGet(args, { env, timeoutMs }) {
  const all = ['-qq', `-oDPkg::Lock::Timeout=${DPKG_LOCK_SECONDS}`, '-oAcquire::Retries=2', ...args];
  const aptEnv = { ...env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const result = await runCommand('apt-get', all, { timeoutMs, env: aptEnv });
  if (result.code === 0 && !result.timedOut) return undefined;
  return `apt-get ${args.join(' ')} ${howItEnded(result, timeoutMs)}: ${lastWords(result)}`;
}

/** @param {string} folder */
function hasLists(folder) {
  try {
    return readdirSync(folder).some((name) => name.includes('_Packages'));
  } catch {
    // Unreadable lists are as good as none; `apt-get update` then says what is wrong with them.
    return false;
  }
}

/**
 * @param {readonly string[]} packages
 * @param {readonly string[]} tried
 */
function aptError(packages, tried) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  return new BootstrapError('ERR_BOOTSTRAP_APT', `could not install ${packages.join(' ')}`, {
    tried,
    mend: `sudo sh -c 'apt-get update && ${command}'`,
  });
}
