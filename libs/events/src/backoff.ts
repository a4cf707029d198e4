import { FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS } from './limits.ts';

/** Milliseconds before attempt `failures + 1`: doubled each time, to a maximum, with up to a quarter of jitter off. */
export function backoffMs(failures: number, longestMs: number = LONGEST_BACKOFF_MS): number {
  const full = Math.min(longestMs, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 20));
  return full * (1 - Math.random() / 4);
}

/** Waits, or returns at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done);
  });
}
