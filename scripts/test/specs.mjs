import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long all specs of one kind may take. */
export const SPEC_TIMEOUT_MS = { unit: 5 * 60_000, broker: 15 * 60_000, journey: 45 * 60_000 };

/** How long mocha may take to end by itself after its last spec, and how long its child processes may. */
export const EXIT_GRACE_MS = 15_000;
const POLL_MS = 50;

const REPORTER = fileURLToPath(new URL('./counting-reporter.cjs', import.meta.url));

/** @typedef {'unit' | 'broker' | 'journey'} SpecKind */
/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} root
 * @param {SpecKind} kind
 * @returns {string[]} paths relative to root
 */
export function listSpecs(root, kind) {
  const names = readdirSync(join(root, 'spec'), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(`.${kind}.spec.ts`))
    .sort()
    .map((name) => join('spec', name));
}

/**
 * Runs the specs of one kind, one after the other in one mocha process: they start servers and measure time, and a
 * second process beside them would make both depend on the machine's mood. Fails, beyond a failing spec: no spec files,
 * a mocha that dies or hangs, and processes that the specs left running.
 * @param {object} options
 * @param {string} options.root
 * @param {SpecKind} options.kind
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string | undefined} options.grep
 * @param {(text: string) => void} options.write
 * @param {number} [options.timeoutMs]
 * @param {number} [options.exitGraceMs]
 * @returns {Promise<import('./summary.mjs').StepResult>}
 */
export async function runSpecs(options) {
  const { root, kind, env, grep, write, timeoutMs = SPEC_TIMEOUT_MS[kind], exitGraceMs = EXIT_GRACE_MS } = options;
  const startedAt = Date.now();
  const files = listSpecs(root, kind);
  const name = `${kind} specs`;
  if (files.length === 0) {
    return { name, passed: 0, failed: 1, skipped: 0, durationMs: 0, note: `no spec/**/*.${kind}.spec.ts found` };
  }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-specs-'));
  try {
    const results = join(folder, 'results.json');
    const args = mochaArguments({ root, kind, files, grep, results });
    const problems = await runMocha({ root, args, env, results, write, timeoutMs, exitGraceMs });
    const counts = readCounts(results);
    const note = [...problems, ...(counts === undefined ? ['mocha wrote no results'] : [])].join(', ');
    const { passed = 0, failed = 0, skipped = 0 } = counts ?? {};
    // A problem counts only where no spec has failed for it: one cause, one failure.
    const failures = failed === 0 && note !== '' ? 1 : failed;
    const step = { name, passed, failed: failures, skipped, durationMs: Date.now() - startedAt };
    return note === '' ? step : { ...step, note };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Node options and timeout come from .mocharc.json, so that `npx mocha FILE` runs a spec the same way; its list of
 * specs must not be merged in, hence --no-config.
 * @param {{ root: string, kind: SpecKind, files: readonly string[], grep: string | undefined, results: string }} options
 */
function mochaArguments({ root, kind, files, grep, results }) {
  const config = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8'));
  const base = kind === 'unit' ? 'Dot' : 'Spec';
  return [
    ...config['node-option'].map((/** @type {string} */ option) => `--${option}`),
    join('node_modules', 'mocha', 'bin', 'mocha.js'),
    '--no-config',
    `--timeout=${config.timeout}`,
    '--forbid-only',
    `--reporter=${relative(root, REPORTER)}`,
    `--reporter-option=results=${results}`,
    `--reporter-option=base=${base}`,
    ...(process.stdout.isTTY ? ['--color'] : []),
    ...(grep === undefined ? [] : ['--fgrep', grep]),
    ...files,
  ];
}

/**
 * @param {object} options
 * @param {string} options.root
 * @param {readonly string[]} options.args
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} options.results
 * @param {(text: string) => void} options.write
 * @param {number} options.timeoutMs
 * @param {number} options.exitGraceMs
 * @returns {Promise<string[]>} what went wrong beyond failing specs
 */
async function runMocha({ root, args, env, results, write, timeoutMs, exitGraceMs }) {
  // Its own process group, so that whatever the specs leave behind can be found and ended. Pipes, so that a process
  // left behind holds them and not the stdout of whoever waits for this run to end.
  const child = spawn(process.execPath, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.setEncoding('utf8').on('data', write);
  child.stderr.setEncoding('utf8').on('data', write);
  const endGroup = () => signalGroup(child.pid, 'SIGKILL');
  process.once('exit', endGroup);
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(`mocha could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal === null ? code : `mocha was ended by ${signal}`));
  });
  const problems = [];
  const deadline = Date.now() + timeoutMs;
  /** @type {number | undefined} */
  let finishedAt;
  let outcome = await Promise.race([exited, wait(POLL_MS)]);
  while (outcome === undefined && problems.length === 0) {
    outcome = await Promise.race([exited, wait(POLL_MS)]);
    if (finishedAt === undefined && readCounts(results) !== undefined) finishedAt = Date.now();
    if (Date.now() > deadline) problems.push(`not done within ${timeoutMs} ms`);
    if (finishedAt !== undefined && Date.now() > finishedAt + exitGraceMs) {
      problems.push(`mocha did not exit within ${exitGraceMs} ms of its last spec: a spec left something open`);
    }
  }
  if (typeof outcome === 'string') problems.push(outcome);
  if (typeof outcome === 'number' && outcome !== 0) problems.push(`mocha exited with ${outcome}`);
  if (outcome !== undefined && (await isGroupAliveAfter(child.pid, exitGraceMs))) {
    problems.push('specs left processes running');
  }
  endGroup();
  process.removeListener('exit', endGroup);
  child.stdout.destroy();
  child.stderr.destroy();
  return problems;
}

/**
 * @param {number | undefined} groupId
 * @param {number} graceMs
 */
async function isGroupAliveAfter(groupId, graceMs) {
  const deadline = Date.now() + graceMs;
  while (signalGroup(groupId, 0)) {
    if (Date.now() > deadline) return true;
    await wait(POLL_MS);
  }
  return false;
}

/**
 * @param {number | undefined} groupId
 * @param {NodeJS.Signals | 0} signal
 * @returns {boolean} whether there was a process to receive it
 */
function signalGroup(groupId, signal) {
  if (groupId === undefined) return false;
  try {
    process.kill(-groupId, signal);
    return true;
  } catch {
    // ESRCH: nobody is left, which is what the answer says.
    return false;
  }
}

/**
 * @param {string} path
 * @returns {Counts | undefined}
 */
function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // Not written yet, or never: the caller decides what that means.
    return undefined;
  }
}
