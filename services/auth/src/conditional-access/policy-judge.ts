import {
  type AccessInputs,
  type AppOfDecision,
  compilePolicySet,
  type DecisionByInputs,
  decideByInputs,
  groupsThatCount,
} from '#libs/conditional-access';
import type { PolicySetState } from '#libs/contracts';

export type PolicySetOfDecision = { readonly revision: number; readonly state: PolicySetState };

/** Decides by the policies of one revision. */
export type PolicyJudge = {
  readonly revision: number;
  readonly state: PolicySetState;
  decide(app: AppOfDecision, inputs: AccessInputs): DecisionByInputs;
  groupsThatCount(app: AppOfDecision, groups: readonly string[]): readonly string[];
};

/**
 * The judge of the set as it is now; compiled once per revision, only the newest is kept. Throws what `policySet` throws: a
 * decision without its policies is none.
 */
export function createPolicyJudges(policySet: () => PolicySetOfDecision): () => PolicyJudge {
  let newest: PolicyJudge | undefined;
  return () => {
    const { revision, state } = policySet();
    if (newest?.revision !== revision) newest = judgeOf(revision, state);
    return newest;
  };
}

function judgeOf(revision: number, state: PolicySetState): PolicyJudge {
  const compiled = compilePolicySet(state);
  return {
    revision,
    state,
    decide: (app, inputs) => decideByInputs(app, compiled, inputs),
    groupsThatCount: (app, groups) => groupsThatCount(app, compiled, groups),
  };
}
