import {
  type AccessInputs,
  type AppOfDecision,
  compilePolicySet,
  type DecisionByInputs,
  decideByInputs,
  groupsThatCount,
} from '#libs/conditional-access';
import type { PolicySetState } from '#libs/contracts';
import { type CountryLookup, NO_COUNTRIES } from './countries/country-lookup.ts';

export type PolicySetOfDecision = { readonly revision: number; readonly state: PolicySetState };

/** Decides by the policies of one revision, and knows the countries they may ask for. */
export type PolicyJudge = CountryLookup & {
  readonly revision: number;
  readonly state: PolicySetState;
  decide(app: AppOfDecision, inputs: AccessInputs): DecisionByInputs;
  groupsThatCount(app: AppOfDecision, groups: readonly string[]): readonly string[];
};

/**
 * The judge of the set as it is now; compiled once per revision, only the newest is kept. Throws what `policySet` throws: a
 * decision without its policies is none. Default of `countries`: none is known.
 */
export function createPolicyJudges(
  policySet: () => PolicySetOfDecision,
  countries: CountryLookup = NO_COUNTRIES,
): () => PolicyJudge {
  let newest: PolicyJudge | undefined;
  return () => {
    const { revision, state } = policySet();
    if (newest?.revision !== revision) newest = judgeOf(revision, state, countries);
    return newest;
  };
}

function judgeOf(revision: number, state: PolicySetState, countries: CountryLookup): PolicyJudge {
  const compiled = compilePolicySet(state);
  return {
    revision,
    state,
    countryOf: (address) => countries.countryOf(address),
    decide: (app, inputs) => decideByInputs(app, compiled, inputs),
    groupsThatCount: (app, groups) => groupsThatCount(app, compiled, groups),
  };
}
