/**
 * @typedef {object} StepResult
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} durationMs
 * @property {string} [note] shown beside the counts
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
 * @returns {string} a table of the steps
 */
export function summarize(steps) {
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  return steps
    .map(({ name, passed, failed, skipped, durationMs, note }) => {
      const mark = failed > 0 ? 'FAIL' : 'ok  ';
      const seconds = `${(durationMs / 1000).toFixed(1)} s`.padStart(8);
      const counts = counted(passed, failed, skipped);
      return `${mark}  ${name.padEnd(width)}  ${seconds}  ${counts}${note === undefined ? '' : `  (${note})`}`;
    })
    .join('\n');
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
