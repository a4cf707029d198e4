import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMocha } from './mocha-process.mjs';

/** How long all specs of one kind may take. */
export const SPEC_TIMEOUT_MS = { unit: 5 * 60_000, broker: 15 * 60_000, journey: 45 * 60_000 };

/** How long mocha may take to end by itself after its last spec, and how long its child processes may. */
export const EXIT_GRACE_MS = 15_000;

const REPORTER = fileURLToPath(new URL('./counting-reporter.cjs', import.meta.url));

/** @typedef {'unit' | 'broker' | 'journey'} SpecKind */
/** @typedef {{ passed: number, failed: number, skipped: number, failures?: readonly string[], open?: readonly string[] }} Counts as the reporter writes them */

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
    const args = mochaArguments({ root, kind, files, grep, results, lookAfterMs: exitGraceMs / 2 });
    const problems = await runMocha({
      root,
      args,
      env,
      write,
      isDone: () => readCounts(results) !== undefined,
      listOpen: () => readCounts(results)?.open ?? [],
      timeoutMs,
      exitGraceMs,
    });
    const counts = readCounts(results);
    const note = [...problems, ...(counts === undefined ? ['mocha wrote no results'] : [])].join(', ');
    const { passed = 0, failed = 0, skipped = 0, failures: named = [] } = counts ?? {};
    // A problem counts only where no spec has failed for it: one cause, one failure.
    const failures = failed === 0 && note !== '' ? 1 : failed;
    const durationMs = Date.now() - startedAt;
    const step = {
      name,
      passed,
      failed: failures,
      skipped,
      durationMs,
      ...(named.length > 0 ? { failures: named } : {}),
    };
    return note === '' ? step : { ...step, note };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Node options and timeout come from .mocharc.json, so that `npx mocha FILE` runs a spec the same way; its list of
 * specs must not be merged in, hence --no-config.
 * @param {{ root: string, kind: SpecKind, files: readonly string[], grep: string | undefined, results: string, lookAfterMs: number }} options
 */
function mochaArguments({ root, kind, files, grep, results, lookAfterMs }) {
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
    `--reporter-option=lookAfterMs=${lookAfterMs}`,
    `--reporter-option=base=${base}`,
    ...(process.stdout.isTTY ? ['--color'] : []),
    ...(grep === undefined ? [] : ['--fgrep', grep]),
    ...files,
  ];
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
