import { isDeepStrictEqual } from 'node:util';
import {
  type AppOfDecision,
  compilePolicySet,
  type DecisionByInputs,
  decideByInputs,
  describeRefusal,
} from '#libs/conditional-access';
import {
  accessDecisionAggregate,
  appAggregate,
  type DecisionMadeFact,
  type DecisionView,
  evolveApp,
  evolvePolicySet,
  initialAppState,
  initialPolicySetState,
  POLICY_SET_ID,
  PORTAL_APP_ID,
  type PolicySetState,
  policySetAggregate,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { type AggregateType, type EventStore, type Fact, isSubjectToken } from '#libs/events';

const VERDICTS = { AccessGranted: 'granted', AccessDenied: 'denied', AccessChallenged: 'challenged' } as const;

/** The first reason of every decision: only whose session or token was accepted is decided about. */
const ACCEPTED_BY = {
  session: 'session-active',
  'user-token': 'token-accepted',
  'app-token': 'token-accepted',
  'service-token': 'service-token-accepted',
} as const;

/**
 * A decision as it was recorded, in the words of the policy set and the app that it was made by, and made again from its
 * inputs. Reads the histories of one decision, one app and the policy set. Error: ERR_DECISION_ABSENT.
 */
export async function explainDecision(store: EventStore, tenant: string, decisionId: string): Promise<DecisionView> {
  const { fact, at, refusal } = await loadDecision(store, tenant, decisionId);
  const { data } = fact;
  const app: AppOfDecision =
    data.appId === PORTAL_APP_ID
      ? 'portal'
      : await stateAt(store, tenant, { type: appAggregate, id: data.appId }, data.appRevision, {
          initial: initialAppState,
          evolve: evolveApp,
        });
  const policySet = await stateAt(
    store,
    tenant,
    { type: policySetAggregate, id: POLICY_SET_ID },
    data.policySetRevision ?? 0,
    { initial: initialPolicySetState, evolve: evolvePolicySet },
  );
  const { inputs, outcomes = [], policySetRevision = null, ...told } = data;
  const verdict = VERDICTS[fact.type];
  const again = inputs === undefined ? null : decideByInputs(app, compilePolicySet(policySet), inputs);
  return {
    ...told,
    sessionId: data.sessionId ?? null,
    credential: data.credential ?? null,
    decisionId,
    at,
    verdict,
    appName: app === 'portal' || app.status === 'absent' ? null : app.name,
    policySetRevision,
    signOnRefused: refusal,
    challenge: fact.type === 'AccessChallenged' ? fact.data.challenge : null,
    inputs: inputs ?? null,
    policies: outcomes.map((outcome) => {
      const words = describeRefusal(policySet, outcome);
      const name = nameOf(policySet, outcome.policyId);
      return { ...outcome, name, says: words?.says ?? null, remedy: words?.remedy ?? null };
    }),
    replayed: again === null ? null : replayed(fact, again),
  };
}

async function loadDecision(store: EventStore, tenant: string, id: string) {
  const { commits } = isSubjectToken(id)
    ? await store.load({ tenant, type: accessDecisionAggregate, id })
    : { commits: [] };
  const fact = commits[0]?.facts[0];
  if (commits[0] === undefined || fact === undefined || fact.type === 'SignOnRefused') {
    throw new SallyportError('ERR_DECISION_ABSENT', `there is no access decision ${JSON.stringify(id)}`, {
      expose: true,
      details: { decisionId: id },
    });
  }
  const refusals = commits.flatMap(({ facts, metadata }) =>
    facts.flatMap((told) => (told.type === 'SignOnRefused' ? { at: metadata.at, reason: told.data.reason } : [])),
  );
  return { fact, at: commits[0].metadata.at, refusal: refusals[0] ?? null };
}

/** The aggregate as one revision names it: the decision saw no later fact. */
async function stateAt<F extends Fact, S>(
  store: EventStore,
  tenant: string,
  { type, id }: { readonly type: AggregateType<F>; readonly id: string },
  revision: number,
  { initial, evolve }: { readonly initial: S; readonly evolve: (state: S, fact: F) => S },
): Promise<S> {
  const { commits } = await store.load({ tenant, type, id });
  return commits
    .filter(({ position }) => position <= revision)
    .flatMap(({ facts }) => facts)
    .reduce(evolve, initial);
}

function replayed(fact: DecisionMadeFact, again: DecisionByInputs): NonNullable<DecisionView['replayed']> {
  const reasons = [ACCEPTED_BY[fact.data.credential?.kind ?? 'session'], ...again.reasons];
  const isSame =
    again.verdict === VERDICTS[fact.type] &&
    isDeepStrictEqual(reasons, fact.data.reasons) &&
    isDeepStrictEqual(again.evaluation?.outcomes, fact.data.outcomes);
  return { verdict: again.verdict, reasons, isSame };
}

function nameOf(policySet: PolicySetState, id: string): string {
  return policySet.policies.find(({ document }) => document.id === id)?.document.name ?? id;
}
