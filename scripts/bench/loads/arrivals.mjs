/** @typedef {import('./open-loop.mjs').LoadResult} LoadResult */
import { percentileOf } from '../statistics.mjs';

/**
 * Requests that fall due at a fixed rate, whatever became of those before: users do not wait for each other.
 * @param {number} ratePerSecond
 * @param {number} seconds
 * @returns {{ dueAt: (index: number) => number, dueBy: (elapsedMs: number) => number, count: number }} `dueAt` in
 * milliseconds after the begin; `dueBy` how many were due by then
 */
export function planArrivals(ratePerSecond, seconds) {
  const count = Math.floor(ratePerSecond * seconds);
  return {
    count,
    dueAt: (index) => (index * 1000) / ratePerSecond,
    dueBy: (elapsedMs) => Math.min(count, Math.floor((elapsedMs / 1000) * ratePerSecond) + 1),
  };
}

/**
 * @param {object} seen
 * @param {number} seen.seconds of the load
 * @param {number} seen.okInTime answers 200 that came before the load ended
 * @param {readonly number[]} seen.tookMs from the moment an answered request fell due
 * @param {readonly number[]} seen.wireMs from the moment it was sent
 * @param {readonly number[]} seen.waitingMs age, at the end, of requests that no connection was free for or that were never
 * answered: what their users have waited at least
 * @param {number} seen.refused answers 429 and 503
 * @param {number} seen.failed other answers, and connections that ended with a request on them
 * @param {number} seen.due
 * @returns {LoadResult}
 */
export function summarizeLoad({ seconds, okInTime, tookMs, wireMs, waitingMs, refused, failed, due }) {
  const everybody = [...tookMs, ...waitingMs];
  return {
    due,
    okPerSecond: okInTime / seconds,
    refused,
    failed,
    unanswered: waitingMs.length,
    p50Ms: everybody.length === 0 ? 0 : percentileOf(everybody, 50),
    p99Ms: everybody.length === 0 ? 0 : percentileOf(everybody, 99),
    wireP99Ms: wireMs.length === 0 ? 0 : percentileOf(wireMs, 99),
  };
}
