import { readdirSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} ProcessStat
 * @property {number} pid
 * @property {string} state one letter; Z has ended and was not yet collected by its parent
 * @property {string} command as the kernel names it, at most 15 characters
 * @property {number} parentPid
 * @property {number} groupId process group
 * @property {number} cpuTicks user and system time of the process, all its threads
 * @property {number} childCpuTicks the same of the children it has collected
 * @property {number} startTicks tells a process from a later one with the same id
 */

/**
 * Reads the text of /proc/<pid>/stat, proc(5).
 * @param {string} text
 * @returns {ProcessStat}
 */
export function parseStat(text) {
  // The command stands in parentheses and may itself hold spaces and parentheses.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  /** @param {number} number as counted in proc(5), where the state is field 3 */
  const field = (number) => Number(fields[number - 3]);
  const stat = {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    state: fields[0] ?? '',
    parentPid: field(4),
    groupId: field(5),
    cpuTicks: field(14) + field(15),
    childCpuTicks: field(16) + field(17),
    startTicks: field(22),
  };
  if (open < 0 || close < open || !Number.isFinite(stat.startTicks)) throw new Error(`not a line of stat: "${text}"`);
  return stat;
}

/** @returns {ProcessStat[]} every process of this machine that can be seen */
export function listProcesses() {
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    return stat === undefined ? [] : [stat];
  });
}

/**
 * @param {number} pid
 * @returns {ProcessStat | undefined} undefined when it is gone
 */
export function readStat(pid) {
  const text = readProc(pid, 'stat');
  return text === '' ? undefined : parseStat(text);
}

/**
 * @param {number} pid
 * @param {'stat' | 'status' | 'environ' | 'smaps_rollup'} file
 * @returns {string} empty when the process is gone, or another user's and this file not for everybody
 */
export function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It ended between being listed and being read, or is not ours to look into: the same to every caller.
    return '';
  }
}
