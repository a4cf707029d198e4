import type { AggregateRef } from './aggregate-type.ts';
import type { Commit, CommitMetadata, Fact } from './fact.ts';

/** What an append came to. Expected outcomes, hence no exceptions. */
export type AppendOutcome =
  /** Durable. `revision` is the aggregate's new revision. */
  | { readonly status: 'appended'; readonly revision: number }
  /** This command was committed before. `revision` is that of its own commit. Nothing was written. */
  | { readonly status: 'duplicate'; readonly revision: number }
  /** Somebody else committed since the expected revision. `revision` is the aggregate's current one. */
  | { readonly status: 'conflict'; readonly revision: number };

/** Which commits; a missing part means any. Parts are literal subject tokens, else ERR_EVENTS_SUBJECT. */
export type CommitFilter = {
  readonly tenant?: string;
  readonly context?: string;
  readonly thing?: string;
  readonly id?: string;
};

export type LoadedAggregate<F extends Fact> = {
  readonly facts: readonly F[];
  /** 0 when the aggregate has no commit. */
  readonly revision: number;
  readonly commits: readonly Commit<F>[];
};

export type ReadOptions = {
  /** At least one; `[{}]` reads everything. At most 64. */
  readonly filters: readonly CommitFilter[];
  /** Starts behind this position. Default 0: from the first commit. */
  readonly after?: number;
  /** ISO-8601 UTC. The history ends before the first commit recorded later than this: always a prefix of the stream. */
  readonly untilAt?: string;
  /** At most this many commits. Default: no maximum but the head at call time. */
  readonly limit?: number;
  /** Ends the reading with the signal's reason. */
  readonly signal?: AbortSignal;
};

export type FollowOptions = {
  readonly filters: readonly CommitFilter[];
  /** Starts behind this position. Default 0. */
  readonly after?: number;
  /** Called in order, one at a time; the next commit waits for the returned promise. Throwing ends the subscription. */
  readonly onCommit: (commit: Commit) => void | Promise<void>;
  /** Called once, when everything that stood in the store at the start has been delivered. Must not throw. */
  readonly onCaughtUp?: () => void;
  /**
   * Called once when the subscription ends by itself: an unreadable commit (ERR_EVENTS_UNREADABLE), or onCommit threw.
   * The failing commit was not passed over: following again from the last position meets it again. Broken connections do
   * not end a subscription.
   */
  readonly onError?: (error: unknown) => void;
  /** Called for each broken attempt to reach the store, which is tried again with a bounded wait. */
  readonly onInterrupted?: (error: unknown) => void;
};

export type Subscription = {
  /** Settles with the first catching up; rejects when the subscription ends before. */
  readonly caughtUp: Promise<void>;
  /** Resolves when no callback runs any more; hence onCommit may call it but must not wait for it. Safe to call twice. */
  stop(): Promise<void>;
};

/**
 * The store of record. Implementations pass spec/contracts/event-store.contract.ts.
 * @throws ERR_EVENTS_SUBJECT, ERR_EVENTS_SCHEMA, ERR_EVENTS_COMMIT_TOO_LARGE, ERR_EVENTS_METADATA, ERR_EVENTS_FILTER when
 * the caller errs; ERR_EVENTS_UNREADABLE (details: subject, position) for a stored commit that cannot be read;
 * ERR_EVENTS_UNAVAILABLE (retryable) when the broker did not answer.
 */
export interface EventStore {
  load<F extends Fact>(ref: AggregateRef<F>): Promise<LoadedAggregate<F>>;
  /** Writes all facts or none. Acknowledged means durable. An expected revision of 0 means: no commit yet. */
  append<F extends Fact>(
    ref: AggregateRef<F>,
    expectedRevision: number,
    facts: readonly F[],
    metadata: CommitMetadata,
  ): Promise<AppendOutcome>;
  /** History in order, up to the head at call time, then ends. */
  read(options: ReadOptions): AsyncIterable<Commit>;
  /** History, then what is appended, in order, one at a time; survives reconnects without loss or repeat. */
  follow(options: FollowOptions): Subscription;
  /** Position of the newest commit of the stream, 0 when empty. */
  head(): Promise<number>;
}
