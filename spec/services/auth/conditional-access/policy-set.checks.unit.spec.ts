import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { z } from 'zod';
import {
  accessPolicy,
  evolvePolicySet,
  initialPolicySetState,
  initialUserState,
  namedLocation,
  PORTAL_APP_ID,
  type PolicySetFact,
} from '#libs/contracts';
import { gatherInputs } from '../../../../services/auth/src/conditional-access/gather-inputs.ts';
import {
  createPolicySetChecks,
  MAX_FINDINGS,
} from '../../../../services/auth/src/conditional-access/policy-set.checks.ts';
import { askerOfSession, type SignedIn } from '../../../../services/auth/src/decisions/asker.ts';

const ROLES = ['role-admin', 'role-other-admin'];
const { findLockout, findContradictions } = createPolicySetChecks(ROLES, {
  isCountryKnown: false,
  isGuestKnown: false,
  hasSeveralProviders: false,
});
const known = { isCountryKnown: true, isGuestKnown: true };
const withCountries = createPolicySetChecks(ROLES, { ...known, hasSeveralProviders: false });
const withProviders = createPolicySetChecks(ROLES, { ...known, hasSeveralProviders: true });
const office = namedLocation.parse({ id: 'office', name: 'Office', ranges: ['192.0.2.0/24'] });
const italy = namedLocation.parse({ id: 'italy', name: 'Italy', countries: ['IT'] });

/** On, for all users and all apps, and it blocks; unless said otherwise. */
const stateWith = (...changes: Partial<z.input<typeof accessPolicy>>[]) => {
  const facts: PolicySetFact[] = [office, italy].map((location) => ({
    type: 'NamedLocationPut',
    data: { location, isForced: false },
  }));
  changes.forEach((change, index) => {
    const policy = accessPolicy.parse({
      id: `p${index}`,
      name: `Policy ${index}`,
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: 'all' } },
      grant: { kind: 'block' },
      ...change,
    });
    facts.push({ type: 'AccessPolicyPut', data: { policy, isForced: false } });
  });
  return facts.reduce(evolvePolicySet, initialPolicySetState);
};
const sparing = (exclude: z.input<typeof accessPolicy>['assignments']['users']['exclude']) => ({
  assignments: { users: { include: 'all' as const, exclude }, apps: { include: 'all' as const } },
});
const compliant = { kind: 'compliant-device' } as const;
const strong = { kind: 'authentication-strength', context: 'c1' } as const;

describe('checks of a policy set', () => {
  const locked: readonly (readonly [string, Parameters<typeof stateWith>[0]])[] = [
    ['everybody is blocked everywhere', {}],
    ['only an account is spared, of which no role is known', sparing({ users: ['ada'] })],
    ['a device must be compliant, which nobody can see', { grant: { kind: 'require', controls: [strong, compliant] } }],
    ['a state of the device is asked for', { conditions: { deviceStates: ['unregistered'] } }],
    ['a risk is asked for', { conditions: { signInRisk: ['high'] }, grant: { kind: 'require', controls: [strong] } }],
    ['a risk of the user is asked for', { conditions: { userRisk: ['high'] } }],
    ['a country is asked for', { conditions: { locations: { include: ['italy'] } } }],
  ];
  for (const [why, change] of locked)
    it(`find a lockout when ${why}`, () => expect(findLockout(stateWith(change))).to.deep.equal(['Policy 0']));

  const open: readonly (readonly [string, Parameters<typeof stateWith>[0]])[] = [
    ['one administrator role is spared', sparing({ directoryRoles: ['role-admin'] })],
    [
      'the portal is spared',
      { assignments: { users: { include: 'all' }, apps: { include: 'all', exclude: [PORTAL_APP_ID] } } },
    ],
    ['one place is left', { conditions: { locations: { include: ['all'], exclude: ['office'] } } }],
    ['it is report-only', { state: 'report-only' }],
    ['it is off', { state: 'off' }],
    [
      'there is an alternative to the device',
      { grant: { kind: 'require', operator: 'any', controls: [compliant, strong] } },
    ],
    ['it asks for what the user can do', { grant: { kind: 'require', controls: [strong] } }],
  ];
  for (const [why, change] of open)
    it(`find none when ${why}`, () => expect(findLockout(stateWith(change))).to.deep.equal([]));

  it('find a lockout when guests are asked for, unless tokens say who is one or the role decides', () => {
    const users = { include: { guests: true }, exclude: {} };
    const guests = { assignments: { users, apps: { include: 'all' as const } } };
    expect(findLockout(stateWith(guests))).to.deep.equal(['Policy 0']);
    expect(findLockout(stateWith(sparing({ guests: true })))).to.deep.equal(['Policy 0']);
    expect(withCountries.findLockout(stateWith(guests))).to.deep.equal([]);
    const spared = { ...users, exclude: { directoryRoles: ['role-admin'] } };
    expect(findLockout(stateWith({ assignments: { ...guests.assignments, users: spared } }))).to.deep.equal([]);
  });

  it('name the policy of several that closes the last way', () => {
    const state = stateWith(
      { name: 'Second factor', grant: { kind: 'require', controls: [strong] } },
      { name: 'Office only', conditions: { locations: { include: ['all'], exclude: ['office'] } } },
      { name: 'Not from the office', conditions: { locations: { include: ['office'] } } },
    );
    expect(findLockout(state)).to.have.length(1);
    expect(findLockout(state)[0]).to.be.oneOf(['Office only', 'Not from the office']);
  });

  it('find contradictions of a set that is accepted', () => {
    const [finding] = findContradictions(stateWith({ grant: { kind: 'allow' } }));
    expect(finding).to.include({ policyId: 'p0', clause: 'grant' });
    expect(findContradictions(stateWith({ grant: { kind: 'require', controls: [strong] } }))).to.deep.equal([]);
  });

  it('find no more than fit in a message, and say how many there are', () => {
    const users = Array.from({ length: 250 }, (_one, index) => `user-${index}`);
    const twice = {
      assignments: { users: { include: { users }, exclude: { users } }, apps: { include: 'all' as const } },
    };
    const found = withCountries.findContradictions(stateWith({ ...twice, state: 'off' }));
    expect(found).to.have.length(MAX_FINDINGS + 1);
    // One for each user, and one that nobody is left.
    expect(found.at(-1)).to.include({
      policyId: 'p0',
      text: '151 more findings are left out, of this policy and later ones: mend the others first',
    });
    expect(withCountries.findContradictions(stateWith({ grant: { kind: 'allow' } }))).to.have.length(1);
  });

  it('find none when a country is blocked and there is a database of them, and one when all are', () => {
    const fromItaly = { conditions: { locations: { include: ['italy'] } } };
    const fromElsewhere = { conditions: { locations: { include: ['all'], exclude: ['italy'] } } };
    expect(withCountries.findLockout(stateWith(fromItaly))).to.deep.equal([]);
    expect(withCountries.findLockout(stateWith(fromElsewhere))).to.deep.equal([]);
    expect(withCountries.findLockout(stateWith(fromItaly, fromElsewhere))).to.have.length(1);
  });

  const findingsOf = (choice: { include: string[]; exclude?: string[] }, checks = withCountries) =>
    checks
      .findContradictions(stateWith({ state: 'off', conditions: { locations: choice } }))
      .filter(({ text }) => text.includes('countryDatabase'));
  for (const choice of [{ include: ['italy'] }, { include: ['all'], exclude: ['italy'] }, { include: ['unknown'] }])
    it(`find that ${JSON.stringify(choice)} asks for a country, only without a database`, () => {
      const [finding, ...others] = findingsOf(choice, { findLockout, findContradictions });
      expect(finding).to.include({ policyId: 'p0', clause: 'conditions.locations' });
      expect(others).to.deep.equal([]);
      expect(findingsOf(choice)).to.deep.equal([]);
    });

  it('find no question about countries where ranges are enough', () => {
    for (const choice of [{ include: ['office'] }, { include: ['trusted'] }, { include: ['all'] }])
      expect(findingsOf(choice, { findLockout, findContradictions })).to.deep.equal([]);
  });

  for (const exclude of [{ users: ['ada'] }, { groups: ['g'] }, { directoryRoles: ['role-admin'] }])
    it(`find that ${JSON.stringify(exclude)} may be spared at any of several identity providers`, () => {
      const [finding, ...others] = withProviders.findContradictions(stateWith(sparing(exclude)));
      expect(finding).to.include({ policyId: 'p0', clause: 'assignments.users.exclude' });
      expect(finding?.text).to.include('several identity providers');
      expect(others).to.deep.equal([]);
      expect(withCountries.findContradictions(stateWith(sparing(exclude)))).to.deep.equal([]);
    });

  it('find nobody spared by an id where nobody is, or apps are named', () => {
    const users = { include: 'all' as const, exclude: { users: ['ada'] } };
    const named = { assignments: { users, apps: { include: ['app_1'] } } };
    const guests = { grant: { kind: 'require' as const, controls: [strong] }, ...sparing({ guests: true }) };
    const including = { assignments: { users: { include: { users: ['ada'] } }, apps: { include: 'all' as const } } };
    for (const change of [named, guests, including])
      expect(JSON.stringify(withProviders.findContradictions(stateWith(change)))).not.to.include('several');
  });

  it('know what auth does not know: change them together', () => {
    const session: SignedIn = {
      status: 'active',
      principal: {
        subject: 's',
        directoryTenant: 't',
        username: 'u',
        name: 'n',
        email: null,
        groups: [],
        roles: [],
        directoryRoles: [],
      },
      identityProvider: 'idp',
      authenticationContexts: [],
      authenticatedAt: '2026-11-22T10:00:00.000Z',
      expiresAt: '2026-11-22T18:00:00.000Z',
      address: '192.0.2.7',
      userAgent: '',
      apps: [],
      usedTickets: [],
    };
    const client = { address: '192.0.2.7', userAgent: '' };
    const inputs = gatherInputs({
      appId: 'app_1',
      asker: askerOfSession('ses_1', session, initialUserState),
      client,
      country: 'IT',
      nowMs: 0,
    });
    const { deviceStates, signInRisk, userRisk, isGuest } = inputs;
    expect([deviceStates, signInRisk, userRisk, isGuest]).to.deep.equal([null, null, null, null]);
  });
});
