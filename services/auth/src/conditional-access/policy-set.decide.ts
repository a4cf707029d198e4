import {
  type AccessPolicy,
  evolvePolicySet,
  initialPolicySetState,
  type NamedLocation,
  type PolicySetChange,
  type PolicySetFact,
  type PolicySetState,
  type Versioned,
} from '#libs/contracts';
import { type Decider, MAX_FACTS_PER_COMMIT } from '#libs/events';
import { type Documents, isSameDocument, policySetError, quoted, requireSoundSet } from './policy-set.rules.ts';

export type PolicySetCommand = {
  readonly change: PolicySetChange;
  /** Of the policy or location that is changed, 0 when it must be new. A replacement is held to the revision of the set instead. */
  readonly expectedVersion?: number | undefined;
  /** Takes a set that locks every administrator out. */
  readonly force: boolean;
};

/** Names of the policies that keep every administrator out of the portal together; none when somebody gets in. Pure. */
export type FindLockout = (state: PolicySetState) => readonly string[];

/**
 * Every change is one of documents: what there is, what there shall be, and the facts that lead from one to the other.
 * Errors: ERR_POLICY_ABSENT, ERR_LOCATION_ABSENT, ERR_POLICY_STALE_VERSION, ERR_POLICY_LOCKOUT, and those of requireSoundSet.
 */
export function policySetDecider(findLockout: FindLockout): Decider<PolicySetCommand, PolicySetFact, PolicySetState> {
  return {
    initialState: initialPolicySetState,
    evolve: evolvePolicySet,
    decide: (command, state) => decidePolicySet(command, state, findLockout),
  };
}

function decidePolicySet(
  { change, expectedVersion, force }: PolicySetCommand,
  state: PolicySetState,
  findLockout: FindLockout,
): readonly PolicySetFact[] {
  requireVersion(change, expectedVersion, state);
  const wanted = apply(change, state);
  const facts = difference(state, wanted, false);
  if (facts.length === 0) return [];
  requireSoundSet(wanted, documentsOf(state));
  // Fewer policies only loosen: whoever is locked out already must not be kept from it. A location may be what lets somebody in.
  if (facts.every(({ type }) => type === 'AccessPolicyRemoved')) return inOneCommit(facts, wanted, false);
  const culprits = findLockout(facts.reduce(evolvePolicySet, state));
  if (culprits.length === 0) return inOneCommit(facts, wanted, false);
  if (!force) throw lockout(culprits);
  return inOneCommit(difference(state, wanted, true), wanted, true);
}

/** A change is whole or is none: never a part of it in one commit and the rest in the next. */
function inOneCommit(
  facts: readonly PolicySetFact[],
  { policies, locations }: Documents,
  isForced: boolean,
): readonly PolicySetFact[] {
  if (facts.length <= MAX_FACTS_PER_COMMIT) return facts;
  return [{ type: 'PolicySetReplaced', data: { policies: [...policies], locations: [...locations], isForced } }];
}

function documentsOf({ policies, locations }: PolicySetState): Documents {
  return {
    policies: policies.map(({ document }) => document),
    locations: locations.map(({ document }) => document),
  };
}

function apply(change: PolicySetChange, state: PolicySetState): Documents {
  const { policies, locations } = documentsOf(state);
  switch (change.kind) {
    case 'put-policy':
      return { locations, policies: [...without(policies, change.policy.id), change.policy] };
    case 'remove-policy':
      requirePresent('ERR_POLICY_ABSENT', 'policy', policies, change.policyId);
      return { locations, policies: without(policies, change.policyId) };
    case 'put-location':
      return { policies, locations: [...without(locations, change.location.id), change.location] };
    case 'remove-location':
      requirePresent('ERR_LOCATION_ABSENT', 'location', locations, change.locationId);
      return { policies, locations: without(locations, change.locationId) };
    case 'replace':
      return { policies: change.policies, locations: change.locations };
    default:
      return change satisfies never;
  }
}

/** Locations first and last: no prefix of a commit names one that is not there. */
function difference(state: PolicySetState, wanted: Documents, isForced: boolean): readonly PolicySetFact[] {
  const gone = <D extends Identified>(before: readonly Versioned<D>[], after: readonly D[]) =>
    before.map(({ document }) => document).filter(({ id }) => !after.some((one) => one.id === id));
  return [
    ...changed(state.locations, wanted.locations).map((location) => locationPut(location, isForced)),
    ...changed(state.policies, wanted.policies).map((policy) => policyPut(policy, isForced)),
    ...gone(state.policies, wanted.policies).map(
      ({ id }): PolicySetFact => ({ type: 'AccessPolicyRemoved', data: { policyId: id } }),
    ),
    ...gone(state.locations, wanted.locations).map(
      ({ id }): PolicySetFact => ({
        type: 'NamedLocationRemoved',
        data: { locationId: id, ...(isForced ? { isForced } : {}) },
      }),
    ),
  ];
}

function policyPut(policy: AccessPolicy, isForced: boolean): PolicySetFact {
  return { type: 'AccessPolicyPut', data: { policy, isForced } };
}

function locationPut(location: NamedLocation, isForced: boolean): PolicySetFact {
  return { type: 'NamedLocationPut', data: { location, isForced } };
}

type Identified = { readonly id: string };

function changed<D extends Identified>(before: readonly Versioned<D>[], after: readonly D[]): readonly D[] {
  return after.filter((wanted) => {
    const known = before.find(({ document }) => document.id === wanted.id);
    return known === undefined || !isSameDocument(known.document, wanted);
  });
}

function without<D extends Identified>(all: readonly D[], id: string): readonly D[] {
  return all.filter((one) => one.id !== id);
}

function requirePresent(
  code: 'ERR_POLICY_ABSENT' | 'ERR_LOCATION_ABSENT',
  what: 'policy' | 'location',
  all: readonly Identified[],
  id: string,
): void {
  if (all.some((one) => one.id === id)) return;
  throw policySetError(code, `${what} ${quoted(id)} does not exist: see the list for the ids there are`, { id });
}

function requireVersion(change: PolicySetChange, expected: number | undefined, state: PolicySetState): void {
  if (expected === undefined || change.kind === 'replace') return;
  const [what, id, all] = subjectOf(change, state);
  const actual = all.find(({ document }) => document.id === id)?.version ?? 0;
  if (actual === expected) return;
  throw policySetError('ERR_POLICY_STALE_VERSION', staleText(`${what} ${quoted(id)}`, expected, actual), {
    id,
    expected,
    actual,
  });
}

function staleText(what: string, expected: number, actual: number): string {
  if (expected === 0) return `${what} exists already, in version ${actual}: choose another id, or change that version`;
  if (actual === 0) return `${what} was removed since version ${expected}: put it anew without a version, or leave it`;
  return `${what} was changed since version ${expected}, to version ${actual}: read it again, then decide again`;
}

function subjectOf(
  change: Exclude<PolicySetChange, { kind: 'replace' }>,
  { policies, locations }: PolicySetState,
): readonly ['policy' | 'location', string, readonly Versioned<Identified>[]] {
  switch (change.kind) {
    case 'put-policy':
      return ['policy', change.policy.id, policies];
    case 'remove-policy':
      return ['policy', change.policyId, policies];
    case 'put-location':
      return ['location', change.location.id, locations];
    case 'remove-location':
      return ['location', change.locationId, locations];
    default:
      return change satisfies never;
  }
}

function lockout(culprits: readonly string[]) {
  const who = culprits.map(quoted).join(', ');
  return policySetError(
    'ERR_POLICY_LOCKOUT',
    `no administrator could open the portal any more because of ${who}: exclude the directory role of an administrator there, set it to report-only, or force the change`,
    { policies: culprits },
  );
}
