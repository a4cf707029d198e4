import { runWrk } from './load.mjs';

/**
 * @typedef {import('./targets/target.mjs').Target} Target
 * @typedef {import('./cases/case.mjs').Case} Case
 * @typedef {import('./cases/case.mjs').Sample} Sample
 */

/**
 * What became of one target in one case.
 * @typedef {object} Outcome
 * @property {Sample[]} samples
 * @property {string | undefined} failure why it could not be measured; later rounds of the case leave it out
 * @property {string | undefined} [notRun] why the case leaves this target out
 */

/** Code that has never run is compiled while it is measured: every front first answers this long. */
const WARM_UP = { connections: 32, seconds: 2 };
/** Before the first case whose numbers are held against later ones of the same target: all of them are to be of warm code. */
const LONG_WARM_UP = { connections: 32, seconds: 8 };

/**
 * Measures every case on every target. Targets alternate, and each round begins with another one: what else this machine
 * does at the time falls on all of them.
 * @param {object} input
 * @param {readonly Target[]} input.targets
 * @param {readonly Case[]} input.cases
 * @param {number} input.rounds
 * @param {(line: string) => void} input.log
 * @returns {Promise<Map<string, Map<string, Outcome>>>} by name of case, then of target
 */
export async function runRounds({ targets, cases, rounds, log }) {
  const outcomes = new Map(
    cases.map(({ name, whyNot }) => [
      name,
      new Map(targets.map((target) => [target.name, emptyOutcome(whyNot?.(target.name))])),
    ]),
  );
  /**
   * @param {Case} one
   * @param {Target} target
   * @param {string} label
   */
  const measure = async (one, target, label) => {
    const outcome = outcomes.get(one.name)?.get(target.name) ?? emptyOutcome();
    if (outcome.failure !== undefined || outcome.notRun !== undefined) return;
    try {
      const sample = await one.measure(target);
      outcome.samples.push(sample);
      log(`${label}  ${one.name}  ${target.name}  ${describe(one, sample)}`);
    } catch (error) {
      outcome.failure = error instanceof Error ? error.message : String(error);
      log(`${label}  ${one.name}  ${target.name}  failed: ${outcome.failure}`);
    }
  };
  for (const one of cases.filter(({ when }) => when === 'before'))
    for (const target of targets) await measure(one, target, 'before load');
  if (cases.some(({ when }) => when === 'rounds')) await warmUp(targets, WARM_UP, log);
  let current = [...targets];
  for (let round = 0; round < rounds; round += 1) {
    current = await Promise.all(current.map((target) => renew(target, log)));
    for (const one of cases.filter(({ when }) => when === 'rounds')) {
      for (const target of rotate(current, round)) await measure(one, target, `round ${round + 1}/${rounds}`);
    }
  }
  for (const one of cases.filter(({ when }) => when === 'after'))
    for (const target of targets) await measure(one, target, 'after load');
  for (const [index, one] of cases.filter(({ when }) => when === 'last').entries()) {
    await warmUp(
      targets.filter(({ name }) => one.whyNot?.(name) === undefined),
      index === 0 ? LONG_WARM_UP : WARM_UP,
      log,
    );
    await prepare(one, outcomes.get(one.name) ?? new Map(), log);
    for (let round = 0; round < rounds; round += 1) {
      current = await Promise.all(current.map((target) => renew(target, log)));
      for (const target of rotate(current, round)) await measure(one, target, `last ${round + 1}/${rounds}`);
    }
    await one.finish?.();
  }
  return outcomes;
}

/**
 * @param {Case} one
 * @param {Map<string, Outcome>} outcomes
 * @param {(line: string) => void} log
 */
async function prepare(one, outcomes, log) {
  try {
    await one.prepare?.();
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    log(`${one.name}  failed: ${failure}`);
    for (const outcome of outcomes.values()) outcome.failure = failure;
  }
}

/**
 * @param {string} [notRun]
 * @returns {Outcome}
 */
function emptyOutcome(notRun) {
  return { samples: [], failure: undefined, notRun };
}

/**
 * @param {readonly Target[]} targets
 * @param {{ connections: number, seconds: number }} load
 * @param {(line: string) => void} log
 */
async function warmUp(targets, load, log) {
  for (const { name, front } of targets) {
    // A front that cannot be warmed up is measured all the same: its failure then has its place in the result.
    await runWrk(front, load).catch((error) => log(`warm-up  ${name}  ${error.message}`));
  }
}

/**
 * @param {Target} target
 * @param {(line: string) => void} log
 * @returns {Promise<Target>}
 */
async function renew(target, log) {
  if (target.renew === undefined) return target;
  return target.renew().catch((error) => {
    // The old credentials may still do; if not, the measurement says so.
    log(`${target.name}  could not be renewed: ${error.message}`);
    return target;
  });
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} by
 * @returns {T[]}
 */
export function rotate(list, by) {
  const cut = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(cut), ...list.slice(0, cut)];
}

/**
 * @param {Case} one
 * @param {Sample} sample
 */
function describe({ reports }, { values, invalid }) {
  const numbers = reports.map(({ name, unit }) => `${(values[name] ?? 0).toFixed(1)} ${unit}`).join(', ');
  return invalid === undefined ? numbers : `${numbers}, invalid: ${invalid}`;
}
