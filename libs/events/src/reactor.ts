import { backoffMs, pause } from './backoff.ts';
import type { CheckpointStore } from './checkpoint.ts';
import { storeStopped } from './errors.ts';
import type { CommitFilter, EventStore, Subscription } from './event-store.ts';
import type { Commit } from './fact.ts';
import { LONGEST_REACTOR_BACKOFF_MS } from './limits.ts';

/** Side effects after facts. `react` may be called again for a commit it saw before: it must be idempotent. */
export type Reactor = {
  /** Names the checkpoint; a subject token. */
  readonly name: string;
  readonly filters: readonly CommitFilter[];
  /** A rejection means: not done, try again. The signal aborts at stop. */
  readonly react: (commit: Commit, signal: AbortSignal) => Promise<void>;
  readonly checkpoints: CheckpointStore;
  /** Where a reactor without a checkpoint starts: at the first commit (default), or behind the newest. */
  readonly startAt?: 'beginning' | 'head';
  /** Longest wait between attempts in milliseconds. Default 30,000. */
  readonly longestBackoffMs?: number;
  /** Called after each failed attempt at a commit, before the wait. */
  readonly onRetry?: (error: unknown, commit: Commit, failures: number) => void;
  /** Called for each broken attempt to reach the store; it is tried again by itself. */
  readonly onInterrupted?: (error: unknown) => void;
  /** Called once when the reactor ends by itself: its checkpoint or a commit is unreadable. */
  readonly onError?: (error: unknown) => void;
};

export type RunningReactor = {
  /** Position of the last commit that was reacted to and checkpointed. */
  position(): number;
  /** Resolves when it has reacted to everything the store held at the start; rejects when it ends before. */
  readonly caughtUp: Promise<void>;
  /** Waits for the attempt that runs. Safe to call twice. */
  stop(): Promise<void>;
};

/** Reacts to every commit at least once, in order, one at a time. Retries for ever with a bounded wait; never skips. */
export function runReactor(store: EventStore, reactor: Reactor): RunningReactor {
  const abort = new AbortController();
  let position = 0;
  let subscription: Subscription | undefined;
  const { signal } = abort;

  const untilDone = async (commit: Commit, attempt: () => Promise<void>) => {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) throw error;
        reactor.onRetry?.(error, commit, failures);
      }
      await pause(backoffMs(failures - 1, reactor.longestBackoffMs ?? LONGEST_REACTOR_BACKOFF_MS), signal);
      if (signal.aborted) throw storeStopped(`reactor ${reactor.name}`);
    }
  };
  const onCommit = async (commit: Commit) => {
    await untilDone(commit, () => reactor.react(commit, signal));
    await untilDone(commit, () => reactor.checkpoints.save(reactor.name, commit.position));
    position = commit.position;
  };
  const start = async () => {
    const saved = await reactor.checkpoints.load(reactor.name);
    position = saved ?? (reactor.startAt === 'head' ? await store.head() : 0);
    // The start at the head is written down, or commits made before the first reaction were lost by a restart.
    if (saved === undefined && reactor.startAt === 'head') await reactor.checkpoints.save(reactor.name, position);
    if (signal.aborted) throw storeStopped(`reactor ${reactor.name}`);
    const { filters, onError, onInterrupted } = reactor;
    subscription = store.follow({
      filters,
      after: position,
      onCommit,
      ...(onError === undefined ? {} : { onError }),
      ...(onInterrupted === undefined ? {} : { onInterrupted }),
    });
  };
  const started = start();
  started.catch((error: unknown) => {
    if (!signal.aborted) reactor.onError?.(error);
  });
  const caughtUp = started.then(() => subscription?.caughtUp);
  // Who does not ask for `caughtUp` learns of a failure by onError.
  caughtUp.catch(() => undefined);
  return {
    position: () => position,
    caughtUp,
    stop: async () => {
      abort.abort();
      await started.catch(() => undefined); // reported by onError or by caughtUp
      await subscription?.stop();
    },
  };
}
