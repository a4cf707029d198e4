import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { writeAtomically } from './data-dir.ts';
import { startTicksOf } from './process-identity.ts';

const FILE = 'processes.json';
/** Between SIGTERM and SIGKILL for a process a killed launcher left behind. */
const LEFTOVER_STOP_MS = 10_000;
const POLL_MS = 50;

const recorded = z.record(z.string(), z.object({ pid: z.number().int().positive(), startTicks: z.string() }));
export type RecordedProcesses = z.infer<typeof recorded>;

export type KillPort = (pid: number, signal: 'SIGTERM' | 'SIGKILL') => void;

/** Writes which processes run, so that a start after a kill -9 of the launcher can end what was left. */
export async function recordProcesses(dataDir: string, pids: Readonly<Record<string, number>>): Promise<void> {
  const entries: RecordedProcesses = {};
  for (const [name, pid] of Object.entries(pids)) {
    const startTicks = await startTicksOf(pid);
    if (startTicks !== null) entries[name] = { pid, startTicks };
  }
  await writeAtomically(join(dataDir, FILE), `${JSON.stringify(entries, null, 2)}\n`);
}

/**
 * Ends processes recorded by an earlier launcher that is gone. A process id is only trusted together with its start time,
 * so a recycled id is never ended. Without /proc nothing is ended. Returns their names.
 */
export async function endLeftovers(dataDir: string, kill: KillPort): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const [name, { pid, startTicks }] of Object.entries(await readRecorded(dataDir))) {
    if ((await startTicksOf(pid)) !== startTicks) continue;
    kill(pid, 'SIGTERM');
    if (!(await isGone(pid, startTicks))) {
      kill(pid, 'SIGKILL');
      await isGone(pid, startTicks);
    }
    ended.push(name);
  }
  return ended;
}

async function readRecorded(dataDir: string): Promise<RecordedProcesses> {
  try {
    return recorded.parse(JSON.parse(await readFile(join(dataDir, FILE), 'utf8')));
  } catch {
    // Absent or damaged: there is nothing to be sure of, so nothing is ended.
    return {};
  }
}

async function isGone(pid: number, startTicks: string): Promise<boolean> {
  const deadline = Date.now() + LEFTOVER_STOP_MS;
  while ((await startTicksOf(pid)) === startTicks) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
