import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readMemory } from '../memory.mjs';
import { unlessSallyport } from './case.mjs';

const SCRIPT = fileURLToPath(new URL('../loads/hold-websockets.mjs', import.meta.url));
const OPEN_LIMIT_MS = 300_000;
const CHECK_LIMIT_MS = 60_000;
const CLOSE_LIMIT_MS = 20_000;
/** Files a process of the way needs besides its sockets. */
const OTHER_FILES = 500;
const KIB_PER_MIB = 1024;
/** The processes the bar is about. */
const JUDGED = ['ingress', 'connector'];

/**
 * Memory of WebSockets that are open and say nothing: growth of resident memory, divided by their number. Measured before
 * any load, because memory that a load has left behind would hide it; what the second target is compared with is from
 * before the first.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function idleWebSocketsCase({ idleWebSockets: count, settleMs }, { children }) {
  const name = `idle-websockets-${count}`;
  /** @type {ReturnType<typeof readMemory> | undefined} */
  let base;
  return {
    name,
    reports: JUDGED.map((process) => ({ name: `${name}-${process}`, unit: 'KiB/socket' })),
    cpuUnit: '',
    when: 'before',
    whyNot: unlessSallyport,
    measure: async ({ front, processes }) => {
      requireOpenFiles(count + OTHER_FILES);
      if (base === undefined) {
        await delay(settleMs);
        base = readMemory(processes);
      }
      const holder = children.start('idle WebSockets', process.execPath, [SCRIPT, JSON.stringify({ front, count })], {
        stopLimitMs: CLOSE_LIMIT_MS,
      });
      try {
        const opened = JSON.parse(await holder.untilLine(/"event":"(ready|failed)"/, OPEN_LIMIT_MS));
        if (opened.event === 'failed')
          throw new Error(`${opened.open} of ${count} WebSockets opened: ${opened.reason}`);
        await delay(settleMs);
        const memory = readMemory(processes);
        const answer = holder.untilLine(/"event":"checked"/, CHECK_LIMIT_MS);
        holder.write('check\n');
        const { open, asked, echoed } = JSON.parse(await answer);
        const growth = growthOf(base, memory);
        return {
          values: Object.fromEntries(
            JUDGED.map((process) => [`${name}-${process}`, ((growth[process] ?? 0) * KIB_PER_MIB) / count]),
          ),
          invalid:
            open === count && echoed === asked
              ? undefined
              : `${open} of ${count} were still open, ${echoed} of ${asked} echoed`,
          errors: 0,
          memoryGrowthMib: growth,
          residentMib: Object.fromEntries(Object.entries(memory).map(([process, { rssMib }]) => [process, rssMib])),
        };
      } finally {
        await holder.stop();
        await delay(settleMs);
      }
    },
  };
}

/**
 * @param {ReturnType<typeof readMemory>} before
 * @param {ReturnType<typeof readMemory>} after
 */
function growthOf(before, after) {
  return Object.fromEntries(
    Object.entries(after).map(([process, { rssMib }]) => [process, rssMib - (before[process]?.rssMib ?? 0)]),
  );
}

/** @param {number} needed by one process; the limit is inherited by all */
function requireOpenFiles(needed) {
  const limit = parseOpenFilesLimit(readFileSync('/proc/self/limits', 'utf8'));
  if (limit < needed) throw new Error(`a process may open ${limit} files, ${needed} are needed; raise ulimit -n`);
}

/**
 * @param {string} text of /proc/<pid>/limits
 * @returns {number} the soft limit, Infinity when there is none
 */
export function parseOpenFilesLimit(text) {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? 0);
}
