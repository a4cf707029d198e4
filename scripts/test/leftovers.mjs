import { readdirSync, readFileSync } from 'node:fs';

/** The variable by which everything a spec starts is known, also what it puts into a process group of its own. */
export const RUN_VARIABLE = 'SALLYPORT_SPEC_RUN';

/** @typedef {{ pid: number, name: string }} Leftover */

/**
 * Processes of a run that still run: those in its process group and those that inherited its variable. A process that
 * has ended but was not yet collected by its parent does not count. Reads /proc, so it finds none on other systems.
 * @param {{ groupId: number, runId: string }} run
 * @returns {Leftover[]}
 */
export function listLeftovers({ groupId, runId }) {
  const mark = `${RUN_VARIABLE}=${runId}`;
  return listPids().flatMap((pid) => {
    // `pid (name) state parent group …`; the name may itself hold parentheses and spaces.
    const stat = /^\d+ \((.*)\) (\S) \d+ (\d+) /s.exec(readProc(pid, 'stat'));
    const [, name = '', state = '', group = ''] = stat ?? [];
    if (stat === null || state === 'Z' || pid === process.pid) return [];
    const isOurs = Number(group) === groupId || readProc(pid, 'environ').split('\0').includes(mark);
    return isOurs ? [{ pid, name }] : [];
  });
}

/** @returns {number[]} */
function listPids() {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // No /proc on this system: leftovers cannot be seen, and their process group is ended all the same.
    return [];
  }
}

/**
 * @param {number} pid
 * @param {'stat' | 'environ'} file
 */
function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // Ended meanwhile, or of another user, whom no spec can have started.
    return '';
  }
}
