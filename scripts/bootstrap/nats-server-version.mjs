import { isExecutable } from './project.mjs';
import { lastWords, runCommand } from './run-command.mjs';

/** Older hubs do not enforce the permissions of a leaf's credentials: a connector could then leave its group. */
export const MIN_NATS_SERVER_VERSION = '2.14.0';

/** The version fetched when none is found; tried with every spec. */
export const PINNED_NATS_SERVER_VERSION = '2.15.1';

const VERSION_TIMEOUT_MS = 10_000;

/** @typedef {import('./fetched-tool.mjs').Inspection} Inspection */

/**
 * @param {string} text output of `nats-server --version`, for example `nats-server: v2.15.1`
 * @returns {string | undefined} `2.15.1`, or `2.15.0-RC.1`
 */
export function parseNatsServerVersion(text) {
  return /nats-server:\s*v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)/.exec(text)?.[1];
}

/**
 * @param {string} version
 * @param {string} [min]
 * @returns {boolean} whether version is min or newer; a preview of a version comes before it, as in semver
 */
export function isAtLeast(version, min = MIN_NATS_SERVER_VERSION) {
  const [core = '', preview] = splitPreview(version);
  const have = core.split('.').map(Number);
  const want = min.split('.').map(Number);
  for (const [index, wanted] of want.entries()) {
    const part = have[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return preview === undefined;
}

/**
 * Runs the program to learn its version.
 * @param {string} path
 * @returns {Promise<Inspection>}
 */
export async function inspectNatsServer(path) {
  if (!isExecutable(path)) return { ok: false, reason: `${path} is absent or not executable` };
  const result = await runCommand(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS }).catch((error) => error);
  if (result instanceof Error) return { ok: false, reason: `${path} could not be started: ${result.message}` };
  const version = parseNatsServerVersion(`${result.stdout}\n${result.stderr}`);
  if (result.code !== 0 || version === undefined) {
    return { ok: false, reason: `${path} --version did not answer as a nats-server: ${lastWords(result, 1)}` };
  }
  if (!isAtLeast(version)) return { ok: false, reason: tooOld(path, version) };
  return { ok: true, path, version };
}

/**
 * @param {string} path
 * @param {string} version
 */
function tooOld(path, version) {
  const why = "older hubs do not enforce the permissions of a leaf's credentials";
  return `${path} is ${version}, expected ${MIN_NATS_SERVER_VERSION} or newer: ${why}`;
}

/** @param {string} version */
function splitPreview(version) {
  const dash = version.indexOf('-');
  return dash === -1 ? [version] : [version.slice(0, dash), version.slice(dash + 1)];
}
