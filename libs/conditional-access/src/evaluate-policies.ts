import type { AccessInputs } from './access-inputs.ts';
import { chooseChallenge } from './choose-challenge.ts';
import type { CompiledPolicy, CompiledPolicySet } from './compile-policy-set.ts';
import type { PolicyEvaluation, PolicyOutcome, SessionRules } from './evaluation.ts';
import { clausesOf, earlier, type Judgment, judgePolicy } from './judge-policy.ts';
import { parseAddress } from './locations/address.ts';
import { whereaboutsOf } from './locations/location-table.ts';
import { noSessionRules, strictest } from './session/session-controls.ts';
import { createSituation, type Situation } from './situation.ts';

/**
 * The verdict of a policy set (ADR-0011). Pure and total: the same set and inputs give the same answer, no input makes it throw.
 * Every policy that applies counts; no policy applies: granted.
 */
export function evaluatePolicies(policySet: CompiledPolicySet, inputs: AccessInputs): PolicyEvaluation {
  const situation = createSituation(policySet, inputs);
  const refusing: Judgment[] = [];
  const outcomes: PolicyOutcome[] = [];
  let session: SessionRules = noSessionRules;
  let validUntilMs: number | undefined;
  for (const policy of policySet.policies) {
    const judgment = judgePolicy(policy, situation);
    if (!policy.isReportOnly) validUntilMs = earlier(validUntilMs, judgment.changesAtMs);
    if (judgment.result === 'not-applied') continue;
    outcomes.push(outcomeOf(policy, situation, judgment));
    if (policy.isReportOnly) continue;
    if (judgment.result !== 'satisfied') refusing.push(judgment);
    if (policy.session !== undefined) session = strictest(session, policy.session);
  }
  const verdict = verdictOf(refusing);
  return {
    verdict,
    challenge: verdict === 'challenge' ? chooseChallenge(refusing) : undefined,
    outcomes: sortOutcomes(outcomes),
    session,
    validUntilMs,
  };
}

/** What each policy that is not off said, also those that did not apply, by id: for people who ask why. */
export function explainPolicies(policySet: CompiledPolicySet, inputs: AccessInputs): readonly PolicyOutcome[] {
  const situation = createSituation(policySet, inputs);
  return policySet.policies.map((policy) => {
    return outcomeOf(policy, situation, judgePolicy(policy, situation));
  });
}

/** Ids of the named locations that surely hold the address, sorted. `country` as in AccessInputs. */
export function locationsOf(compiled: CompiledPolicySet, address: string, country: string | null): readonly string[] {
  return [...whereaboutsOf(compiled.locations, parseAddress(address), country).locations].sort();
}

function verdictOf(refusing: readonly Judgment[]): PolicyEvaluation['verdict'] {
  if (refusing.length === 0) return 'granted';
  return refusing.every(({ isInReach }) => isInReach) ? 'challenge' : 'denied';
}

function outcomeOf(policy: CompiledPolicy, situation: Situation, judgment: Judgment): PolicyOutcome {
  const { result } = judgment;
  if (result === 'satisfied') return policy.satisfied;
  const { id, version, isReportOnly } = policy;
  const clauses = clausesOf(policy, situation, judgment);
  return { policyId: id, policyVersion: version, isReportOnly, result, clauses };
}

const refusals = ['blocked', 'input-missing', 'unsatisfied'] as const;

/** Those that count and say no first, those on trial last; equals stay by id. */
function sortOutcomes(outcomes: readonly PolicyOutcome[]): readonly PolicyOutcome[] {
  const counting = outcomes.filter(({ isReportOnly }) => !isReportOnly);
  return [
    ...refusals.flatMap((refusal) => counting.filter(({ result }) => result === refusal)),
    ...counting.filter(({ result }) => result === 'satisfied'),
    ...outcomes.filter(({ isReportOnly }) => isReportOnly),
  ];
}
