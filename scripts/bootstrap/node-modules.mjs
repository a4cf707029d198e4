import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootstrapError } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { lockPath, logToStderr, PROJECT_ROOT } from './project.mjs';
import { howItEnded, lastWords, runCommand } from './run-command.mjs';

/** How long `npm ci` may take; a slow link and a cold cache were measured at about two minutes. */
export const NPM_CI_TIMEOUT_MS = 15 * 60_000;

/** How much of npm's explanation is shown. */
const MAX_NPM_LINES = 10;

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
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, optionalDependencies?: Record<string, string> }>}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch {
    // An unreadable record proves nothing: an empty one never matches, so `npm ci` follows and reports the cause.
    return {};
  }
}

const NPM_OPTIONS = ['--include=dev', '--no-audit', '--no-fund', '--progress=false', '--loglevel=error'];

/**
 * @param {{ root: string, env: NodeJS.ProcessEnv, log: import('./project.mjs').Log, timeoutMs: number }} options
 */
async function installPackages(options) {
  const { root, log, timeoutMs } = options;
  const startedAt = Date.now();
  log('installing packages with npm ci (first start, or package-lock.json changed)');
  let command = 'npm ci';
  let result = await npm(['ci'], options);
  if (result.code !== 0 && lacksOnlyOptionalPackages(result.stderr, readPackages(join(root, 'package-lock.json')))) {
    // Written by an npm whose registry did not carry the builds for every platform. Everything else comes from the
    // lock file as it stands, checksums included, and --no-save leaves the file as it is.
    log('package-lock.json names no builds for some other platforms; installing with npm install --no-save instead');
    command = 'npm install --no-save';
    result = await npm(['install', '--no-save'], options);
  }
  if (result.code !== 0 || result.timedOut) {
    throw new BootstrapError('ERR_BOOTSTRAP_NPM_CI', `${command} ${howItEnded(result, timeoutMs)}`, {
      tried: [whatNpmSaid(result)],
      mend: `cd ${root} && ${command}`,
    });
  }
  log(`packages installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/**
 * @param {readonly string[]} command
 * @param {{ root: string, env: NodeJS.ProcessEnv, timeoutMs: number }} options
 */
async function npm(command, { root, env, timeoutMs }) {
  const options = { cwd: root, env, timeoutMs };
  return runCommand('npm', [...command, ...NPM_OPTIONS], options).catch((cause) => {
    throw new BootstrapError('ERR_BOOTSTRAP_NPM_CI', `npm could not be started: ${cause.message}`, {
      mend: 'apt-get install -y npm',
      cause,
    });
  });
}

/**
 * Whether `npm ci` refused the lock file for nothing but packages that a locked package calls optional.
 * @param {string} stderr of `npm ci`
 * @param {ReturnType<typeof readPackages>} packages of the lock file
 * @returns {boolean}
 */
export function lacksOnlyOptionalPackages(stderr, packages) {
  const complaints = stderr.split('\n').flatMap((line) => /(?:Missing|Invalid): .*/.exec(line)?.[0] ?? []);
  const optional = new Set(Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {})));
  return (
    complaints.length > 0 &&
    complaints.every((line) => optional.has(/^Missing: (@?[^@\s]+)@\S* from lock file$/.exec(line)?.[1] ?? ''))
  );
}

/**
 * npm puts the cause first and, when it was called wrongly, its manual behind it.
 * @param {import('./run-command.mjs').CommandResult} result
 */
function whatNpmSaid({ stdout, stderr }) {
  const lines = stderr.split('\n').filter((line) => !/^(npm error ?|npm warn .*)?$/.test(line.trimEnd()));
  return lastWords({ stdout, stderr: lines.slice(0, MAX_NPM_LINES).join('\n') }, MAX_NPM_LINES);
}
