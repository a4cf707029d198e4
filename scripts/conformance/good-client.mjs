import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './ask.mjs';

const EVERY_MS = 20;
const TIMEOUT_MS = 10_000;

/**
 * @typedef {object} Experience what a client saw that asks for /small on a new connection every 20 ms
 * @property {number} asked
 * @property {number} failed
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} maxMs
 */

/**
 * Asks while something else happens.
 * @param {import('./world.mjs').Front} front
 * @param {Promise<unknown> | number} during until it settles, or for so many milliseconds
 * @returns {Promise<Experience>}
 */
export async function askMeanwhile(front, during) {
  let isOver = false;
  const end = typeof during === 'number' ? delay(during) : during.catch(() => undefined);
  void end.then(() => {
    isOver = true;
  });
  /** @type {number[]} */
  const times = [];
  let failed = 0;
  while (!isOver) {
    const startedAt = performance.now();
    const answer = await ask(front, { path: '/small', timeoutMs: TIMEOUT_MS }).catch(() => undefined);
    times.push(performance.now() - startedAt);
    if (answer?.status !== 200) failed += 1;
    await delay(EVERY_MS);
  }
  times.sort((one, other) => one - other);
  return {
    asked: times.length,
    failed,
    p50Ms: quantileOf(times, 0.5),
    p99Ms: quantileOf(times, 0.99),
    maxMs: times.at(-1) ?? 0,
  };
}

/**
 * @param {readonly number[]} sorted
 * @param {number} share
 */
export function quantileOf(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
