import { expect } from 'chai';
import { describe, it } from 'mocha';
import { compilePolicySet, evaluatePolicies } from '#libs/conditional-access';
import {
  accessPolicy,
  evolvePolicySet,
  initialPolicySetState,
  MAX_POLICIES as MOST_POLICIES,
  namedLocation,
  type PolicySetState,
} from '#libs/contracts';
import { loadScript } from '../support/load-script.ts';

type Document = { readonly id: string };
type PolicySet = { readonly policies: readonly Document[]; readonly locations: readonly Document[] };
type Revoked = { readonly refusedMs: readonly number[]; readonly closedMs: number; readonly answeredMs: number };
const { MAX_POLICIES, policySetOf, stepsTo, removePolicies } = await loadScript<{
  readonly MAX_POLICIES: number;
  readonly policySetOf: (count: number, ownGroup: string) => PolicySet;
  readonly stepsTo: (set: PolicySet) => PolicySet[];
  readonly removePolicies: (
    api: { call(method: string, path: string, body: PolicySet): Promise<void> },
    set: PolicySet,
  ) => Promise<void>;
}>('bench/policies.mjs');
const { whyNotAsked, whyNotCached } = await loadScript<{
  readonly whyNotAsked: (authMicroseconds: number) => string | undefined;
  readonly whyNotCached: (decisionIds: readonly string[]) => string | undefined;
}>('bench/cases/decisions.mjs');
const { summarize } = await loadScript<{
  readonly summarize: (name: string, all: readonly Revoked[]) => { readonly values: Record<string, number> };
}>('bench/cases/revocation.mjs');
const { isRefusal, sinceAcknowledged } = await loadScript<{
  readonly isRefusal: (status: number) => boolean;
  readonly sinceAcknowledged: (atMs: number, acknowledgedMs: number) => number;
}>('bench/refusals.mjs');

/** The set as auth would hold it: every document must be one that can be stored. */
function stored({ policies, locations }: PolicySet): PolicySetState {
  const places = locations.reduce<PolicySetState>(
    (sum, one) =>
      evolvePolicySet(sum, { type: 'NamedLocationPut', data: { location: namedLocation.parse(one), isForced: false } }),
    initialPolicySetState,
  );
  return policies.reduce(
    (sum, one) =>
      evolvePolicySet(sum, { type: 'AccessPolicyPut', data: { policy: accessPolicy.parse(one), isForced: false } }),
    places,
  );
}

const nowMs = Date.UTC(2026, 10, 23, 10);
const someone = {
  appId: 'wiki',
  subject: 'ada',
  groups: ['staff'],
  directoryRoles: [],
  isGuest: null,
  authenticatedAtMs: nowMs,
  sessionStartedAtMs: nowMs,
  authenticationContexts: [],
  address: '127.0.0.1',
  sessionAddress: '127.0.0.1',
  country: null,
  platform: null,
  deviceStates: null,
  clientKind: null,
  signInRisk: null,
  userRisk: null,
  nowMs,
} as const;
const full = policySetOf(MAX_POLICIES, 'nobody');

describe('bench: the policy set of the decision cases', () => {
  it('is as large as one may be, and lets in who signed in a moment ago, whatever else is unknown', () => {
    expect(MAX_POLICIES).to.equal(MOST_POLICIES);
    const compiled = compilePolicySet(stored(full));
    const { verdict, outcomes } = evaluatePolicies(compiled, someone);
    expect(verdict).to.equal('granted');
    expect(outcomes.length).to.be.above(30);
    expect(evaluatePolicies(compiled, { ...someone, authenticatedAtMs: nowMs - 48 * 3_600_000 }).verdict).to.equal(
      'challenge',
    );
  });

  it('is put and taken away in steps that the API takes, none of which names a location that is not there', async () => {
    const taken: PolicySet[] = [];
    await removePolicies({ call: async (_method, _path, body) => void taken.push(body) }, full);
    const steps = stepsTo(full);
    const sizes = (sets: readonly PolicySet[]) => sets.map((set) => set.policies.length + set.locations.length);
    expect(sizes(steps)).to.deep.equal([60, 120, 180, 240, 255]);
    expect(sizes(taken)).to.deep.equal([240, 180, 120, 60, 0]);
    for (const { policies, locations } of steps)
      expect(policies.length === 0 || locations.length === full.locations.length).to.equal(true);
    expect(stepsTo(policySetOf(0, 'nobody'))).to.deep.equal([]);
  });
});

describe('bench: decisions of a round', () => {
  it('count as cached while requests share one', () => {
    expect(whyNotCached(['a', 'a', 'b'])).to.equal(undefined);
    expect(whyNotCached(['a', 'b', 'c'])).to.equal('3 requests ran on 3 decisions');
  });

  it('count as asked when auth worked for each', () => {
    expect(whyNotAsked(50)).to.equal(undefined);
    expect(whyNotAsked(0.4)).to.equal('auth spent 0.4 µs on a request: it was not asked about each');
  });
});

describe('bench: revocation', () => {
  it('takes the p99 over both ingresses, and of the WebSocket by itself', () => {
    const all = Array.from({ length: 50 }, (_, index) => ({
      refusedMs: [index, 100 + index],
      closedMs: index,
      answeredMs: 5,
    }));
    expect(summarize('revocation', all).values).to.deep.equal({
      revocation: 49,
      'revocation-p99': 148,
      'revocation-websocket': 24,
      'revocation-websocket-p99': 49,
    });
  });

  it('is refused by a sign-in or a no, not by an ingress that cannot answer', () => {
    expect([302, 401, 403].map(isRefusal)).to.deep.equal([true, true, true]);
    expect([200, 429, 502, 503].map(isRefusal)).to.deep.equal([false, false, false, false]);
  });

  it('takes no time when it is refused before the call has returned', () => {
    expect([sinceAcknowledged(90, 100), sinceAcknowledged(130, 100)]).to.deep.equal([0, 30]);
  });
});
