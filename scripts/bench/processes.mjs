import { execFileSync } from 'node:child_process';
import { listProcesses, readStat } from '../bootstrap/proc.mjs';

/** @typedef {import('../bootstrap/proc.mjs').ProcessStat} ProcessStat */

/**
 * Gives every process below the roots a name: a root its own; a child its parent's, or `parent/command` when it runs
 * another program.
 * @param {Readonly<Record<string, number>>} roots process ids by name
 * @param {readonly ProcessStat[]} processes
 * @returns {Map<number, string>} names by process id
 */
export function nameProcesses(roots, processes) {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const names = new Map(Object.entries(roots).map(([name, pid]) => [pid, name]));
  /** @type {Map<number, string>} */
  const found = new Map();
  /**
   * @param {ProcessStat} process
   * @param {number} depth
   * @returns {string | undefined}
   */
  const nameOf = (process, depth) => {
    const own = names.get(process.pid);
    if (own !== undefined) return own;
    const parent = byPid.get(process.parentPid);
    if (parent === undefined || depth === 0) return undefined;
    const parentName = nameOf(parent, depth - 1);
    if (parentName === undefined) return undefined;
    return parent.command === process.command ? parentName : `${parentName}/${process.command}`;
  };
  for (const process of processes) {
    const name = nameOf(process, MAX_DEPTH);
    if (name !== undefined) found.set(process.pid, name);
  }
  return found;
}

/** Generations looked up; a chain that is longer is not one of ours. */
const MAX_DEPTH = 12;

/**
 * CPU time by name since a moment.
 * @param {Readonly<Record<string, number>>} roots
 * @returns {() => Record<string, number>} microseconds since this call; processes born meanwhile count from their birth
 */
export function startCpuClock(roots) {
  const before = new Map(listProcesses().map((process) => [keyOf(process), process.cpuTicks]));
  const microsecondsPerTick = 1_000_000 / ticksPerSecond();
  return () => {
    const processes = listProcesses();
    const names = nameProcesses(roots, processes);
    /** @type {Record<string, number>} */
    const spent = {};
    for (const process of processes) {
      const name = names.get(process.pid);
      if (name === undefined) continue;
      const ticks = process.cpuTicks - (before.get(keyOf(process)) ?? 0);
      spent[name] = (spent[name] ?? 0) + ticks * microsecondsPerTick;
    }
    return spent;
  };
}

/** @returns {() => number} microseconds of CPU that ended children of this process used since this call */
export function startChildCpuClock() {
  const read = () => readStat(process.pid)?.childCpuTicks ?? 0;
  const before = read();
  return () => ((read() - before) * 1_000_000) / ticksPerSecond();
}

/** @param {ProcessStat} process */
function keyOf({ pid, startTicks }) {
  return `${pid}@${startTicks}`;
}

/** @type {number | undefined} */
let knownTicksPerSecond;
function ticksPerSecond() {
  knownTicksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8', timeout: 5_000 }));
  return knownTicksPerSecond;
}
