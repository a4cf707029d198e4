import { readStat } from '../bootstrap/proc.mjs';

/** Linux counts processor time in hundredths of a second for every architecture (USER_HZ). */
const TICK_MS = 10;

/** From this share of one processor on, a process that should be gone is called busy. Waiting takes next to nothing. */
const BUSY_SHARE = 0.25;

/**
 * @param {number} pid
 * @returns {number | undefined} processor time a process has used; undefined when it is gone, or without /proc
 */
export function readCpuMs(pid) {
  const ticks = readStat(pid)?.cpuTicks;
  return ticks === undefined ? undefined : ticks * TICK_MS;
}

/**
 * Why a process that should have exited may still be there.
 * @param {{ cpuMs: number | undefined, elapsedMs: number, open: readonly string[] }} seen `open` is what kept its event
 * loop alive a while after the end, by name, once for each; empty when the loop had ended or the process could not say
 * @returns {string}
 */
export function whyAlive({ cpuMs, elapsedMs, open }) {
  const isBusy = cpuMs !== undefined && cpuMs >= elapsedMs * BUSY_SHARE;
  if (!isBusy && open.length === 0) return 'a spec left something open';
  const cause = isBusy ? `it is busy (${cpuMs} ms of processor time)` : 'a spec left something open';
  if (open.length > 0) return `${cause}: ${countNames(open)}`;
  return `${cause} and nothing is open: a loop, perhaps of Node itself as it exits (a socket reset while it shuts down)`;
}

/** @param {readonly string[]} names */
function countNames(names) {
  return [...new Set(names)].map((name) => `${name} ${names.filter((one) => one === name).length}`).join(' ');
}
