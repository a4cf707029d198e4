import { expect } from 'chai';
import { describe, it } from 'mocha';
import { groupsOf, type Principal } from '#libs/contracts';
import { IdentityProviderError } from '../../../../services/auth/src/errors.ts';
import {
  contextsOf,
  type OpenidReading,
  principalOfClaims,
} from '../../../../services/auth/src/identity-provider/openid-principal.ts';
import { firstIdentityProvider } from '../../../../services/auth/src/identity-provider/provider-config.ts';

const ISSUER = 'https://id.example/realms/main';

const readingOf = (change: object = {}, more: Partial<OpenidReading> = {}): OpenidReading => {
  const config = firstIdentityProvider.parse({
    kind: 'openid',
    issuer: ISSUER,
    clientId: 'c',
    clientSecretFile: '/s',
    ...change,
  });
  if (config.kind !== 'openid') throw new Error('expected an OpenID provider');
  const { claims, authenticationContexts } = config;
  return {
    issuer: ISSUER,
    claims,
    authenticationContexts,
    sendsGroups: false,
    keepClaims: [],
    onLeftOut: () => {},
    ...more,
  };
};
const claims = { sub: 'u1', preferred_username: 'ann', name: 'Ann', email: 'ann@example.test', email_verified: true };

describe('the person of OpenID claims', () => {
  it('is the subject within the issuer, by the usual claims', () => {
    expect(principalOfClaims({ ...claims, groups: ['a'], roles: ['r'] }, readingOf())).to.deep.equal({
      subject: 'u1',
      directoryTenant: ISSUER,
      username: 'ann',
      name: 'Ann',
      email: 'ann@example.test',
      groups: ['a'],
      roles: ['r'],
      directoryRoles: [],
      directoryRolesUnknown: true,
    });
  });

  it('of a refresh is in no groups only while it was in none, where groups are expected', () => {
    const known = (change: object) => principalOfClaims({ ...claims, ...change }, readingOf({}, { sendsGroups: true }));
    const refreshed = (refreshes: Principal | null) =>
      groupsOf(principalOfClaims(claims, readingOf({}, { sendsGroups: true, refreshes })));
    expect(refreshed(known({ groups: ['a'] }))).to.equal(null);
    expect(refreshed(null)).to.equal(null);
    expect(refreshed(known({}))).to.deep.equal([]);
  });

  it('is named by subject, never by address, where there is no user name', () => {
    const known = principalOfClaims(claims, readingOf());
    const cut = { sub: 'u1', email: 'administrator@example.test', email_verified: true };
    expect(principalOfClaims(cut, readingOf())).to.include({
      username: 'u1',
      name: 'u1',
      email: 'administrator@example.test',
    });
    expect(principalOfClaims(cut, readingOf({}, { refreshes: known }))).to.include({ username: 'ann', name: 'Ann' });
    expect(principalOfClaims({ sub: 'u1' }, readingOf())).to.include({ username: 'u1', name: 'u1', email: null });
  });

  for (const unverified of [false, 'true', 1, null])
    it(`has no address that is verified by ${JSON.stringify(unverified)}`, () => {
      const person = principalOfClaims({ sub: 'u1', email: 'a@b.example', email_verified: unverified }, readingOf());
      expect(person).to.include({ email: null, username: 'u1' });
    });

  it('is named by address where that is configured, but never by one that is not verified', () => {
    for (const change of [{ username: 'email' }, { username: 'mail', email: 'mail' }]) {
      const named = (given: object, more: Partial<OpenidReading> = {}) =>
        principalOfClaims(
          { sub: 'u1', email: 'a@b.example', mail: 'a@b.example', ...given },
          readingOf({ claims: change }, more),
        );
      expect(named({})).to.include({ username: 'a@b.example' });
      expect(named({ email_verified: true })).to.include({ username: 'a@b.example' });
      expect(named({ email_verified: false })).to.include({ username: 'u1' });
      expect(named({ email_verified: false }, { refreshes: named({}) })).to.include({ username: 'u1' });
    }
  });

  it('reads claims by another name, by a path, and by names that are addresses', () => {
    const reading = readingOf({
      claims: {
        subject: 'employee',
        groups: 'https://example.com/groups',
        roles: 'realm_access.roles',
        directoryRoles: 'admin',
      },
    });
    const given = {
      ...claims,
      employee: 'e7',
      'https://example.com/groups': ['x'],
      realm_access: { roles: ['r1'] },
      admin: 'owner',
    };
    expect(principalOfClaims(given, reading)).to.deep.include({
      subject: 'e7',
      groups: ['x'],
      roles: ['r1'],
      directoryRoles: ['owner'],
    });
  });

  it('is in unknown groups without the claim, in none where the provider sends them', () => {
    expect(principalOfClaims(claims, readingOf())).to.deep.include({ groups: [], groupsOverage: true });
    expect(principalOfClaims(claims, readingOf({}, { sendsGroups: true }))).not.to.have.property('groupsOverage');
  });

  it('keeps the claims that are configured', () => {
    const person = principalOfClaims({ ...claims, department: 'ops' }, readingOf({}, { keepClaims: ['department'] }));
    expect(person.claims).to.deep.equal({ department: 'ops' });
  });

  const refused: readonly [string, object][] = [
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject of 129 characters, which is never cut', { sub: 'x'.repeat(129) }],
    ['a subject with a control character', { sub: 'a\u0000b' }],
    ['a subject that is a number', { sub: 7 }],
    ['a name that is a list', { name: ['x'] }],
    ['groups that are numbers', { groups: [1] }],
    ['a thousand and one groups', { groups: Array.from({ length: 1001 }, (_, i) => `g${i}`) }],
  ];
  for (const [what, change] of refused)
    it(`is refused with ${what}`, () => {
      expect(() => principalOfClaims({ ...claims, ...change }, readingOf())).to.throw(IdentityProviderError);
    });

  it('has nothing that only stands in a prototype', () => {
    const reading = readingOf({ claims: { groups: 'constructor.name', roles: 'toString' } });
    expect(principalOfClaims(claims, reading)).to.deep.include({ groupsOverage: true, roles: [] });
  });

  it('proved what the configured values of acr and amr say, and nothing else', () => {
    const map = { acr: { silver: 'c1', gold: 'c2' }, amr: { mfa: 'c1', hwk: 'c3' } };
    const token = { sub: 'u1', iat: 1, exp: 2 };
    expect(contextsOf({ ...token, acr: 'silver' }, map)).to.deep.equal(['c1']);
    expect(contextsOf({ ...token, acr: 'silver', amr: ['pwd', 'mfa', 'hwk'] }, map)).to.deep.equal(['c1', 'c3']);
    expect(contextsOf({ ...token, acr: 'c1', amr: ['constructor'] }, map)).to.deep.equal([]);
    expect(contextsOf(token, map)).to.deep.equal([]);
  });
});
