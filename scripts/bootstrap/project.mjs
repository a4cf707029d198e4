import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BootstrapError } from './failure.mjs';

/** The project's folder, wherever the command was started from. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The oldest Node.js that is supported (package.json, engines). */
export const MIN_NODE = [20, 18, 1];

/** @typedef {(line: string) => void} Log */

/**
 * Progress goes to stderr: stdout belongs to whoever reads `--json`.
 * @type {Log}
 */
export function logToStderr(line) {
  process.stderr.write(`sallyport: ${line}\n`);
}

/**
 * @param {string} root
 * @param {string} name
 * @returns {string} the lock file of one bootstrap step; outside node_modules and dist, which the steps replace
 */
export function lockPath(root, name) {
  return join(root, '.cache', 'bootstrap', `${name}.lock`);
}

/**
 * @param {string} path
 * @returns {boolean} whether it is a file this process may execute
 */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Absent, unreadable or a broken link: all mean it cannot be run, and the caller says so.
    return false;
  }
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]} every executable of that name on PATH, in order
 */
export function findAllOnPath(name, env) {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).filter(isExecutable);
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findOnPath(name, env) {
  return findAllOnPath(name, env)[0];
}

/**
 * @param {string} [path]
 * @returns {{ id: string, codename: string, name: string }} of os-release(5); empty strings when the file is absent
 */
export function readOsRelease(path = '/etc/os-release') {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // No os-release (macOS, minimal containers): not Debian, which the empty id says.
  }
  /** @param {string} key */
  const value = (key) => new RegExp(`^${key}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1] ?? '';
  return { id: value('ID'), codename: value('VERSION_CODENAME'), name: value('PRETTY_NAME') };
}

/**
 * @param {string} version for example `20.18.1`
 * @returns {boolean}
 */
export function isSupportedNode(version) {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, min] of MIN_NODE.entries()) {
    const part = parts[index] ?? 0;
    if (part !== min) return part > min;
  }
  return true;
}

/** @throws {BootstrapError} ERR_BOOTSTRAP_NODE when this Node.js is older than the project supports */
export function requireSupportedNode() {
  if (isSupportedNode(process.versions.node)) return;
  const expected = MIN_NODE.join('.');
  throw new BootstrapError(
    'ERR_BOOTSTRAP_NODE',
    `node ${process.versions.node} is too old, expected ${expected} or newer`,
    { mend: 'nvm install 22' },
  );
}

/**
 * While preparing, a signal ends this process and with it the commands it started.
 * @returns {() => void} gives the signals back to whoever comes next
 */
export function exitOnSignal() {
  const onInterrupt = () => process.exit(130);
  const onTerminate = () => process.exit(143);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return () => {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onTerminate);
  };
}
