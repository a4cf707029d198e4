import { setFlagsFromString } from 'node:v8';

/** What V8's `--single-threaded-gc` implies; that flag itself has no effect once V8 runs. */
const FLAGS = [
  '--no-concurrent-marking',
  '--no-concurrent-sweeping',
  '--no-concurrent-array-buffer-sweeping',
  '--no-parallel-compaction',
  '--no-parallel-marking',
  '--no-parallel-pointer-update',
  '--no-parallel-scavenge',
];

/**
 * Garbage is collected by the thread that makes it. For processes through which bytes flow: their heap is small and their
 * buffers, which lie outside of it, make V8 begin one collection after the other on helper threads. On machines whose cores
 * are all busy that costs a fifth of all CPU for small requests and a third for transfers (docs/performance.md). Call it
 * first thing in `main.ts`.
 */
export function collectOnOneThread(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
