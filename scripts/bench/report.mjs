import { maxByName, medianByName, rounded, spreadOf } from './statistics.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./cases.mjs').Sample} Sample
 * @typedef {import('./rounds.mjs').Outcome} Outcome
 */

/**
 * One target in one case. `measured` has all numbers; `invalid` has them too, but they do not count, for the reason given;
 * the others have a reason alone.
 * @typedef {object} TargetResult
 * @property {'measured' | 'invalid' | 'failed' | 'missing' | 'not-run'} status
 * @property {string} [reason]
 * @property {number} [median]
 * @property {number} [min]
 * @property {number} [max]
 * @property {number[]} [samples] in the order of the rounds
 * @property {number} [p50Ms] median of the rounds
 * @property {number} [p99Ms] median of the rounds
 * @property {number} [errors] of all rounds
 * @property {Record<string, number>} [cpuMicrosecondsPerRequest] median by process
 * @property {Record<string, number>} [cpuMicrosecondsPerMB] median by process
 * @property {Record<string, number>} [memoryGrowthMib] greatest by process
 * @property {Record<string, number>} [residentMib] by process
 * @property {Record<string, number>} [proportionalMib] by process
 */

/**
 * @typedef {object} CaseResult
 * @property {string} name
 * @property {string} unit
 * @property {Record<string, TargetResult>} targets
 */

/** A target that never came so far as to be measured. @typedef {{ name: string, status: 'failed' | 'missing' | 'not-run', reason: string }} Absence */

/** What is divided by what, of every case in which more is better. */
const RATIOS = [
  ['sallyport-signed-in', 'nginx-ssh'],
  ['sallyport-passthrough', 'nginx-ssh'],
  ['sallyport-signed-in', 'sallyport-passthrough'],
  ['sallyport-signed-in', 'direct'],
  ['nginx-ssh', 'direct'],
];
const MORE_IS_BETTER = new Set(['requests/s', 'MB/s']);

/**
 * @param {readonly Case[]} cases
 * @param {Map<string, Map<string, Outcome>>} outcomes
 * @param {readonly Absence[]} absent
 * @returns {CaseResult[]}
 */
export function reportCases(cases, outcomes, absent) {
  return cases.flatMap((one) =>
    one.reports.map(({ name, unit }, index) => {
      const measured = [...(outcomes.get(one.name) ?? [])].map(
        ([target, outcome]) => /** @type {const} */ ([target, reportTarget(one, name, outcome, index === 0)]),
      );
      const others = absent.map(
        ({ name: target, status, reason }) => /** @type {const} */ ([target, { status, reason }]),
      );
      return { name, unit, targets: Object.fromEntries([...measured, ...others]) };
    }),
  );
}

/**
 * @param {Case} one
 * @param {string} name
 * @param {Outcome} outcome
 * @param {boolean} isDetailed the first of the numbers a case yields carries the details
 * @returns {TargetResult}
 */
function reportTarget(one, name, { samples, failure }, isDetailed) {
  if (failure !== undefined) return { status: 'failed', reason: failure };
  if (samples.length === 0) return { status: 'failed', reason: 'no round was run' };
  const invalid = samples.find((sample) => sample.invalid !== undefined)?.invalid;
  const values = samples.map((sample) => rounded(sample.values[name] ?? 0, 2));
  const { median, min, max } = spreadOf(values);
  return {
    status: invalid === undefined ? 'measured' : 'invalid',
    ...(invalid === undefined ? {} : { reason: invalid }),
    median: rounded(median, 2),
    min,
    max,
    samples: values,
    ...(isDetailed ? details(one, samples) : {}),
  };
}

/**
 * @param {Case} one
 * @param {readonly Sample[]} samples
 * @returns {Partial<TargetResult>}
 */
function details({ cpuUnit }, samples) {
  const figures = listed(samples, 'figures');
  const cpu = roundAll(medianByName(listed(samples, 'cpuMicroseconds')));
  const growth = roundAll(maxByName(listed(samples, 'memoryGrowthMib')));
  const resident = roundAll(medianByName(listed(samples, 'residentMib')));
  const proportional = roundAll(medianByName(listed(samples, 'proportionalMib')));
  return {
    ...(figures.length > 0 ? roundAll(medianByName(figures), 3) : {}),
    ...(samples[0]?.errors === undefined
      ? {}
      : { errors: samples.reduce((total, sample) => total + (sample.errors ?? 0), 0) }),
    ...(cpuUnit === 'request' ? { cpuMicrosecondsPerRequest: cpu } : {}),
    ...(cpuUnit === 'MB' ? { cpuMicrosecondsPerMB: cpu, memoryGrowthMib: growth } : {}),
    ...(cpuUnit === '' ? { residentMib: resident, proportionalMib: proportional } : {}),
  };
}

/**
 * @param {readonly Sample[]} samples
 * @param {'figures' | 'cpuMicroseconds' | 'memoryGrowthMib' | 'residentMib' | 'proportionalMib'} key
 * @returns {Record<string, number>[]} of the samples that have it
 */
function listed(samples, key) {
  return samples.map((sample) => sample[key]).filter((numbers) => numbers !== undefined);
}

/**
 * @param {Record<string, number>} numbers
 * @param {number} [digits]
 */
function roundAll(numbers, digits = 1) {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, rounded(value, digits)]));
}

/**
 * Medians divided, by case and then by `target/target`. Only of numbers that count.
 * @param {readonly CaseResult[]} cases
 * @returns {Record<string, Record<string, number>>}
 */
export function reportRatios(cases) {
  const entries = cases
    .filter(({ unit }) => MORE_IS_BETTER.has(unit))
    .map(({ name, targets }) => {
      const ratios = RATIOS.flatMap(([upper = '', lower = '']) => {
        const [above, below] = [targets[upper], targets[lower]];
        if (above?.status !== 'measured' || below?.status !== 'measured') return [];
        if (above.median === undefined || !below.median) return [];
        return [[`${upper}/${lower}`, rounded(above.median / below.median, 3)]];
      });
      return /** @type {const} */ ([name, Object.fromEntries(ratios)]);
    });
  return Object.fromEntries(entries.filter(([, ratios]) => Object.keys(ratios).length > 0));
}
