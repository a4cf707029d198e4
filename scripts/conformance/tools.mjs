import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, installsWithoutStarting } from '../bootstrap/apt-install.mjs';
import { BootstrapError } from '../bootstrap/failure.mjs';
import { findOnPath, isExecutable, PROJECT_ROOT } from '../bootstrap/project.mjs';
import { howItEnded, lastWords, runCommand } from '../bootstrap/run-command.mjs';
import { SuiteUnavailable } from './suite.mjs';

const NPM_TIMEOUT_MS = 5 * 60_000;
const QUERY_TIMEOUT_MS = 10_000;
/** Where programs lie that only administrators run; not on everybody's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/**
 * Finds a program, and installs its Debian package when it is missing and this is root on Debian.
 * @param {string} program
 * @param {readonly string[]} packages
 * @param {{ env: NodeJS.ProcessEnv, startsService?: boolean }} options a package that starts a service is installed only
 * where packages may not
 * @returns {Promise<string>} its path
 * @throws {SuiteUnavailable} with the command that mends it
 */
export async function requireProgram(program, packages, { env, startsService = false }) {
  const found = findProgram(program, env);
  if (found !== undefined) return found;
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (startsService && !(await installsWithoutStarting(program)))
    throw new SuiteUnavailable(`${program} is missing; to run this suite: ${command}`);
  try {
    await aptInstall(packages, { env });
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    throw new SuiteUnavailable(`${program} is missing and ${error.tried.join('; ')}; to run this suite: ${command}`);
  }
  const installed = findProgram(program, env);
  if (installed === undefined) throw new SuiteUnavailable(`${packages.join(' ')} brought no ${program}`);
  return installed;
}

/**
 * @param {string} program
 * @param {NodeJS.ProcessEnv} env
 */
function findProgram(program, env) {
  return findOnPath(program, env) ?? SYSTEM_FOLDERS.map((folder) => join(folder, program)).find(isExecutable);
}

/**
 * @param {string} name of a Debian package
 * @returns {Promise<string>} its version, or "unknown"
 */
export async function debianVersion(name) {
  const args = ['-W', '-f', `$\{Version}`, name];
  const answer = await runCommand('dpkg-query', args, { timeoutMs: QUERY_TIMEOUT_MS }).catch(() => undefined);
  return answer?.code === 0 ? answer.stdout.trim() : 'unknown';
}

/**
 * @typedef {object} NpmPackage
 * @property {string} name
 * @property {string} version
 * @property {Readonly<Record<string, string>>} [overrides]
 */

/**
 * Installs one npm package, without running its scripts, into a folder of its own below `.cache/conformance/`; kept for
 * the next run. Never among the project's dependencies.
 * @param {NpmPackage} wanted
 * @returns {Promise<string>} the folder of the package
 * @throws {SuiteUnavailable}
 */
export async function requireNpmPackage({ name, version, overrides = {} }) {
  const folder = join(PROJECT_ROOT, '.cache', 'conformance', `${name}-${version}`);
  const installed = join(folder, 'node_modules', name);
  if (versionOf(installed) === version) return installed;
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { [name]: version }, overrides };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  const run = await runCommand('npm', args, { timeoutMs: NPM_TIMEOUT_MS });
  if (run.code === 0 && versionOf(installed) === version) return installed;
  throw new SuiteUnavailable(
    `npm install ${name}@${version} ${howItEnded(run, NPM_TIMEOUT_MS)}: ${lastWords(run)}; to try again: npm install --prefix ${join('.cache', 'conformance', `${name}-${version}`)} ${name}@${version}`,
  );
}

/**
 * @param {string} folder
 * @returns {string | undefined}
 */
function versionOf(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    // Not installed, or broken off in the middle: both mean that it has to be installed.
    return undefined;
  }
}
