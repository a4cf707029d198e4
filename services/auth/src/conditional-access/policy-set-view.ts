import { evolvePolicySet, initialPolicySetState, type PolicySetState, policySetAggregate } from '#libs/contracts';
import { type EventStore, factsOf, type Projection, runProjection } from '#libs/events';
import type { Logger } from '#libs/telemetry';

/** The set as one revision names it; revision 0 is the empty set before the first change. */
export type CurrentPolicySet = { readonly revision: number; readonly state: PolicySetState };

export type LivePolicySet = {
  /**
   * From memory. @throws what ended the following of the stream (a commit that cannot be read): a decision without its
   * policies is none. While the broker is away this is what was known last.
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

/** Follows the policy set. Resolves when history is read; fails with what the store throws. */
export async function startPolicySet({
  store,
  tenant,
  logger,
  onChange,
}: LivePolicySetOptions): Promise<LivePolicySet> {
  const running = runProjection(store, policySetProjection(tenant), {
    onError: (error) => logger.error('policies are not followed any more, nothing is granted', { error }),
  });
  // undefined: history is still being read.
  let toldRevision: number | undefined;
  running.changes.subscribe({
    next: ({ state }) => {
      if (toldRevision === undefined || state.revision <= toldRevision) return;
      toldRevision = state.revision;
      onChange?.(state);
    },
    // Logged by onError.
    error: () => undefined,
  });
  await running.ready;
  toldRevision = running.state().revision;
  return {
    current: () => running.state(),
    waitFor: (revision, deadlineMs) => running.waitFor(revision, deadlineMs),
    stop: () => running.stop(),
  };
}
