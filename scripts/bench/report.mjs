import { maxByName, medianByName, rounded, spreadOf } from './statistics.mjs';

/**
 * @typedef {import('./cases/case.mjs').Case} Case
 * @typedef {import('./cases/case.mjs').Sample} Sample
 * @typedef {import('./cases/case.mjs').Report} Report
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

/** What is divided by what. */
const RATIOS = [
  ['sallyport-signed-in', 'nginx-ssh'],
  ['sallyport-passthrough', 'nginx-ssh'],
  ['sallyport-signed-in', 'sallyport-passthrough'],
  ['sallyport-signed-in', 'direct'],
  ['nginx-ssh', 'direct'],
  ['sallyport-signed-in', 'frp'],
  ['sallyport-signed-in', 'chisel'],
];
/** What the others add something to. */
const BASE = 'direct';
/** Rates, of which more is better, and times and costs, of which less is. */
const DIVIDED_UNITS = new Set(['requests/s', 'MB/s', 'µs', 'ms', 'µs/request']);

/**
 * @param {readonly Case[]} cases
 * @param {Map<string, Map<string, Outcome>>} outcomes
 * @param {readonly Absence[]} absent
 * @returns {CaseResult[]}
 */
export function reportCases(cases, outcomes, absent) {
  const others = absent.map(({ name: target, status, reason }) => /** @type {const} */ ([target, { status, reason }]));
  return cases.flatMap((one) => {
    const byTarget = outcomes.get(one.name) ?? new Map();
    return one.reports.map((report, index) => {
      const present = [...byTarget].filter(([target]) => report.addedTo === undefined || target !== BASE);
      const results = present.map(
        ([target, outcome]) =>
          /** @type {const} */ ([
            target,
            { ...reportTarget(report, outcome, byTarget.get(BASE)), ...(index === 0 ? details(one, outcome) : {}) },
          ]),
      );
      return { name: report.name, unit: report.unit, targets: Object.fromEntries([...results, ...others]) };
    });
  });
}

/**
 * @param {Report} report
 * @param {Outcome} outcome
 * @param {Outcome | undefined} base what `direct` had, for what is added to it
 * @returns {TargetResult}
 */
function reportTarget({ name, addedTo }, { samples, failure, notRun }, base) {
  if (notRun !== undefined) return { status: 'not-run', reason: notRun };
  if (failure !== undefined) return { status: 'failed', reason: failure };
  if (samples.length === 0) return { status: 'failed', reason: 'no round was run' };
  const raw =
    addedTo === undefined
      ? samples.map((sample) => sample.values[name] ?? 0)
      : samples.map(
          (sample, round) => (sample.values[addedTo] ?? 0) - (base?.samples[round]?.values[addedTo] ?? Number.NaN),
        );
  if (raw.some(Number.isNaN)) return { status: 'failed', reason: `${BASE} was not measured in every round` };
  const baseInvalid = addedTo === undefined ? undefined : firstInvalid(base?.samples ?? []);
  const invalid = firstInvalid(samples) ?? baseInvalid;
  const values = raw.map((value) => rounded(value, 2));
  const { median, min, max } = spreadOf(values);
  return {
    status: invalid === undefined ? 'measured' : 'invalid',
    ...(invalid === undefined ? {} : { reason: invalid }),
    median: rounded(median, 2),
    min,
    max,
    samples: values,
  };
}

/** @param {readonly Sample[]} samples */
function firstInvalid(samples) {
  return samples.find((sample) => sample.invalid !== undefined)?.invalid;
}

/**
 * The first of the numbers a case yields carries these.
 * @param {Case} one
 * @param {Outcome} outcome
 * @returns {Partial<TargetResult>}
 */
function details({ cpuUnit }, { samples, failure }) {
  if (failure !== undefined || samples.length === 0) return {};
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
    ...(Object.keys(resident).length > 0 ? { residentMib: resident } : {}),
    ...(Object.keys(proportional).length > 0 ? { proportionalMib: proportional } : {}),
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
    .filter(({ unit }) => DIVIDED_UNITS.has(unit))
    .map(({ name, targets }) => {
      const ratios = RATIOS.flatMap(([upper = '', lower = '']) => {
        const [above, below] = [targets[upper], targets[lower]];
        if (above?.status !== 'measured' || below?.status !== 'measured') return [];
        // What is added may be nothing, or less, on a busy machine: then there is nothing to divide by.
        if (above.median === undefined || !(Number(below.median) > 0)) return [];
        return [[`${upper}/${lower}`, rounded(above.median / Number(below.median), 3)]];
      });
      return /** @type {const} */ ([name, Object.fromEntries(ratios)]);
    });
  return Object.fromEntries(entries.filter(([, ratios]) => Object.keys(ratios).length > 0));
}
