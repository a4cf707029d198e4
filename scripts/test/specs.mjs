import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMocha } from './mocha-process.mjs';

/** How long all specs of one kind may take. */
export const SPEC_TIMEOUT_MS = { unit: 5 * 60_000, broker: 15 * 60_000, journey: 45 * 60_000 };

/**
 * Mocha processes side by side. Journeys start whole systems and measure time: a second one beside them would make both
 * depend on the machine's mood. Broker specs mostly wait.
 */
const PROCESSES = { unit: 2, broker: 3, journey: 1 };

/** How long mocha may take to end by itself after its last spec, and how long its child processes may. */
export const EXIT_GRACE_MS = 15_000;

const REPORTER = fileURLToPath(new URL('./counting-reporter.cjs', import.meta.url));

/** @typedef {'unit' | 'broker' | 'journey'} SpecKind */
/**
 * Specs with real processes and clocks may be starved by whatever else runs on the machine, and get a second try, which the
 * summary tells. Unit specs get none.
 */
const RETRIES = { unit: 0, broker: 1, journey: 1 };
/** @typedef {{ passed: number, failed: number, skipped: number, failures?: readonly string[], retried?: readonly string[], open?: readonly string[] }} Counts as the reporter writes them */

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
 * Runs the specs of one kind in as many mocha processes as PROCESSES says. Fails, beyond a failing spec: no spec files, a
 * mocha that dies or hangs, and processes that the specs left running.
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
  const { root, kind, write } = options;
  const startedAt = Date.now();
  const files = listSpecs(root, kind);
  const name = `${kind} specs`;
  if (files.length === 0) {
    return { name, passed: 0, failed: 1, skipped: 0, durationMs: 0, note: `no spec/**/*.${kind}.spec.ts found` };
  }
  const shares = share(files, PROCESSES[kind]);
  // The first one is seen live, the others when all have ended: their lines would mix.
  const kept = shares.map(() => /** @type {string[]} */ ([]));
  const writers = kept.map((texts, index) =>
    index === 0 ? write : (/** @type {string} */ text) => void texts.push(text),
  );
  const runs = await Promise.all(
    shares.map((own, index) => runShare({ ...options, files: own, write: writers[index] ?? write })),
  );
  for (const texts of kept) if (texts.length > 0) write(texts.join(''));
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) => runs.reduce((total, run) => total + run[key], 0);
  const notes = runs.flatMap(({ note }) => (note === '' ? [] : [note]));
  const failures = runs.flatMap(({ failures: named }) => named);
  const retried = runs.flatMap(({ retried: named }) => named);
  return {
    name,
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    durationMs: Date.now() - startedAt,
    ...(failures.length > 0 ? { failures } : {}),
    ...(retried.length > 0 ? { retried } : {}),
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}

/**
 * @param {readonly string[]} files
 * @param {number} count
 * @returns {string[][]} none of them empty; neighbours, which are of one kind, go to different ones
 */
function share(files, count) {
  const shares = Array.from({ length: Math.min(count, files.length) }, () => /** @type {string[]} */ ([]));
  for (const [index, file] of files.entries()) shares[index % shares.length]?.push(file);
  return shares;
}

/**
 * One mocha process; its specs run one after the other.
 * @param {Parameters<typeof runSpecs>[0] & { files: readonly string[] }} options
 */
async function runShare(options) {
  const { root, kind, files, env, grep, write } = options;
  const { timeoutMs = SPEC_TIMEOUT_MS[kind], exitGraceMs = EXIT_GRACE_MS } = options;
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
    const { passed = 0, failed = 0, skipped = 0, failures = [], retried = [] } = counts ?? {};
    // A problem counts only where no spec has failed for it: one cause, one failure.
    return { passed, failed: failed === 0 && note !== '' ? 1 : failed, skipped, failures, retried, note };
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
    `--retries=${RETRIES[kind]}`,
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
