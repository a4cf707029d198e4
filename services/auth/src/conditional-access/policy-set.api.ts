import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import {
  changePolicySet,
  POLICY_SET_ID,
  type PolicyFinding,
  type PolicySetState,
  type PolicySetView,
  policySet,
  policySetAggregate,
} from '#libs/contracts';
import { type Actor, type EventStore, handleCommand } from '#libs/events';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import { type FindLockout, policySetDecider } from './policy-set.decide.ts';
import { policySetError } from './policy-set.rules.ts';
import type { CurrentPolicySet, LivePolicySet } from './policy-set-view.ts';

/** An admin reads what was just written: the answer waits until the view has it. */
const VIEW_DEADLINE_MS = 2000;

/** What is known of a set beyond its text. Pure. */
export type PolicySetChecks = {
  readonly findLockout: FindLockout;
  /** What an admin should know about a set that is accepted all the same. */
  readonly findContradictions: (state: PolicySetState) => readonly PolicyFinding[];
};

type Change = z.infer<typeof changePolicySet.request>;

export type ServePolicySetOptions = {
  readonly nc: NatsConnection;
  readonly tenant: string;
  readonly store: EventStore;
  readonly live: LivePolicySet;
  readonly checks: PolicySetChecks;
  readonly nowMs: () => number;
  readonly logger: Logger;
};

/** Serves the admin side of the policy set: change it, read it. */
export function servePolicySet(options: ServePolicySetOptions): readonly { drain(): Promise<void> }[] {
  const { nc, tenant, live, checks, logger } = options;
  const serveOptions = { queue: 'auth', logger };
  const findingsOf = rememberLast(checks.findContradictions);
  const viewNow = () => viewOf(live.current(), findingsOf);
  return [
    serveEndpoint(
      nc,
      tenant,
      changePolicySet,
      async (request) => {
        if (request.dryRun) return viewOf(tryChange(live.current(), checks, request), checks.findContradictions);
        await live.waitFor(await runChange(options, request), VIEW_DEADLINE_MS);
        return viewNow();
      },
      serveOptions,
    ),
    serveEndpoint(nc, tenant, policySet, viewNow, serveOptions),
  ];
}

/** The set as the change would leave it. Errors: those of the decider. */
function tryChange(
  { revision, state }: CurrentPolicySet,
  { findLockout }: PolicySetChecks,
  { change, expectedVersion, force }: Change,
): CurrentPolicySet {
  if (change.kind === 'replace' && expectedVersion !== undefined && expectedVersion !== revision)
    throw policySetError(
      'ERR_POLICY_STALE_VERSION',
      `the policy set was changed since revision ${expectedVersion}, to revision ${revision}: read it again, then decide again`,
      { expected: expectedVersion, actual: revision },
    );
  const { decide, evolve } = policySetDecider(findLockout);
  return { revision, state: decide({ change, expectedVersion, force }, state).reduce(evolve, state) };
}

/** The revision that holds the change. Errors: those of the decider and of the event store. */
async function runChange(
  { store, tenant, checks, nowMs }: ServePolicySetOptions,
  { change, expectedVersion, force, ...context }: Change,
): Promise<number> {
  const { commandId, correlationId, traceparent } = context;
  const { name, ...who } = context.actor;
  const actor: Actor = name === undefined ? who : { ...who, name };
  const isHeldToRevision = change.kind === 'replace' && expectedVersion !== undefined;
  const { revision } = await handleCommand(
    store,
    policySetDecider(checks.findLockout),
    { tenant, type: policySetAggregate, id: POLICY_SET_ID },
    { change, expectedVersion, force },
    {
      commandId,
      actor,
      correlationId,
      at: new Date(nowMs()).toISOString(),
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    isHeldToRevision ? { expectedRevision: expectedVersion } : {},
  );
  return revision;
}

function viewOf(
  { revision, state }: CurrentPolicySet,
  findingsOf: PolicySetChecks['findContradictions'],
): PolicySetView {
  return {
    revision,
    policies: state.policies.map(({ version, document }) => ({ version, policy: document })),
    locations: state.locations.map(({ version, document }) => ({ version, location: document })),
    findings: [...findingsOf(state)],
  };
}

/** A set is read more often than changed, and looking for contradictions in a full one takes milliseconds. */
function rememberLast<State extends object, Result>(work: (state: State) => Result): (state: State) => Result {
  let last: { readonly state: State; readonly result: Result } | undefined;
  return (state) => {
    if (last?.state !== state) last = { state, result: work(state) };
    return last.result;
  };
}
