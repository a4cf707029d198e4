/** Microseconds of a unit of time as wrk prints it. */
const MICROSECONDS = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000 };
/** wrk counts bytes in powers of 1024. */
const BYTES = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/**
 * @typedef {object} WrkResult
 * @property {number} requests answered in the round
 * @property {number} requestsPerSecond
 * @property {number} bytesRead headers and bodies, to the three digits wrk prints
 * @property {number} p50Us
 * @property {number} p99Us
 * @property {number} socketErrors connect, read, write and timeout together
 * @property {number} non2xx answers with a status of 400 or more; wrk takes a redirect for a success
 */

/**
 * Reads what `wrk --latency` prints.
 * @param {string} text
 * @returns {WrkResult}
 * @throws {Error} when a line that every complete run prints is not there
 */
export function parseWrk(text) {
  const [, requests, , read = '', readUnit = ''] = need(
    text,
    /^\s*(\d+) requests in ([\d.]+)\w+, ([\d.]+)([KMGT]?B) read/m,
  );
  const [, rate] = need(text, /^Requests\/sec:\s+([\d.]+)/m);
  const errors = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/m.exec(text);
  return {
    requests: Number(requests),
    requestsPerSecond: Number(rate),
    bytesRead: Number(read) * factor(BYTES, readUnit),
    p50Us: percentile(text, '50'),
    p99Us: percentile(text, '99'),
    socketErrors: (errors ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0),
    non2xx: Number(/^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text)?.[1] ?? 0),
  };
}

/**
 * @param {string} text
 * @param {string} percent
 */
function percentile(text, percent) {
  const [, value, unit = ''] = need(text, new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s|m|h)\\s*$`, 'm'));
  return Number(value) * factor(MICROSECONDS, unit);
}

/**
 * @param {Readonly<Record<string, number>>} table
 * @param {string} unit
 */
function factor(table, unit) {
  const value = table[unit];
  if (value === undefined) throw new Error(`wrk printed the unknown unit "${unit}"`);
  return value;
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 */
function need(text, pattern) {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`wrk printed no line like ${pattern.source}: ${text.trim().slice(-400)}`);
  return found;
}
