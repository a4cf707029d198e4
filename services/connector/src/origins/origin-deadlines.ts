import { Roster } from '#libs/roster';

/** How often deadlines are looked at, milliseconds: a deadline is noticed up to this much late. */
export const DEADLINE_RESOLUTION_MS = 100;

export type Deadlined = {
  /** `Date.now()` value at which to call, 0 for never. */
  deadlineAt: number;
  onDeadline(): void;
};

/** One timer for all origin calls: arming a deadline is one assignment. */
export type OriginDeadlines = {
  add(call: Deadlined): void;
  remove(call: Deadlined): void;
  readonly size: number;
  stop(): void;
};

export function createOriginDeadlines(): OriginDeadlines {
  const calls = new Roster<Deadlined>();
  const timer = setInterval(() => {
    const now = Date.now();
    for (const call of calls) {
      if (call.deadlineAt === 0 || call.deadlineAt > now) continue;
      call.deadlineAt = 0;
      call.onDeadline();
    }
  }, DEADLINE_RESOLUTION_MS);
  timer.unref();
  return {
    add: (call) => calls.add(call),
    remove: (call) => void calls.delete(call),
    get size() {
      return calls.size;
    },
    stop: () => clearInterval(timer),
  };
}
