// long because each rule of the set is tried both ways on the same few documents
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { z } from 'zod';
import {
  type AccessPolicy,
  accessPolicy,
  evolvePolicySet,
  initialPolicySetState,
  MAX_POLICIES,
  type NamedLocation,
  namedLocation,
  type PolicySetFact,
  type PolicySetState,
  type Versioned,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { MAX_FACTS_PER_COMMIT } from '#libs/events';
import { deciderSpec } from '#libs/events/testing';
import {
  type FindLockout,
  type PolicySetCommand,
  policySetDecider,
} from '../../../../services/auth/src/conditional-access/policy-set.decide.ts';
import { MAX_POLICY_SET_BYTES } from '../../../../services/auth/src/conditional-access/policy-set.rules.ts';

const everybody = { users: { include: 'all' }, apps: { include: 'all' } } as const;
const policy = (id: string, change: Partial<z.input<typeof accessPolicy>> = {}): AccessPolicy =>
  accessPolicy.parse({
    id,
    name: `Policy ${id}`,
    state: 'on',
    assignments: everybody,
    grant: { kind: 'require', controls: [{ kind: 'compliant-device' }] },
    ...change,
  });
const location = (id: string, change: Partial<z.input<typeof namedLocation>> = {}): NamedLocation =>
  namedLocation.parse({ id, name: `Location ${id}`, ranges: ['192.0.2.0/24'], ...change });
const at = (...include: string[]) => ({ conditions: { locations: { include } } }) as Partial<AccessPolicy>;

const put = (one: AccessPolicy, isForced = false): PolicySetFact => ({
  type: 'AccessPolicyPut',
  data: { policy: one, isForced },
});
const putLocation = (one: NamedLocation): PolicySetFact => ({
  type: 'NamedLocationPut',
  data: { location: one, isForced: false },
});
const removed = ({ id }: AccessPolicy): PolicySetFact => ({ type: 'AccessPolicyRemoved', data: { policyId: id } });
const removedLocation = ({ id }: NamedLocation): PolicySetFact => ({
  type: 'NamedLocationRemoved',
  data: { locationId: id },
});

/** In these specs a policy that blocks, is on and for all users locks every administrator out. */
const findLockout: FindLockout = ({ policies }) =>
  policies
    .map(({ document }) => document)
    .filter(({ grant, state }) => grant.kind === 'block' && state === 'on')
    .map(({ name }) => name);
const decider = policySetDecider(findLockout);
const check = deciderSpec(decider);
const change = (
  one: PolicySetCommand['change'],
  options: { readonly expectedVersion?: number; readonly force?: boolean } = {},
): PolicySetCommand => ({ force: false, ...options, change: one });
const putPolicy = (one: AccessPolicy, options?: { expectedVersion?: number; force?: boolean }) =>
  change({ kind: 'put-policy', policy: one }, options);
const replace = (policies: AccessPolicy[], locations: NamedLocation[] = [], force = false) =>
  change({ kind: 'replace', policies, locations }, { force });
const stateAfter = (given: readonly PolicySetFact[]) => given.reduce(evolvePolicySet, initialPolicySetState);
const refusal = (given: readonly PolicySetFact[], command: PolicySetCommand) => {
  try {
    return { code: 'none', message: JSON.stringify(decider.decide(command, stateAfter(given))), isShown: false };
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    return { code: error.code, message: error.message, isShown: error.expose };
  }
};

const [a, b] = [policy('a'), policy('b')];
const office = location('office');

describe('policy set', () => {
  it('puts and removes policies and locations', () => {
    check({ when: putPolicy(a), facts: [put(a)] });
    check({ given: [put(a)], when: change({ kind: 'remove-policy', policyId: a.id }), facts: [removed(a)] });
    check({ when: change({ kind: 'put-location', location: office }), facts: [putLocation(office)] });
    check({
      given: [putLocation(office)],
      when: change({ kind: 'remove-location', locationId: office.id }),
      facts: [removedLocation(office)],
    });
  });

  it('records nothing when nothing changes', () => {
    const { grant, ...rest } = policy('a');
    check({ given: [put(a)], when: putPolicy({ grant, ...rest }), facts: [] });
    check({ given: [put(a)], when: putPolicy(policy('a')), facts: [] });
    check({ given: [putLocation(office), put(a)], when: replace([a], [office]), facts: [] });
    check({ when: replace([]), facts: [] });
  });

  it('refuses to remove what is not there', () => {
    check({ when: change({ kind: 'remove-policy', policyId: a.id }), error: 'ERR_POLICY_ABSENT' });
    check({ when: change({ kind: 'remove-location', locationId: office.id }), error: 'ERR_LOCATION_ABSENT' });
  });

  describe('versions', () => {
    const renamed = policy('a', { name: 'Renamed' });
    const given = [put(a), put(b), put(policy('a', { name: 'Second' }))];

    it('lets the one through who saw the newest version', () => {
      check({ given, when: putPolicy(renamed, { expectedVersion: 3 }), facts: [put(renamed)] });
      check({ given, when: putPolicy(renamed), facts: [put(renamed)] });
      check({ when: putPolicy(a, { expectedVersion: 0 }), facts: [put(a)] });
      check({
        given,
        when: change({ kind: 'remove-policy', policyId: b.id }, { expectedVersion: 2 }),
        facts: [removed(b)],
      });
    });

    it('tells the one who was slower both versions', () => {
      expect(refusal(given, putPolicy(renamed, { expectedVersion: 1 }))).to.deep.equal({
        code: 'ERR_POLICY_STALE_VERSION',
        message: 'policy "a" was changed since version 1, to version 3: read it again, then decide again',
        isShown: true,
      });
      expect(refusal(given, putPolicy(b, { expectedVersion: 0 })).message).to.contain('exists already, in version 2');
      expect(refusal([put(a), removed(a)], putPolicy(a, { expectedVersion: 1 })).message).to.contain(
        'was removed since version 1',
      );
      const stale = change({ kind: 'remove-location', locationId: office.id }, { expectedVersion: 9 });
      expect(refusal([putLocation(office)], stale).code).to.equal('ERR_POLICY_STALE_VERSION');
    });
  });

  describe('names and ids', () => {
    it('are taken once, whatever their case', () => {
      const twin = policy('b', { name: 'POLICY a' });
      expect(refusal([put(a)], putPolicy(twin))).to.include({
        code: 'ERR_POLICY_NAME_TAKEN',
        message: 'name "POLICY a" is that of policies "a" and "b": rename one',
      });
      check({
        given: [put(a)],
        when: putPolicy(policy('a', { name: 'policy A' })),
        facts: [put(policy('a', { name: 'policy A' }))],
      });
      const double = change({ kind: 'put-location', location: location('x', { name: office.name }) });
      expect(refusal([putLocation(office)], double).code).to.equal('ERR_LOCATION_NAME_TAKEN');
    });
    it('may be exchanged in one replacement', () => {
      const [c, d] = [policy('a', { name: b.name }), policy('b', { name: a.name })];
      check({ given: [put(a), put(b)], when: replace([c, d]), facts: [put(c), put(d)] });
    });
    it('stand once in a replacement', () => {
      expect(refusal([], replace([a, policy('a', { name: 'Other' })])).code).to.equal('ERR_POLICY_DUPLICATE_ID');
      expect(refusal([], replace([], [office, location('office', { name: 'Other' })])).code).to.equal(
        'ERR_LOCATION_DUPLICATE_ID',
      );
    });
    it('of locations are not words of the conditions', () => {
      for (const id of ['all', 'trusted', 'unknown'])
        expect(refusal([], change({ kind: 'put-location', location: location(id) })).code).to.equal(
          'ERR_LOCATION_ID_RESERVED',
        );
    });
  });

  describe('locations of policies', () => {
    const atOffice = policy('a', at('office'));

    it('must exist', () => {
      expect(refusal([], putPolicy(atOffice))).to.include({
        code: 'ERR_LOCATION_UNKNOWN',
        message: 'policy "Policy a" names location "office", which does not exist: add it first, or name one there is',
      });
      check({ given: [putLocation(office)], when: putPolicy(atOffice), facts: [put(atOffice)] });
      const words = policy('a', at('all', 'trusted', 'unknown'));
      check({ when: putPolicy(words), facts: [put(words)] });
      check({ when: replace([atOffice], [office]), facts: [putLocation(office), put(atOffice)] });
    });

    it('stay as long as a policy uses them', () => {
      const given = [putLocation(office), put(atOffice)];
      const remove = change({ kind: 'remove-location', locationId: office.id });
      expect(refusal(given, remove)).to.include({
        code: 'ERR_LOCATION_IN_USE',
        message: 'location "office" is used by "Policy a": change these policies first',
      });
      check({ given: [...given, removed(atOffice)], when: remove, facts: [removedLocation(office)] });
      expect(refusal(given, replace([atOffice])).code).to.equal('ERR_LOCATION_IN_USE');
      check({ given, when: replace([], []), facts: [removed(atOffice), removedLocation(office)] });
    });
  });

  describe('a change of more documents than a commit takes facts', () => {
    const many = Array.from({ length: MAX_FACTS_PER_COMMIT + 1 }, (_one, index) => policy(`m${index}`));
    const given = [putLocation(location('lab')), put(policy('m1')), put(policy('back'))];

    it('is one fact with the whole set', () => {
      const data = { policies: many, locations: [], isForced: false };
      check({ when: replace(many), facts: [{ type: 'PolicySetReplaced', data }] });
      check({ when: replace(many.slice(1)), facts: many.slice(1).map((one) => put(one)) });
    });
    it('keeps place and version of what has not changed, and leaves nothing else of before', () => {
      const wanted = [...many.slice(2), policy('m1'), policy('m0'), policy('back', { name: 'Back' })];
      const before = stateAfter(given);
      const state = decider.decide(replace(wanted), before).reduce(evolvePolicySet, before);
      expect(state.locations).to.deep.equal([]);
      expect(state.policies.slice(0, 2).map(({ version, document: { id } }) => [id, version])).to.deep.equal([
        ['m1', 2],
        ['back', 4],
      ]);
      expect(state.policies.map(({ document }) => document)).to.have.deep.members(wanted);
      expect(state.policies.slice(2).every(({ version }) => version === 4)).to.equal(true);
    });
    it('says that it was forced', () => {
      const block = policy('m0', { name: 'Stop all', grant: { kind: 'block' } });
      const wanted = [block, ...many.slice(1)];
      check({ when: replace(wanted), error: 'ERR_POLICY_LOCKOUT' });
      const data = { policies: wanted, locations: [], isForced: true };
      check({ when: replace(wanted, [], true), facts: [{ type: 'PolicySetReplaced', data }] });
    });
  });

  describe('bounds', () => {
    const full = Array.from({ length: MAX_POLICIES }, (_one, index) => put(policy(`p${index}`)));

    it(`are ${MAX_POLICIES} policies`, () => {
      const last = policy('last');
      check({ given: full.slice(1), when: putPolicy(last), facts: [put(last)] });
      check({ given: full, when: putPolicy(last), error: 'ERR_POLICY_TOO_MANY' });
      const changed = policy('p0', { state: 'off' });
      check({ given: full, when: putPolicy(changed), facts: [put(changed)] });
    });
    it('are the size of one request of the API', () => {
      const ranges = Array.from({ length: 2000 }, (_one, index) => `2001:db8:${index.toString(16)}::/48`);
      const big = ['v', 'w', 'x', 'y', 'z', 'za', 'zb'].map((id) => location(id, { ranges }));
      expect(JSON.stringify(big).length).to.be.greaterThan(MAX_POLICY_SET_BYTES);
      check({ when: replace([], big), error: 'ERR_POLICY_SET_TOO_LARGE' });
      check({ when: replace([], big.slice(0, 2)), facts: big.slice(0, 2).map(putLocation) });
    });
    it('are time zones that exist', () => {
      const windows = [{ days: [1], from: '08:00', until: '18:00' }];
      const zoned = (timeZone: string) => policy('a', { conditions: { times: { timeZone, windows } } });
      check({ when: putPolicy(zoned('Europe/Rome')), facts: [put(zoned('Europe/Rome'))] });
      check({ when: putPolicy(zoned('Europe/Atlantis')), error: 'ERR_POLICY_TIME_ZONE' });
    });
  });

  describe('a lockout of every administrator', () => {
    const block = policy('stop', { name: 'Stop all', grant: { kind: 'block' } });

    it('is refused, with the policy and what to do', () => {
      expect(refusal([put(a)], putPolicy(block))).to.deep.equal({
        code: 'ERR_POLICY_LOCKOUT',
        message:
          'no administrator could open the portal any more because of "Stop all": exclude the directory role of an administrator there, set it to report-only, or force the change',
        isShown: true,
      });
      expect(refusal([], replace([a, block])).code).to.equal('ERR_POLICY_LOCKOUT');
      const quiet = { ...block, state: 'report-only' as const };
      check({ when: putPolicy(quiet), facts: [put(quiet)] });
    });
    it('is taken and recorded when forced; force alone records nothing', () => {
      check({ when: putPolicy(block, { force: true }), facts: [put(block, true)] });
      check({ when: putPolicy(a, { force: true }), facts: [put(a)] });
    });
    it('is looked for when a location goes, that a policy may spare as a trusted one', () => {
      const onlyTrusted = policySetDecider(({ locations }) =>
        locations.some(({ document }) => document.isTrusted) ? [] : ['Only trusted'],
      );
      const given = [putLocation(location('office', { isTrusted: true })), put(a)];
      const decide = (force: boolean) =>
        onlyTrusted.decide(change({ kind: 'remove-location', locationId: office.id }, { force }), stateAfter(given));
      expect(() => decide(false)).to.throw('no administrator could open the portal any more because of "Only trusted"');
      expect(decide(true)).to.deep.equal([
        { type: 'NamedLocationRemoved', data: { locationId: 'office', isForced: true } },
      ]);
    });
    it('can be undone without force', () => {
      const given = [put(a), put(block, true)];
      check({ given, when: change({ kind: 'remove-policy', policyId: a.id }), facts: [removed(a)] });
      check({ given, when: change({ kind: 'remove-policy', policyId: block.id }), facts: [removed(block)] });
      const off = { ...block, state: 'off' as const };
      check({ given, when: putPolicy(off), facts: [put(off)] });
    });
  });

  describe('any sequence of replacements', () => {
    const word = fc.constantFrom('p', 'q', 'r', 's', 't');
    const somePolicies = fc.uniqueArray(
      fc.record({ id: word, state: fc.constantFrom('on' as const, 'off' as const) }),
      { selector: ({ id }) => id },
    );
    const someLocations = fc.uniqueArray(fc.record({ id: word, isTrusted: fc.boolean() }), {
      selector: ({ id }) => id,
    });
    const sets = fc.array(fc.tuple(somePolicies, someLocations), { minLength: 1, maxLength: 6 });
    const sorted = (documents: readonly { readonly id: string }[]) =>
      [...documents].sort((one, other) => (one.id < other.id ? -1 : 1));
    const versionsOf = ({ policies, locations }: PolicySetState) =>
      new Map<string, Versioned<object>>([
        ...policies.map(({ version, document }) => [`p ${document.id}`, { version, document }] as const),
        ...locations.map(({ version, document }) => [`l ${document.id}`, { version, document }] as const),
      ]);

    it('ends in exactly the last set, and a version changes exactly when its document does', () => {
      fc.assert(
        fc.property(sets, (given) => {
          let state: PolicySetState = initialPolicySetState;
          for (const [policyParts, locationParts] of given) {
            const policies = policyParts.map(({ id, state: one }) => policy(id, { state: one }));
            const locations = locationParts.map(({ id, isTrusted }) => location(id, { isTrusted }));
            const facts = decider.decide(replace(policies, locations), state);
            const before = state;
            state = facts.reduce(evolvePolicySet, before);
            expect(sorted(state.policies.map(({ document }) => document))).to.deep.equal(sorted(policies));
            expect(sorted(state.locations.map(({ document }) => document))).to.deep.equal(sorted(locations));
            expect(decider.decide(replace(policies, locations), state)).to.deep.equal([]);
            const earlier = versionsOf(before);
            for (const [key, { version, document }] of versionsOf(state)) {
              const known = earlier.get(key);
              if (known !== undefined && JSON.stringify(known.document) === JSON.stringify(document))
                expect(version, key).to.equal(known.version);
              else expect(version, key).to.be.greaterThan(before.changes);
            }
          }
        }),
      );
    });
  });
});
