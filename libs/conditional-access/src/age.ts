const MINUTE_MS = 60_000;

/** How far ahead of ours the clock of an identity provider may be; an instant further ahead proves nothing. */
export const MAX_CLOCK_SKEW_MS = 5 * MINUTE_MS;

export type Age = {
  readonly isYoung: boolean;
  /** When that changes by itself, after now; undefined: it does not. */
  readonly changesAtMs: number | undefined;
};

/** Whether less than `maxMinutes` passed since an instant. Total: an instant that is none is not young. */
export function judgeAge(sinceMs: number, nowMs: number, maxMinutes: number): Age {
  if (!Number.isFinite(sinceMs) || !Number.isFinite(nowMs)) return { isYoung: false, changesAtMs: undefined };
  if (nowMs < sinceMs - MAX_CLOCK_SKEW_MS) return { isYoung: false, changesAtMs: sinceMs - MAX_CLOCK_SKEW_MS };
  const endsAtMs = sinceMs + maxMinutes * MINUTE_MS;
  return nowMs < endsAtMs ? { isYoung: true, changesAtMs: endsAtMs } : { isYoung: false, changesAtMs: undefined };
}
