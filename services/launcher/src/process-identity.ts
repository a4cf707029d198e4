import { readFile } from 'node:fs/promises';

/**
 * Start time of a process in clock ticks since boot (field 22 of /proc/<pid>/stat): together with the process id it names one
 * process, whatever ids are recycled. Null when there is no such process, or no /proc on this system.
 */
export async function startTicksOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
