// Mocha loads reporters with require, so this one file is CommonJS. Options: `results` (where the counts go, as JSON)
// and `base` (the built-in reporter that speaks to the person).
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/**
 * @param {import('mocha').Runner} runner
 * @param {import('mocha').MochaOptions & { reporterOption?: Record<string, string> }} options
 */
module.exports = function CountingReporter(runner, options) {
  const { results, base } = options.reporterOption ?? {};
  if (results === undefined) throw new TypeError('the reporter option "results" is missing');
  const Base = base === 'Spec' ? reporters.Spec : reporters.Dot;
  new Base(runner, options);
  runner.once('end', () => {
    const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
    writeFileSync(results, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
  });
};
