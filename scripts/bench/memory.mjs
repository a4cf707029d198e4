import { listProcesses, readProc } from '../bootstrap/proc.mjs';
import { nameProcesses } from './processes.mjs';

export const SAMPLE_INTERVAL_MS = 200;
const MIB = 1024 * 1024;

/**
 * Reads the text of /proc/<pid>/status or smaps_rollup.
 * @param {string} text
 * @param {'VmRSS' | 'Rss' | 'Pss'} key
 * @returns {number} MiB, 0 when the line is not there (kernel threads, processes that are ending)
 */
export function parseMemoryMib(text, key) {
  return (Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024) / MIB;
}

/**
 * @typedef {object} Memory
 * @property {number} rssMib resident pages, shared ones counted in full by every process
 * @property {number} pssMib shared pages divided among those who share them
 */

/**
 * @param {Readonly<Record<string, number>>} roots process ids by name
 * @returns {Record<string, Memory>} by name, children that run the same program added to their parent
 */
export function readMemory(roots) {
  /** @type {Record<string, Memory>} */
  const found = {};
  for (const [pid, name] of nameProcesses(roots, listProcesses())) {
    const text = readProc(pid, 'smaps_rollup');
    const sum = found[name] ?? { rssMib: 0, pssMib: 0 };
    found[name] = {
      rssMib: sum.rssMib + parseMemoryMib(text, 'Rss'),
      pssMib: sum.pssMib + parseMemoryMib(text, 'Pss'),
    };
  }
  return found;
}

/**
 * Watches resident memory until told to end.
 * @param {Readonly<Record<string, number>>} roots
 * @returns {() => Record<string, number>} ends the watch: greatest growth in MiB by name since this call
 */
export function watchMemoryGrowth(roots) {
  const first = readRss(roots);
  const peak = { ...first };
  const look = () => {
    for (const [name, rss] of Object.entries(readRss(roots))) peak[name] = Math.max(peak[name] ?? 0, rss);
  };
  const timer = setInterval(look, SAMPLE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    look();
    return Object.fromEntries(Object.entries(peak).map(([name, rss]) => [name, rss - (first[name] ?? 0)]));
  };
}

/** @param {Readonly<Record<string, number>>} roots */
function readRss(roots) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const [pid, name] of nameProcesses(roots, listProcesses()))
    found[name] = (found[name] ?? 0) + parseMemoryMib(readProc(pid, 'status'), 'VmRSS');
  return found;
}
