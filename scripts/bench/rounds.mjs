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

/** @typedef {{ connections: number, seconds: number }} Load */

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
 * @param {(front: import('./front.mjs').Front, load: Load) => Promise<unknown>} [input.warmUp] default wrk
 * @returns {Promise<Map<string, Map<string, Outcome>>>} by name of case, then of target
 */
export async function runRounds({ targets, cases, rounds, log, warmUp = runWrk }) {
  const run = new Run({ targets, cases, log, warmUp });
  const [before, usual, after, last] = /** @type {const} */ (['before', 'rounds', 'after', 'last']).map((phase) =>
    cases.filter(({ when }) => when === phase),
  );
  for (const one of before ?? []) await run.measureAll(one, targets, 'before load');
  if (usual !== undefined && usual.length > 0) {
    await run.warmUp(() => WARM_UP);
    for (let round = 0; round < rounds; round += 1) {
      const current = rotate(await run.renewed(), round);
      for (const one of usual) await run.measureAll(one, current, `round ${round + 1}/${rounds}`);
    }
  }
  for (const one of after ?? []) await run.measureAll(one, targets, 'after load');
  /** @type {Set<string>} */
  const warm = new Set();
  const loadOf = (/** @type {string} */ target) => {
    const load = warm.has(target) ? WARM_UP : LONG_WARM_UP;
    warm.add(target);
    return load;
  };
  for (const one of last ?? []) {
    await run.prepare(one);
    await run.renewed();
    await run.warmUp(loadOf, one);
    for (let round = 0; round < rounds; round += 1)
      await run.measureAll(one, rotate(await run.renewed(), round), `last ${round + 1}/${rounds}`);
    await one.finish?.();
  }
  return run.outcomes;
}

class Run {
  /** @type {Map<string, Map<string, Outcome>>} */
  outcomes;
  /** @type {readonly Target[]} */
  #current;
  #log;
  #warmUp;

  /**
   * @param {{ targets: readonly Target[], cases: readonly Case[], log: (line: string) => void,
   *   warmUp: (front: import('./front.mjs').Front, load: Load) => Promise<unknown> }} input
   */
  constructor({ targets, cases, log, warmUp }) {
    this.#current = targets;
    this.#log = log;
    this.#warmUp = warmUp;
    this.outcomes = new Map(
      cases.map(({ name, whyNot }) => [
        name,
        new Map(targets.map((target) => [target.name, emptyOutcome(whyNot?.(target.name))])),
      ]),
    );
  }

  /**
   * @param {Case} one
   * @param {readonly Target[]} targets
   * @param {string} label
   */
  async measureAll(one, targets, label) {
    for (const target of targets) {
      const outcome = this.outcomes.get(one.name)?.get(target.name) ?? emptyOutcome();
      if (outcome.failure !== undefined || outcome.notRun !== undefined) continue;
      try {
        const sample = await one.measure(target);
        outcome.samples.push(sample);
        this.#log(`${label}  ${one.name}  ${target.name}  ${describe(one, sample)}`);
      } catch (error) {
        outcome.failure = error instanceof Error ? error.message : String(error);
        this.#log(`${label}  ${one.name}  ${target.name}  failed: ${outcome.failure}`);
      }
    }
  }

  /**
   * What cannot be prepared has failed for every target that takes part.
   * @param {Case} one
   */
  async prepare(one) {
    try {
      await one.prepare?.();
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      this.#log(`${one.name}  failed: ${failure}`);
      for (const outcome of this.outcomes.get(one.name)?.values() ?? [])
        if (outcome.notRun === undefined) outcome.failure = failure;
    }
  }

  /** @returns {Promise<readonly Target[]>} the targets with credentials that are good for another round */
  async renewed() {
    this.#current = await Promise.all(this.#current.map((target) => renew(target, this.#log)));
    return this.#current;
  }

  /**
   * @param {(target: string) => Load} loadOf
   * @param {Case} [one] whose targets alone are warmed up; default all
   */
  async warmUp(loadOf, one) {
    for (const { name, front } of this.#current) {
      if (one?.whyNot?.(name) !== undefined) continue;
      // A front that cannot be warmed up is measured all the same: its failure then has its place in the result.
      await this.#warmUp(front, loadOf(name)).catch((error) => this.#log(`warm-up  ${name}  ${error.message}`));
    }
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
  // What is added to the direct way is known when all targets are measured.
  const own = reports.filter(({ addedTo }) => addedTo === undefined);
  const numbers = own.map(({ name, unit }) => `${(values[name] ?? 0).toFixed(1)} ${unit}`).join(', ');
  return invalid === undefined ? numbers : `${numbers}, invalid: ${invalid}`;
}
