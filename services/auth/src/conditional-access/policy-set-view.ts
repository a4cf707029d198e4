import { evolvePolicySet, initialPolicySetState, type PolicySetState, policySetAggregate } from '#libs/contracts';
import { type EventStore, factsOf, type Projection, type RunningProjection, runProjection } from '#libs/events';
import type { Logger } from '#libs/telemetry';

/** Milliseconds until the set is read anew after it could not be; doubled each time, up to the second. */
const FIRST_READ_AGAIN_MS = 2_000;
const LONGEST_READ_AGAIN_MS = 60_000;

/** The set as one revision names it; revision 0 is the empty set before the first change. */
export type CurrentPolicySet = { readonly revision: number; readonly state: PolicySetState };

export type LivePolicySet = {
  /**
   * From memory. @throws what ended the following of the stream (a commit that cannot be read), until the whole set could be read
   * again from its first commit on: a decision without its policies is none, and one by a part of them is wrong. While the broker is
   * away this is what was known last.
   */
  current(): CurrentPolicySet;
  /** Resolves when `current` holds this revision. @throws ERR_EVENTS_DEADLINE (retryable). */
  waitFor(revision: number, deadlineMs: number): Promise<void>;
  /** Safe to call twice. */
  stop(): Promise<void>;
};

export type LivePolicySetOptions = {
  readonly store: EventStore;
  readonly tenant: string;
  readonly logger: Logger;
  /** Called after each change, those before the start excluded; `current` holds it already. Must neither throw nor block. */
  readonly onChange?: (current: CurrentPolicySet) => void;
  /** Milliseconds, default 2000: see FIRST_READ_AGAIN_MS. */
  readonly readAgainMs?: number;
};

export function policySetProjection(tenant: string): Projection<CurrentPolicySet> {
  return {
    name: 'policy-set',
    version: 1,
    filters: [{ tenant, context: policySetAggregate.context, thing: policySetAggregate.thing }],
    initial: () => ({ revision: 0, state: initialPolicySetState }),
    project: ({ state }, commit) => ({
      revision: commit.position,
      state: factsOf(policySetAggregate, commit).reduce(evolvePolicySet, state),
    }),
  };
}

/**
 * Follows the policy set. Resolves when history is read; fails with what the store throws. Later a commit that cannot be read denies
 * everything, and the set is read anew at growing intervals: an operator may have removed the damaged message.
 */
export async function startPolicySet(options: LivePolicySetOptions): Promise<LivePolicySet> {
  const followed = new FollowedPolicySet(options);
  await followed.start();
  return followed;
}

class FollowedPolicySet implements LivePolicySet {
  readonly #options: LivePolicySetOptions;
  #running: RunningProjection<CurrentPolicySet>;
  /** undefined: history is still being read. */
  #toldRevision: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: LivePolicySetOptions) {
    this.#options = options;
    this.#running = this.#follow();
  }

  async start(): Promise<void> {
    await this.#running.ready;
    this.#toldRevision = this.#running.state().revision;
  }

  current(): CurrentPolicySet {
    return this.#running.state();
  }

  waitFor(revision: number, deadlineMs: number): Promise<void> {
    return this.#running.waitFor(revision, deadlineMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running.stop();
  }

  #follow(): RunningProjection<CurrentPolicySet> {
    const { store, tenant } = this.#options;
    let running: RunningProjection<CurrentPolicySet> | undefined;
    running = runProjection(store, policySetProjection(tenant), {
      // An attempt to read it anew that fails is not what is followed: its caller goes on.
      onError: (error) => {
        if (running === this.#running) this.#lost(error);
      },
    });
    // The error is what onError is told.
    running.changes.subscribe({ next: ({ state }) => this.#tell(running, state), error: () => undefined });
    return running;
  }

  #tell(running: RunningProjection<CurrentPolicySet> | undefined, state: CurrentPolicySet): void {
    if (running !== this.#running || this.#toldRevision === undefined || state.revision <= this.#toldRevision) return;
    this.#toldRevision = state.revision;
    this.#options.onChange?.(state);
  }

  /** Before the start has ended, it fails instead. */
  #lost(error: unknown): void {
    if (this.#toldRevision === undefined || this.#isStopped) return;
    this.#options.logger.error('policies cannot be read, every decision is refused until they can', {
      error,
      remedy:
        'update this instance if a newer one wrote the commit, else restore the stream; it is read anew by itself',
    });
    this.#readAgainAfter(this.#options.readAgainMs ?? FIRST_READ_AGAIN_MS);
  }

  #readAgainAfter(waitMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#readAgain(waitMs), waitMs).unref();
  }

  async #readAgain(waitedMs: number): Promise<void> {
    const { logger } = this.#options;
    const next = this.#follow();
    let state: CurrentPolicySet;
    try {
      await next.ready;
      state = next.state();
    } catch (error) {
      await next.stop();
      logger.warn('policies cannot be read yet', { error });
      this.#readAgainAfter(Math.min(2 * waitedMs, LONGEST_READ_AGAIN_MS));
      return;
    }
    if (this.#isStopped) {
      await next.stop();
      return;
    }
    this.#running = next;
    logger.info('policies are read again, decisions are made', { revision: state.revision });
    this.#tell(next, state);
  }
}
