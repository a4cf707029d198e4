import { runTransfer } from '../load.mjs';
import { watchMemoryGrowth } from '../memory.mjs';
import { startChildCpuClock, startCpuClock } from '../processes.mjs';
import { createSparseFile } from '../sparse-file.mjs';
import { divide, unlessSallyport } from './case.mjs';

/** @typedef {'download' | 'upload'} Direction */

/**
 * One large body, and by how much the processes of the front grow meanwhile.
 * @param {Direction} direction
 * @param {import('./case.mjs').Plan} plan
 * @returns {import('./case.mjs').Case}
 */
export function transferCase(direction, { bytes, uploadFile }) {
  const name = `${direction}-${sizeOf(bytes)}`;
  const growth = `${name}-memory-growth`;
  return {
    name,
    reports: [
      { name, unit: 'MB/s' },
      { name: growth, unit: 'MiB' },
    ],
    cpuUnit: 'MB',
    when: 'rounds',
    measure: async (target) => {
      const { megabytesPerSecond, memoryGrowthMib, ...rest } = await transfer(target, {
        direction,
        bytes,
        file: uploadFile,
      });
      const greatest = Math.max(...target.watched.map((process) => memoryGrowthMib[process] ?? 0));
      return { ...rest, memoryGrowthMib, values: { [name]: megabytesPerSecond, [growth]: greatest } };
    },
  };
}

/**
 * A body far larger than anything that may be held: no process of the system, the hub and the leaf included, may grow by it.
 * @param {Direction} direction
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function longTransferCase(direction, { longBytes }, { folder }) {
  const name = `transfer-${sizeOf(longBytes)}-${direction}`;
  const growth = `${name}-memory-growth`;
  return {
    name,
    reports: [
      { name: growth, unit: 'MiB' },
      { name, unit: 'MB/s' },
    ],
    cpuUnit: 'MB',
    when: 'rounds',
    whyNot: unlessSallyport,
    measure: async (target) => {
      const file = createSparseFile(folder, `long-${direction}`, longBytes);
      const { megabytesPerSecond, memoryGrowthMib, ...rest } = await transfer(target, {
        direction,
        bytes: longBytes,
        file,
      });
      // The origin is not of the system.
      const { origin: _, ...ours } = memoryGrowthMib;
      const greatest = Math.max(...Object.values(ours));
      return { ...rest, memoryGrowthMib, values: { [name]: megabytesPerSecond, [growth]: greatest } };
    },
  };
}

/**
 * @param {import('./case.mjs').Target} target
 * @param {{ direction: Direction, bytes: number, file: string }} what
 */
async function transfer({ front, processes }, what) {
  const cpu = startCpuClock(processes);
  const loadCpu = startChildCpuClock();
  const endWatch = watchMemoryGrowth(processes);
  const { megabytesPerSecond } = await runTransfer(front, what).catch((error) => {
    endWatch();
    throw error;
  });
  const memoryGrowthMib = endWatch();
  return {
    megabytesPerSecond,
    memoryGrowthMib,
    errors: 0,
    cpuMicroseconds: divide({ ...cpu(), curl: loadCpu() }, what.bytes / 1e6),
  };
}

/** @param {number} bytes */
function sizeOf(bytes) {
  return bytes >= 1e9 ? `${bytes / 1e9}gb` : `${bytes / 1e6}mb`;
}
