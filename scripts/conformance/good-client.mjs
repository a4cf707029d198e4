import { setTimeout as delay } from 'node:timers/promises';
import { percentileOf } from '../bench/statistics.mjs';
import { ask } from './ask.mjs';

const EVERY_MS = 20;
const TIMEOUT_MS = 10_000;
/** A client that is not part of an attack may see its p99 grow by this factor, or to this time, whichever is more. */
const MAX_FACTOR = 2;
const MAX_P99_MS = 50;

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
  return {
    asked: times.length,
    failed,
    p50Ms: percentileOf(times, 50),
    p99Ms: percentileOf(times, 99),
    maxMs: Math.max(...times),
  };
}

/**
 * Checks that an attack did not slow a good client down.
 * @param {import('./suite.mjs').Checks} checks
 * @param {string} attack
 * @param {{ quiet: Experience, seen: Experience }} experiences before and during it
 */
export function checkHardlySlower(checks, attack, { quiet, seen }) {
  const allowedMs = Math.max(MAX_P99_MS, MAX_FACTOR * quiet.p99Ms);
  checks.check(seen.failed === 0, `${attack}: ${seen.failed} of ${seen.asked} requests of a good client failed`);
  checks.check(
    seen.p99Ms <= allowedMs,
    `${attack}: p99 of a good client ${seen.p99Ms.toFixed(1)} ms, expected at most ${allowedMs.toFixed(1)} ms`,
  );
}
