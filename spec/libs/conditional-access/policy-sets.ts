import { type AccessInputs, compilePolicySet, evaluatePolicies, explainPolicies } from '#libs/conditional-access';
import {
  type AccessPolicy,
  accessPolicy,
  evolvePolicySet,
  initialPolicySetState,
  type NamedLocation,
  namedLocation,
  type PolicySetState,
} from '#libs/contracts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A policy as its schema gives it, so that no spec evaluates what could never be stored. */
export function policy(parts: Record<string, unknown> = {}): AccessPolicy {
  return accessPolicy.parse({
    id: 'p',
    name: 'a policy',
    state: 'on',
    assignments: { users: { include: 'all' }, apps: { include: 'all' } },
    grant: { kind: 'block' },
    ...parts,
  });
}

export function location(parts: Record<string, unknown> = {}): NamedLocation {
  return namedLocation.parse({ id: 'office', name: 'the office', ranges: ['192.0.2.0/24'], ...parts });
}

/** Somebody about whom everything is known, on Monday 2026-11-23 at 10:00 UTC. */
export function inputs(parts: Partial<AccessInputs> = {}): AccessInputs {
  const nowMs = parts.nowMs ?? Date.UTC(2026, 10, 23, 10);
  return {
    appId: 'wiki',
    subject: 'ada',
    groups: ['staff'],
    directoryRoles: [],
    isGuest: false,
    authenticatedAtMs: nowMs - HOUR_MS,
    sessionStartedAtMs: nowMs - HOUR_MS,
    authenticationContexts: [],
    address: '192.0.2.7',
    sessionAddress: '192.0.2.7',
    country: 'DE',
    platform: 'linux',
    deviceStates: ['unregistered'],
    clientKind: 'browser',
    signInRisk: 'none',
    userRisk: 'none',
    nowMs,
    ...parts,
  };
}

export function policySetOf(
  policies: readonly AccessPolicy[],
  locations: readonly NamedLocation[] = [],
): PolicySetState {
  const state = locations.reduce<PolicySetState>(
    (sum, one) => evolvePolicySet(sum, { type: 'NamedLocationPut', data: { location: one, isForced: false } }),
    initialPolicySetState,
  );
  return policies.reduce(
    (sum, one) => evolvePolicySet(sum, { type: 'AccessPolicyPut', data: { policy: one, isForced: false } }),
    state,
  );
}

export function evaluate(
  policies: readonly AccessPolicy[],
  given: Partial<AccessInputs> = {},
  locations: readonly NamedLocation[] = [],
) {
  return evaluatePolicies(compilePolicySet(policySetOf(policies, locations)), inputs(given));
}

/** What one clause of a policy that would block says: `[result, reason of the clause]`. */
export function ask(
  clause: string,
  parts: Record<string, unknown>,
  given: Partial<AccessInputs>,
  locations: readonly NamedLocation[] = [],
): readonly [result: string, reason: string | undefined] {
  const compiled = compilePolicySet(policySetOf([policy(parts)], locations));
  const [outcome] = explainPolicies(compiled, inputs(given));
  return [outcome?.result ?? 'none', outcome?.clauses.find((one) => one.clause === clause)?.reason];
}

/** Of each `Match`, the result of a policy that blocks. */
export const results = { met: 'blocked', unmet: 'not-applied', missing: 'input-missing' } as const;
export type Expected = keyof typeof results;
