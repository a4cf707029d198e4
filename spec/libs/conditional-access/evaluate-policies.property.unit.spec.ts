import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  type AccessInputs,
  addressOfOtherFamily,
  compilePolicySet,
  evaluatePolicies,
  explainPolicies,
  findContradictions,
  locationsOf,
  locksOutAdministrators,
  parseAddress,
} from '#libs/conditional-access';
import type { AccessPolicy } from '#libs/contracts';
import { anyInputs, anyPolicies, anyPolicy, hostileInputs, locations } from './arbitraries.ts';
import { inputs, policy, policySetOf } from './policy-sets.ts';

const compile = (policies: readonly AccessPolicy[]) => compilePolicySet(policySetOf(policies, locations));
const numRuns = 500;
const order = { granted: 0, challenge: 1, denied: 2 } as const;
const nullable = [
  'groups',
  'directoryRoles',
  'isGuest',
  'country',
  'platform',
  'deviceStates',
  'clientKind',
  'signInRisk',
  'userRisk',
] as const satisfies readonly (keyof AccessInputs)[];

describe('the evaluation of any policies', function () {
  this.timeout(60_000);

  it('gives a verdict for any inputs, hostile ones too, and says the same again', () => {
    fc.assert(
      fc.property(anyPolicies, fc.oneof(anyInputs, hostileInputs), (policies, given) => {
        const compiled = compile(policies);
        const { verdict, challenge, outcomes, validUntilMs } = evaluatePolicies(compiled, given);
        expect(evaluatePolicies(compile(policies), given)).to.deep.equal(evaluatePolicies(compiled, given));
        expect(challenge !== undefined).to.equal(verdict === 'challenge');
        const isRefused = outcomes.some(({ result, isReportOnly }) => result !== 'satisfied' && !isReportOnly);
        expect(isRefused).to.equal(verdict !== 'granted');
        if (validUntilMs !== undefined) expect(validUntilMs).to.be.greaterThan(given.nowMs);
        for (const { result, clauses } of explainPolicies(compiled, given)) {
          expect(clauses.length > 0, result).to.equal(result !== 'satisfied');
        }
        locationsOf(compiled, given.address, given.country);
        findContradictions(policySetOf(policies, locations));
      }),
      { numRuns },
    );
  });

  it('does not change when a policy on trial is added', () => {
    fc.assert(
      fc.property(anyPolicies, anyPolicy, anyInputs, (policies, added, given) => {
        const trial: AccessPolicy = { ...added, id: policy({ id: 'trial' }).id, state: 'report-only' };
        const { outcomes: before, ...without } = evaluatePolicies(compile(policies), given);
        const { outcomes: after, ...with_ } = evaluatePolicies(compile([trial, ...policies]), given);
        expect(with_).to.deep.equal(without);
        expect(after.filter(({ policyId }) => policyId !== 'trial').map(({ policyId }) => policyId)).to.deep.equal(
          before.map(({ policyId }) => policyId),
        );
      }),
      { numRuns },
    );
  });

  it('denies whenever a block applies', () => {
    fc.assert(
      fc.property(anyPolicies, anyPolicy, anyInputs, (policies, added, given) => {
        const block: AccessPolicy = { ...added, id: policy({ id: 'block' }).id, state: 'on', grant: { kind: 'block' } };
        const alone = evaluatePolicies(compile([block]), given);
        const { verdict } = evaluatePolicies(compile([...policies, block]), given);
        if (alone.outcomes.length > 0) expect(verdict).to.equal('denied');
        else expect(verdict).to.equal(evaluatePolicies(compile(policies), given).verdict);
      }),
      { numRuns },
    );
  });

  it('is never milder with one input less', () => {
    const less = fc.oneof(
      fc.constantFrom(...nullable).map((key): Partial<AccessInputs> => ({ [key]: null })),
      fc.constantFrom<Partial<AccessInputs>>(
        { address: 'nowhere' },
        { sessionAddress: '' },
        { otherSessionAddress: undefined },
        { authenticationContexts: [] },
      ),
    );
    fc.assert(
      fc.property(anyPolicies, anyInputs, less, (policies, given, removed) => {
        const compiled = compile(policies);
        const before = evaluatePolicies(compiled, given).verdict;
        const after = evaluatePolicies(compiled, { ...given, ...removed }).verdict;
        expect(order[after]).to.be.at.least(order[before]);
      }),
      { numRuns: 2 * numRuns },
    );
  });

  it('is never milder with one policy more', () => {
    fc.assert(
      fc.property(anyPolicies, anyInputs, (policies, given) => {
        const all = evaluatePolicies(compile(policies), given).verdict;
        const fewer = evaluatePolicies(compile(policies.slice(1)), given).verdict;
        expect(order[all]).to.be.at.least(order[fewer]);
      }),
      { numRuns },
    );
  });

  it('is the same in any order of policies', () => {
    const shuffled = anyPolicies.chain((policies) =>
      fc.tuple(
        fc.constant(policies),
        fc.shuffledSubarray([...policies], { minLength: policies.length, maxLength: policies.length }),
      ),
    );
    const withoutVersions = (policies: readonly AccessPolicy[], given: AccessInputs) => {
      const { outcomes, ...rest } = evaluatePolicies(compile(policies), given);
      return { ...rest, outcomes: outcomes.map((outcome) => ({ ...outcome, policyVersion: 0 })) };
    };
    fc.assert(
      fc.property(shuffled, anyInputs, ([one, other], given) => {
        expect(withoutVersions(other, given)).to.deep.equal(withoutVersions(one, given));
      }),
      { numRuns },
    );
  });

  it('holds at every instant before it says it may change', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const horizonMs = 20 * 86_400_000;
    fc.assert(
      fc.property(
        anyPolicies,
        anyInputs,
        fc.array(share, { minLength: 4, maxLength: 4 }),
        (policies, given, shares) => {
          const compiled = compile(policies);
          const { verdict, challenge, session, validUntilMs } = evaluatePolicies(compiled, given);
          const lastMs = (validUntilMs ?? given.nowMs + horizonMs) - given.nowMs - 1;
          for (const part of [...shares, 1]) {
            const nowMs = given.nowMs + Math.floor(part * lastMs);
            const then = evaluatePolicies(compiled, { ...given, nowMs });
            expect([then.verdict, then.challenge, then.session], new Date(nowMs).toISOString()).to.deep.equal([
              verdict,
              challenge,
              session,
            ]);
          }
        },
      ),
      { numRuns },
    );
  });

  it('asks for exactly what is missing: with it, access is granted, and with less of it, it is not', () => {
    fc.assert(
      fc.property(anyPolicies, anyInputs, (policies, given) => {
        const compiled = compile(policies);
        const { challenge } = evaluatePolicies(compiled, given);
        if (challenge === undefined) return;
        const { contexts, maxAgeMinutes, needsNewSession } = challenge;
        const answered: AccessInputs = {
          ...given,
          authenticationContexts: [...given.authenticationContexts, ...contexts],
          ...(maxAgeMinutes !== undefined && { authenticatedAtMs: given.nowMs }),
          ...(needsNewSession && { sessionStartedAtMs: given.nowMs, sessionAddress: given.address }),
        };
        expect(evaluatePolicies(compiled, answered).verdict).to.equal('granted');
        for (const left of contexts) {
          const authenticationContexts = answered.authenticationContexts.filter((context) => context !== left);
          const { verdict } = evaluatePolicies(compiled, { ...answered, authenticationContexts });
          if (policies.every(({ grant }) => grant.kind !== 'require' || grant.operator === 'all')) {
            expect(verdict).to.equal('challenge');
          }
        }
      }),
      { numRuns: 2 * numRuns },
    );
  });

  describe('of a session that is bound to its network', () => {
    const bound = compile([policy({ grant: { kind: 'allow' }, session: { bindToNetwork: true } })]);
    const granted = (given: AccessInputs, address: string) =>
      evaluatePolicies(bound, { ...given, address }).verdict === 'granted';
    const anyAddress = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4().map((address) => `::ffff:${address}`),
    );
    const isIpv4 = (address: string) => parseAddress(address)?.family === 4;

    it('lets sign-in host and app be reached by either IP family, without a second sign-in', () => {
      fc.assert(
        fc.property(anyInputs, anyAddress, anyAddress, (given, sessionAddress, appAddress) => {
          fc.pre(isIpv4(sessionAddress) !== isIpv4(appAddress));
          const otherSessionAddress = addressOfOtherFamily(sessionAddress, [appAddress]);
          const session = { ...given, sessionAddress, otherSessionAddress };
          expect([granted(session, sessionAddress), granted(session, appAddress)]).to.deep.equal([true, true]);
        }),
        { numRuns },
      );
    });

    it('opens at no third network: at one of each family at most', () => {
      fc.assert(
        fc.property(anyInputs, anyAddress, anyAddress, anyAddress, (given, sessionAddress, second, third) => {
          const session = { ...given, sessionAddress, otherSessionAddress: second };
          const isOf = (address: string) =>
            granted({ ...given, sessionAddress: address, otherSessionAddress: undefined }, third);
          const isSecondOfItsOwn = isIpv4(second) !== isIpv4(sessionAddress);
          expect(granted(session, third)).to.equal(isOf(sessionAddress) || (isSecondOfItsOwn && isOf(second)));
        }),
        { numRuns },
      );
    });
  });

  it('finds no lockout wherever an administrator gets in', () => {
    const day = 86_400_000;
    const instants = fc
      .constantFrom(Date.UTC(2026, 0, 12), Date.UTC(2026, 6, 13))
      .chain((mondayMs) => fc.integer({ min: mondayMs, max: mondayMs + 7 * day - 1 }));
    fc.assert(
      fc.property(anyPolicies, anyInputs, instants, (policies, given, nowMs) => {
        const compiled = compile(policies);
        const administrator = inputs({
          ...given,
          appId: 'portal',
          subject: 'eve',
          groups: [],
          directoryRoles: ['admin'],
          isGuest: false,
          authenticationContexts: ['c1', 'c2', 'c3'],
          signInRisk: 'none',
          userRisk: 'none',
          nowMs,
          authenticatedAtMs: nowMs,
          sessionStartedAtMs: nowMs,
          sessionAddress: given.address,
        });
        if (evaluatePolicies(compiled, administrator).verdict === 'denied') return;
        expect(locksOutAdministrators(compiled, ['admin'], 'portal')).to.equal(undefined);
      }),
      { numRuns: 200 },
    );
  });
});
