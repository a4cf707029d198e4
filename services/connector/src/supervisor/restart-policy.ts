/** First pause before a restart, its ceiling, and how long a process must live to count as stable; milliseconds. */
export const RESTART_FIRST_MS = 250;
export const RESTART_MAX_MS = 30_000;
export const STABLE_AFTER_MS = 60_000;

export type RestartPolicy = {
  /** Pause before the next start of a process that lived this long, milliseconds. */
  nextDelayMs(livedMs: number): number;
};

/** Doubling pauses with full jitter in their upper half; only a stable run resets them, a mere start does not. */
export function createRestartPolicy(random: () => number = Math.random): RestartPolicy {
  let failures = 0;
  return {
    nextDelayMs: (livedMs) => {
      failures = livedMs >= STABLE_AFTER_MS ? 0 : failures;
      const ceiling = Math.min(RESTART_FIRST_MS * 2 ** failures, RESTART_MAX_MS);
      failures = Math.min(failures + 1, 20);
      return Math.round(ceiling / 2 + (random() * ceiling) / 2);
    },
  };
}
