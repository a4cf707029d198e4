import { type Observable, Subject } from 'rxjs';
import { SallyportError } from '#libs/errors';
import { storeStopped } from './errors.ts';
import type { EventStore, Subscription } from './event-store.ts';
import type { Commit } from './fact.ts';
import { MAX_POSITION_WAITERS } from './limits.ts';
import type { Projection } from './projection.ts';

export type ProjectionChange<S> = { readonly state: S; readonly commit: Commit };

export type RunProjectionOptions = {
  /** Called once when the projection ends by itself (see FollowOptions.onError). From then on `state()` throws. */
  readonly onError?: (error: unknown) => void;
  /** Called for each broken attempt to reach the store; it is tried again by itself. */
  readonly onInterrupted?: (error: unknown) => void;
};

export type RunningProjection<S> = {
  /** The newest state; incomplete until `ready`. @throws what ended the projection: stale state is not served. */
  state(): S;
  /** Position of the last commit in the state, 0 for none. Commits outside the filters do not move it. */
  position(): number;
  /** Resolves when the state holds everything the store held at the start; rejects when the projection ends before. */
  readonly ready: Promise<void>;
  /** Each applied commit with the state after it, history included; completes at stop, errors when the projection ends. */
  readonly changes: Observable<ProjectionChange<S>>;
  /** Builds the state anew from the first commit and swaps it in whole; the old state is served meanwhile. */
  rebuild(): Promise<void>;
  /**
   * Resolves when the state holds the commit at `position` (of a commit inside the filters), such as the revision an append
   * returned. @throws ERR_EVENTS_DEADLINE (retryable), ERR_EVENTS_TOO_MANY_WAITERS beyond 10,000 at once.
   */
  waitFor(position: number, deadlineMs: number): Promise<void>;
  /** Safe to call twice. */
  stop(): Promise<void>;
};

/** Keeps a read model up to date from the store's first commit on. */
export function runProjection<S>(
  store: EventStore,
  projection: Projection<S>,
  options: RunProjectionOptions = {},
): RunningProjection<S> {
  return new ProjectionRunner(store, projection, options);
}

type Waiter = { readonly position: number; readonly resolve: () => void; readonly reject: (error: unknown) => void };
type Step = { readonly resolve: () => void; readonly reject: (error: unknown) => void };
type Run<S> = { state: S; position: number; next?: Step | undefined; readonly subscription: Subscription };

class ProjectionRunner<S> implements RunningProjection<S> {
  readonly ready: Promise<void>;
  readonly changes: Observable<ProjectionChange<S>>;
  readonly #store: EventStore;
  readonly #projection: Projection<S>;
  readonly #options: RunProjectionOptions;
  readonly #changes = new Subject<ProjectionChange<S>>();
  readonly #waiters = new Set<Waiter>();
  #current: Run<S>;
  #candidate: Run<S> | undefined;
  #rebuilding: Promise<void> | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(store: EventStore, projection: Projection<S>, options: RunProjectionOptions) {
    this.#store = store;
    this.#projection = projection;
    this.#options = options;
    this.changes = this.#changes.asObservable();
    this.#current = this.#run();
    this.ready = this.#current.subscription.caughtUp;
  }

  state(): S {
    if (this.#end !== undefined) throw this.#end.error;
    return this.#current.state;
  }

  position(): number {
    return this.#current.position;
  }

  rebuild(): Promise<void> {
    this.#rebuilding ??= this.#rebuild().finally(() => {
      this.#rebuilding = undefined;
    });
    return this.#rebuilding;
  }

  waitFor(position: number, deadlineMs: number): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    if (this.#current.position >= position) return Promise.resolve();
    const { name } = this.#projection;
    if (this.#waiters.size >= MAX_POSITION_WAITERS) {
      const message = `projection ${name} has ${MAX_POSITION_WAITERS} callers waiting, the most it takes`;
      return Promise.reject(new SallyportError('ERR_EVENTS_TOO_MANY_WAITERS', message, { retryable: true }));
    }
    return new Promise<void>((resolve, reject) => {
      const late = () => {
        this.#waiters.delete(waiter);
        const message = `projection ${name} did not reach position ${position} in ${deadlineMs} ms`;
        const details = { position, at: this.#current.position, deadlineMs };
        reject(new SallyportError('ERR_EVENTS_DEADLINE', message, { retryable: true, details }));
      };
      const timer = setTimeout(late, deadlineMs);
      const settle = (then: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        then();
      };
      const waiter: Waiter = {
        position,
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      this.#waiters.add(waiter);
    });
  }

  async stop(): Promise<void> {
    this.#finish(storeStopped(`projection ${this.#projection.name}`), false);
    this.#candidate?.next?.reject(this.#end?.error);
    await Promise.all([this.#current.subscription.stop(), this.#candidate?.subscription.stop()]);
  }

  #run(): Run<S> {
    const { onInterrupted } = this.#options;
    const run: Omit<Run<S>, 'subscription'> = { state: this.#projection.initial(), position: 0 };
    const subscription = this.#store.follow({
      filters: this.#projection.filters,
      onCommit: (commit) => {
        run.state = this.#projection.project(run.state, commit);
        run.position = commit.position;
        if (run === this.#current) this.#advanced(commit);
        else run.next?.resolve();
      },
      onError: (error) => {
        run.next?.reject(error);
        if (run === this.#current) this.#finish(error, true);
      },
      ...(onInterrupted === undefined ? {} : { onInterrupted }),
    });
    return Object.assign(run, { subscription });
  }

  async #rebuild(): Promise<void> {
    if (this.#end !== undefined) throw this.#end.error;
    const candidate = this.#run();
    this.#candidate = candidate;
    try {
      await candidate.subscription.caughtUp;
      // The served state may have moved on meanwhile: readers must never see it go back.
      while (candidate.position < this.#current.position) await this.#nextOf(candidate);
      const served = this.#current;
      this.#current = candidate;
      this.#notifyWaiters();
      await served.subscription.stop();
    } catch (error) {
      await candidate.subscription.stop();
      throw error;
    } finally {
      this.#candidate = undefined;
    }
  }

  #nextOf(run: Run<S>): Promise<void> {
    return new Promise((resolve, reject) => {
      run.next = { resolve, reject };
    });
  }

  #advanced(commit: Commit): void {
    this.#changes.next({ state: this.#current.state, commit });
    this.#notifyWaiters();
  }

  #notifyWaiters(): void {
    for (const waiter of this.#waiters) if (waiter.position <= this.#current.position) waiter.resolve();
  }

  #finish(error: unknown, isFailure: boolean): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const waiter of this.#waiters) waiter.reject(error);
    if (!isFailure) {
      this.#changes.complete();
      return;
    }
    this.#options.onError?.(error);
    this.#changes.error(error);
  }
}
