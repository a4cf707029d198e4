import { existsSync } from 'node:fs';
import { listProcesses, readProc } from '../bootstrap/proc.mjs';

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
  if (!existsSync('/proc')) return [];
  return listProcesses().flatMap(({ pid, command, state, groupId: group }) => {
    if (state === 'Z' || pid === process.pid) return [];
    const isOurs = group === groupId || readProc(pid, 'environ').split('\0').includes(mark);
    return isOurs ? [{ pid, name: command }] : [];
  });
}
