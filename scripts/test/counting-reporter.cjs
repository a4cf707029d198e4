// Mocha loads reporters with require, so this one file is CommonJS. Options: `results` (where the counts go, as JSON, with
// one line for each failure and for each first try that failed),
// `base` (the built-in reporter that speaks to the person) and `lookAfterMs` (how long after the last spec an event loop
// that still lives is asked what keeps it; the answer joins the counts as `open`).
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

const MAX_FAILURE_CHARACTERS = 1_000;

/**
 * @param {import('mocha').Runner} runner
 * @param {import('mocha').MochaOptions & { reporterOption?: Record<string, string> }} options
 */
module.exports = function CountingReporter(runner, options) {
  const { results, base, lookAfterMs } = options.reporterOption ?? {};
  if (results === undefined) throw new TypeError('the reporter option "results" is missing');
  const Base = base === 'Spec' ? reporters.Spec : reporters.Dot;
  new Base(runner, options);
  /** @type {string[]} */
  const failures = [];
  runner.on('fail', (test, error) => failures.push(describe(test, error)));
  /** @type {string[]} */
  const retried = [];
  runner.on('retry', (test, error) => retried.push(describe(test, error)));
  runner.once('end', () => {
    const { passes = 0, failures: failed = 0, pending = 0 } = runner.stats ?? {};
    const counts = { passed: passes, failed, skipped: pending, failures, retried };
    writeFileSync(results, JSON.stringify(counts));
    const look = () => writeFileSync(results, JSON.stringify({ ...counts, open: listOpen() }));
    setTimeout(look, Number(lookAfterMs)).unref();
  });
};

/** @param {import('mocha').Runnable} test @param {unknown} error */
function describe(test, error) {
  const said = error instanceof Error ? error.message : String(error);
  return `${test.fullTitle()}: ${said}`.replaceAll(/\s+/g, ' ').slice(0, MAX_FAILURE_CHARACTERS);
}

/** What keeps the event loop alive, without stdout and stderr: two pipes to the runner, made by Node at first use. */
function listOpen() {
  const own = [process.stdout, process.stderr];
  const names = process.getActiveResourcesInfo();
  const others = names.filter((name) => name !== 'PipeWrap');
  const pipes = names.length - others.length - own.length;
  return [...others, ...Array.from({ length: Math.max(pipes, 0) }, () => 'PipeWrap')];
}
