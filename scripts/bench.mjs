#!/usr/bin/env node
// Measures Sallyport beside what people use today, in one run on this machine: see docs/performance.md. Progress goes to
// stderr, the table to stdout. Everything it starts listens on 127.0.0.1 and ends with it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBenchArguments, USAGE } from './bench/arguments.mjs';
import { describeFailure } from './bootstrap/failure.mjs';
import { ensureNodeModules } from './bootstrap/node-modules.mjs';
import { UsageError } from './bootstrap/options.mjs';
import { logToStderr, PROJECT_ROOT, requireSupportedNode } from './bootstrap/project.mjs';
import { stopOnSignal } from './bootstrap/stop-on-signal.mjs';

const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 69 };

/**
 * @param {import('./bench/arguments.mjs').BenchOptions} options
 * @returns {Promise<number>} exit code
 */
async function bench(options) {
  requireSupportedNode();
  await ensureNodeModules();
  // Only now are there packages for what these import.
  const { judgeBars } = await import('./bench/bars.mjs');
  const { FULL, listCases, QUICK } = await import('./bench/cases.mjs');
  const { Children } = await import('./bench/children.mjs');
  const { describeMachine, readCommit } = await import('./bench/machine.mjs');
  const { reportCases, reportRatios } = await import('./bench/report.mjs');
  const { runRounds } = await import('./bench/rounds.mjs');
  const { renderResult } = await import('./bench/table.mjs');
  const { ensureLoadTools } = await import('./bench/tools.mjs');
  const { createSparseFile } = await import('./bench/sparse-file.mjs');
  const { startWorld } = await import('./bench/world.mjs');
  await ensureLoadTools(process.env);
  const machine = describeMachine();
  const commit = await readCommit(PROJECT_ROOT);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  // nginx and sshd run as another user and must reach their own folder below this one.
  chmodSync(folder, 0o711);
  const children = new Children();
  const cleanUp = async () => {
    await children.stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  stopOnSignal(cleanUp);
  try {
    const size = options.isQuick ? QUICK : FULL;
    const { targets, absent, ...means } = await startWorld({ folder, children, env: process.env, log: logToStderr });
    const loadFolder = join(folder, 'load');
    const uploadFile = createSparseFile(loadFolder, 'upload', size.bytes);
    const cases = listCases(
      { ...size, uploadFile },
      { ...means, folder: loadFolder, children, log: logToStderr },
      options,
    );
    const outcomes = await runRounds({ targets, cases, rounds: options.rounds, log: logToStderr });
    const results = reportCases(cases, outcomes, absent);
    const result = {
      machine,
      commit,
      rounds: options.rounds,
      cases: results,
      ratios: reportRatios(results),
      // The bars are about full sizes.
      bars: options.isQuick ? [] : judgeBars(results),
    };
    process.stdout.write(`\n${renderResult(result)}\n`);
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(result, null, 2)}\n`);
    const isWhole = results.every(({ targets: all }) =>
      Object.values(all).every(({ status }) => status !== 'failed' && status !== 'invalid'),
    );
    return isWhole ? EXIT.ok : EXIT.failed;
  } finally {
    await cleanUp();
  }
}

try {
  const options = parseBenchArguments(process.argv.slice(2));
  if ('help' in options) process.stdout.write(USAGE);
  else process.exitCode = await bench(options);
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(isUsage ? `sallyport: ${error.message}\n\n${USAGE}` : `sallyport: ${describeFailure(error)}\n`);
  process.exitCode = isUsage ? EXIT.usage : EXIT.unavailable;
}
