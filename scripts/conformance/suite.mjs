import { reasonOf } from '../bootstrap/failure.mjs';

/**
 * What became of one suite. A suite that did not run has passed nothing.
 * @typedef {object} Result
 * @property {string} suite
 * @property {string} judges what it is about, for the table
 * @property {string} version of the tool, or of what was used in its place
 * @property {boolean} ran
 * @property {string} [reason] why it did not run
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} unexplained each failure, with what was expected
 * @property {string[]} notes figures, and what the suite leaves out
 * @property {number} seconds
 */

/**
 * @typedef {object} Outcome
 * @property {string} version
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} unexplained
 * @property {string[]} notes
 */

/**
 * @typedef {object} Suite
 * @property {string} name as `--only` takes it
 * @property {string} judges
 * @property {number} limitMs after which it has failed
 * @property {(context: import('./world.mjs').Context) => Promise<Outcome>} run
 */

/** Thrown by a suite that cannot run here; the message says why, and what mends it. */
export class SuiteUnavailable extends Error {}

/** Failures of one suite that are listed; the rest is counted. */
const MAX_LISTED = 40;
const MAX_REASON = 300;

/** Counts checks and keeps what failed. */
export class Checks {
  passed = 0;
  failed = 0;
  /** @type {string[]} */
  unexplained = [];
  /** @type {string[]} */
  notes = [];

  /**
   * @param {boolean} isRight
   * @param {string} what fails, with what was expected
   */
  check(isRight, what) {
    if (isRight) this.passed += 1;
    else this.fail(what);
  }

  /** @param {string} what */
  fail(what) {
    this.failed += 1;
    if (this.unexplained.length < MAX_LISTED) this.unexplained.push(what);
  }

  /**
   * One check that may throw.
   * @param {string} what
   * @param {() => Promise<void>} work
   */
  async attempt(what, work) {
    try {
      await work();
      this.passed += 1;
    } catch (error) {
      this.fail(`${what}: ${lastPart(reasonOf(error))}`);
    }
  }

  /**
   * @param {string} version
   * @returns {Outcome}
   */
  outcome(version) {
    const { passed, failed, unexplained, notes } = this;
    const hidden = failed - unexplained.length;
    return {
      version,
      passed,
      failed,
      unexplained: hidden > 0 ? [...unexplained, `and ${hidden} more`] : unexplained,
      notes,
    };
  }
}

/**
 * The command line of a failed program says less than what it said last.
 * @param {string} text
 */
function lastPart(text) {
  return text.length > MAX_REASON ? `…${text.slice(-MAX_REASON)}` : text;
}

/**
 * Runs one suite within its limit. Never rejects: what breaks counts as a failure of the suite.
 * @param {Suite} suite
 * @param {import('./world.mjs').Context} context
 * @returns {Promise<Result>}
 */
export async function runSuite(suite, context) {
  const startedAt = Date.now();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${suite.limitMs / 1000} s`)), suite.limitMs);
  });
  const seconds = () => Math.round((Date.now() - startedAt) / 100) / 10;
  const about = { suite: suite.name, judges: suite.judges };
  try {
    const outcome = /** @type {Outcome} */ (await Promise.race([suite.run(context), limit]));
    return { ...about, ...outcome, ran: true, seconds: seconds() };
  } catch (error) {
    const nothing = { version: '', passed: 0, failed: 0, unexplained: [], notes: [], seconds: seconds() };
    if (error instanceof SuiteUnavailable) return { ...about, ...nothing, ran: false, reason: error.message };
    return { ...about, ...nothing, ran: true, failed: 1, unexplained: [`the suite broke off: ${reasonOf(error)}`] };
  } finally {
    clearTimeout(timer);
  }
}
