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
 * Memory of WebSockets that are open and say nothing: growth of resident memory, divided by their number. Each target is
 * measured on a system that was started for it: memory that anything before has left behind would hide some or add to it.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function idleWebSocketsCase({ idleWebSockets: count, settleMs }, { children, startFresh }) {
  const name = `idle-websockets-${count}`;
  return {
    name,
    reports: JUDGED.map((process) => ({ name: `${name}-${process}`, unit: 'KiB/socket' })),
    cpuUnit: '',
    when: 'before',
    whyNot: unlessSallyport,
    measure: async ({ name: wanted }) => {
      requireOpenFiles(count + OTHER_FILES);
      const { targets, sallyport } = await startFresh();
      try {
        const target = targets.find((one) => one.name === wanted);
        if (target === undefined) throw new Error(`another ${wanted} did not start`);
        const { growth, memory, invalid } = await hold(target, { count, settleMs, children });
        const values = JUDGED.map((process) => [`${name}-${process}`, ((growth[process] ?? 0) * KIB_PER_MIB) / count]);
        const residentMib = Object.fromEntries(
          Object.entries(memory).map(([process, { rssMib }]) => [process, rssMib]),
        );
        return { values: Object.fromEntries(values), invalid, errors: 0, memoryGrowthMib: growth, residentMib };
      } finally {
        await sallyport?.stop();
      }
    },
  };
}

/**
 * @param {import('./case.mjs').Target} target
 * @param {{ count: number, settleMs: number, children: import('../children.mjs').Children }} input
 */
async function hold({ front, processes }, { count, settleMs, children }) {
  await delay(settleMs);
  const base = readMemory(processes);
  const holder = children.start('idle WebSockets', process.execPath, [SCRIPT, JSON.stringify({ front, count })], {
    stopLimitMs: CLOSE_LIMIT_MS,
  });
  try {
    const opened = JSON.parse(await holder.untilLine(/"event":"(ready|failed)"/, OPEN_LIMIT_MS));
    if (opened.event === 'failed') throw new Error(`${opened.open} of ${count} WebSockets opened: ${opened.reason}`);
    await delay(settleMs);
    const memory = readMemory(processes);
    const answer = holder.untilLine(/"event":"checked"/, CHECK_LIMIT_MS);
    holder.write('check\n');
    const { open, asked, echoed } = JSON.parse(await answer);
    const isWhole = open === count && echoed === asked;
    const invalid = isWhole ? undefined : `${open} of ${count} were still open, ${echoed} of ${asked} echoed`;
    return { growth: growthOf(base, memory), memory, invalid };
  } finally {
    await holder.stop();
  }
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
