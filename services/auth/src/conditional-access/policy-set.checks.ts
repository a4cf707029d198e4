import { compilePolicySet, findContradictions, findPitfalls, locksOutAdministrators } from '#libs/conditional-access';
import { type AccessPolicy, PORTAL_APP_ID, type PolicyFinding, type PolicySetState } from '#libs/contracts';
import { findUnknownCountries } from './countries/find-unknown-countries.ts';
import { findSharedIds } from './find-shared-ids.ts';
import type { PolicySetChecks } from './policy-set.api.ts';

/** Beyond: one more finding, which says how many are left out. */
export const MAX_FINDINGS = 100;

/**
 * `administratorRoles` as configured: who has none of them is no administrator, whatever else a policy spares. `isCountryKnown`: whether
 * there is a database of countries. `isGuestKnown`: whether tokens say who is a guest. `hasSeveralProviders`: of identities. Pure.
 */
export function createPolicySetChecks(
  administratorRoles: readonly string[],
  known: { readonly isCountryKnown: boolean; readonly isGuestKnown: boolean; readonly hasSeveralProviders: boolean },
): PolicySetChecks {
  return {
    findContradictions: (state) =>
      cutFindings([
        ...findContradictions(state),
        ...findPitfalls(state),
        ...(known.isCountryKnown ? [] : findUnknownCountries(state)),
        ...(known.hasSeveralProviders ? findSharedIds(state) : []),
      ]),
    findLockout: (state) => {
      const compiled = compilePolicySet(withoutUnknowns(state));
      const culprit = locksOutAdministrators(compiled, administratorRoles, PORTAL_APP_ID, known);
      if (culprit === undefined) return [];
      const named = state.policies.find(({ document }) => document.id === culprit.policyId);
      return [named?.document.name ?? culprit.policyId];
    },
  };
}

/** All of a set that names the same people twice everywhere are larger than a message. */
function cutFindings(all: readonly PolicyFinding[]): readonly PolicyFinding[] {
  const next = all[MAX_FINDINGS];
  if (next === undefined) return all;
  const text = `${all.length - MAX_FINDINGS} more findings are left out, of this policy and later ones: mend the others first`;
  return [...all.slice(0, MAX_FINDINGS), { ...next, text }];
}

/**
 * The set as it works for an administrator of whom nobody says device states or risks: a policy that asks for one of them denies
 * whoever its other criteria let in. An identity provider need not send the one, and nobody need rate the others. Countries are left
 * to the check itself.
 */
function withoutUnknowns(state: PolicySetState): PolicySetState {
  const policies = state.policies.map(({ version, document }) => ({ version, document: withoutUnknownsOf(document) }));
  return { ...state, policies };
}

function withoutUnknownsOf(policy: AccessPolicy): AccessPolicy {
  const { deviceStates, signInRisk, userRisk, ...conditions } = policy.conditions;
  const isAsked = deviceStates !== undefined || signInRisk !== undefined || userRisk !== undefined;
  return { ...policy, conditions, grant: isAsked ? { kind: 'block' } : grantWithoutDevices(policy.grant) };
}

function grantWithoutDevices(grant: AccessPolicy['grant']): AccessPolicy['grant'] {
  if (grant.kind !== 'require') return grant;
  const controls = grant.controls.filter(({ kind }) => kind !== 'compliant-device');
  const isHopeless = controls.length === 0 || (grant.operator === 'all' && controls.length < grant.controls.length);
  return isHopeless ? { kind: 'block' } : { ...grant, controls };
}
