import { alignColumns } from '../bench/table.mjs';

/** @typedef {import('./suite.mjs').Result} Result */

/**
 * @param {Result} result
 * @returns {string}
 */
export function verdictOf({ ran, failed }) {
  if (!ran) return 'not run';
  return failed === 0 ? 'passed' : 'failed';
}

/**
 * @param {readonly Result[]} results
 * @returns {string} for a terminal
 */
export function renderTable(results) {
  const rows = results.map((it) => [
    it.suite,
    it.version,
    verdictOf(it),
    it.ran ? String(it.passed) : '-',
    it.ran ? String(it.failed) : '-',
    `${it.seconds} s`,
  ]);
  const lines = [alignColumns([['suite', 'version', 'verdict', 'passed', 'failed', 'time'], ...rows], 3)];
  for (const { suite, reason, unexplained, notes } of results) {
    const said = [
      ...(reason === undefined ? [] : [`not run: ${reason}`]),
      ...unexplained.map((line) => `! ${line}`),
      ...notes,
    ];
    if (said.length > 0) lines.push('', suite, ...said.map((line) => `  ${line}`));
  }
  return lines.join('\n');
}
