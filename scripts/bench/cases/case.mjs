/** @typedef {import('../targets/target.mjs').Target} Target */

/**
 * What one round of one case found out about one target.
 * @typedef {object} Sample
 * @property {Record<string, number>} values one per case it speaks for, by the case's name
 * @property {string | undefined} [invalid] why the values do not count
 * @property {Record<string, number>} [figures] further numbers by name; the median over the rounds is shown
 * @property {number} [errors]
 * @property {Record<string, number>} [cpuMicroseconds] per unit of work, by process
 * @property {Record<string, number>} [memoryGrowthMib] by process
 * @property {Record<string, number>} [residentMib] by process
 * @property {Record<string, number>} [proportionalMib] by process
 */

/**
 * One case of the result.
 * @typedef {object} Report
 * @property {string} name
 * @property {string} unit
 * @property {string} [addedTo] name of another report of the case: this one is that value minus what `direct` had in the
 * same round
 */

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {readonly Report[]} reports cases of the result it fills
 * @property {string} cpuUnit what its CPU figures are per; empty when it has none
 * @property {'rounds' | 'before' | 'after' | 'last'} when in every round, or once before or after all load; `last` changes
 * the world for good: it runs after everything else, all its rounds in a row
 * @property {(target: string) => string | undefined} [whyNot] why this target is left out of it
 * @property {() => Promise<void>} [prepare] called once before the first round of a case that is `last`
 * @property {() => Promise<void>} [finish] called once after the last round of a case that is `last`
 * @property {(target: Target) => Promise<Sample>} measure
 */

/**
 * @typedef {object} Plan
 * @property {number} seconds of one round of GET
 * @property {number} bytes of one transfer
 * @property {number} longBytes of one long transfer
 * @property {string} uploadFile a file of `bytes` bytes
 * @property {number} settleMs before memory at rest is read
 * @property {number} echoes round trips of one round
 * @property {{ streams: number, seconds: number, firstBytes: number }} events
 * @property {{ connections: number, peakSeconds: number, seconds: number }} overload
 * @property {readonly number[]} apps published, ascending
 * @property {readonly number[]} connectors linked, ascending
 * @property {number} idleWebSockets
 * @property {number} evaluations of a policy set, timed one by one
 * @property {number} revocations of one round
 */

/**
 * What cases reach besides the targets.
 * @typedef {object} Means
 * @property {string} folder for files of the case, removed afterwards
 * @property {import('../children.mjs').Children} children
 * @property {(line: string) => void} log
 * @property {() => Promise<number>} countAnswers how many GET /1k the origin has answered
 * @property {import('../targets/sallyport.mjs').Sallyport | undefined} sallyport undefined when it did not start
 * @property {() => Promise<import('../targets/target.mjs').Started>} startFresh another Sallyport, to be stopped
 */

/** @param {string} target */
export function unlessSallyport(target) {
  return target.startsWith('sallyport-') ? undefined : 'the bar is about Sallyport alone';
}

/** @param {string} target */
export function unlessSignedIn(target) {
  return target === 'sallyport-signed-in' ? undefined : 'the case is about signed-in users alone';
}

/**
 * @param {Record<string, number>} spent
 * @param {number} units
 */
export function divide(spent, units) {
  const entries = Object.entries(spent).filter(([, microseconds]) => microseconds > 0);
  return Object.fromEntries(entries.map(([name, microseconds]) => [name, microseconds / Math.max(units, 1)]));
}

/** @param {Record<string, number>} numbers */
export function sum(numbers) {
  return Object.values(numbers).reduce((total, one) => total + one, 0);
}
