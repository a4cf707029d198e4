/** Failed specs named again below the table. */
const MAX_FAILURES = 10;
/**
 * @typedef {object} StepResult
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} durationMs
 * @property {string} [note] shown beside the counts
 * @property {readonly string[]} [failures] one line for each spec that failed, shown again below the table
 * @property {readonly string[]} [retried] one line for each spec whose first try failed, whatever came of the second
 */

/**
 * @param {StepResult} step
 * @param {string | undefined} note said beside what the step says itself
 * @returns {StepResult}
 */
export function withNote(step, note) {
  return note === undefined ? step : { ...step, note: step.note === undefined ? note : `${step.note}, ${note}` };
}

/**
 * @param {readonly StepResult[]} steps
 * @returns {string} a table of the steps, then what was tried twice and what failed: the end of a long output is what people see
 */
export function summarize(steps) {
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  const table = steps.map(({ name, passed, failed, skipped, durationMs, note }) => {
    const mark = failed > 0 ? 'FAIL' : 'ok  ';
    const seconds = `${(durationMs / 1000).toFixed(1)} s`.padStart(8);
    const counts = counted(passed, failed, skipped);
    return `${mark}  ${name.padEnd(width)}  ${seconds}  ${counts}${note === undefined ? '' : `  (${note})`}`;
  });
  const failures = steps.flatMap(({ failures: named = [] }) => named);
  const list = failures.slice(0, MAX_FAILURES).map((failure) => `failed: ${failure}`);
  const more = failures.length - list.length;
  const retried = steps.flatMap(({ retried: named = [] }) => named).map((spec) => `first try failed: ${spec}`);
  return [...table, ...retried, ...list, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/**
 * @param {readonly StepResult[]} steps
 * @returns {{ line: string, exitCode: 0 | 1 }} the last line of a run; a run that proved nothing has failed
 */
export function conclude(steps) {
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    steps.reduce((total, step) => total + step[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  return { line: counted(passed, failed, skipped), exitCode: failed > 0 || passed === 0 ? 1 : 0 };
}

/**
 * @param {number} passed
 * @param {number} failed
 * @param {number} skipped
 */
function counted(passed, failed, skipped) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
