import { expect } from 'chai';
import { describe, it } from 'mocha';
import { accessInputs, initialUserState, type Principal } from '#libs/contracts';
import { gatherInputs } from '../../../../services/auth/src/conditional-access/gather-inputs.ts';
import { askerOfAccessToken, askerOfSession } from '../../../../services/auth/src/decisions/asker.ts';

const NOW = Date.parse('2026-11-22T11:00:00Z');
const principal: Principal = {
  subject: 'bob',
  directoryTenant: 't',
  username: 'bob@example.com',
  name: 'Bob',
  email: null,
  groups: ['g1', 'g2'],
  roles: [],
  directoryRoles: ['r1'],
};
const session = (who: Principal) => ({
  status: 'active' as const,
  principal: who,
  identityProvider: 'idp',
  authenticationContexts: ['c1'],
  authenticatedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T18:00:00.000Z',
  address: '192.0.2.1',
  userAgent: 'at sign-in',
  apps: [],
  usedTickets: [],
});
const gather = (who: Principal = principal, userAgent = 'curl/8', country: string | null = null) =>
  gatherInputs({
    appId: 'app_a',
    asker: askerOfSession('ses_a', session(who), initialUserState),
    groups: ['g1'],
    client: { address: '198.51.100.7', userAgent },
    country,
    nowMs: NOW,
  });

describe('inputs of policies', () => {
  it('never take directory roles that nobody lists for none', () => {
    const unlisted = { ...principal, directoryRoles: [], directoryRolesUnknown: true as const };
    expect(gather(unlisted).directoryRoles).to.equal(null);
    expect(gather({ ...principal, directoryRoles: [] }).directoryRoles).to.deep.equal([]);
  });

  it('take a sign-in that nobody dates for older than any policy allows, never for as young as its session', () => {
    const known = { appId: 'app_a', client: { address: '198.51.100.7', userAgent: '' }, country: null, nowMs: NOW };
    const inputs = gatherInputs({
      ...known,
      asker: askerOfSession('ses_a', { ...session(principal), authenticatedAtUnknown: true }, initialUserState),
    });
    expect(inputs).to.include({ authenticatedAtMs: 0, sessionStartedAtMs: 0 });
    expect(accessInputs.safeParse(inputs).success).to.equal(true);
  });

  it('come from session, request and clock; what is not known is null', () => {
    expect(gather()).to.deep.equal({
      appId: 'app_a',
      subject: 'bob',
      groups: ['g1'],
      roles: [],
      directoryRoles: ['r1'],
      isGuest: null,
      authenticatedAtMs: NOW - 3_600_000,
      sessionStartedAtMs: NOW - 3_600_000,
      authenticationContexts: ['c1'],
      address: '198.51.100.7',
      sessionAddress: '192.0.2.1',
      country: null,
      platform: null,
      deviceStates: null,
      clientKind: 'native',
      signInRisk: null,
      userRisk: null,
      nowMs: NOW,
    });
  });

  it('do not know the groups of somebody who is in more than the token lists', () => {
    const unknown = gather({ ...principal, groups: [], groupsOverage: true, roles: ['Reader'] });
    expect([unknown.groups, unknown.roles]).to.deep.equal([null, ['Reader']]);
    expect(accessInputs.parse(unknown)).to.deep.equal(unknown);
  });

  it('have the country that was looked up', () => {
    expect(['IT', 'unknown', null].map((country) => gather(principal, '', country).country)).to.deep.equal([
      'IT',
      'unknown',
      null,
    ]);
  });

  it('say whether somebody is a guest only where the identity provider did', () => {
    expect(gather({ ...principal, isGuest: true }).isGuest).to.equal(true);
    expect(gather({ ...principal, isGuest: false }).isGuest).to.equal(false);
  });

  it('look at the program of the request, not at that of the sign-in', () => {
    expect(gather(principal, 'Mozilla/5.0 (X11; Linux x86_64)')).to.include({
      platform: 'linux',
      clientKind: 'browser',
    });
  });

  it('take risks and device from user and session, and say that a user is disabled', () => {
    const known = { appId: 'app_a', client: { address: '198.51.100.7', userAgent: '' }, country: null, nowMs: NOW };
    const rated = { ...session(principal), signInRisk: 'low' as const, deviceStates: ['compliant' as const] };
    const user = { status: 'disabled', risk: 'high', signedOutBefore: null } as const;
    const inputs = gatherInputs({ ...known, asker: askerOfSession('ses_a', rated, user) });
    expect(inputs).to.deep.include({
      signInRisk: 'low',
      userRisk: 'high',
      deviceStates: ['compliant'],
      isUserDisabled: true,
    });
    expect(accessInputs.parse(inputs)).to.deep.equal(inputs);
  });

  it('of a token begin with the sign-in it comes of, however new it is, nobody knows where', () => {
    const token = {
      kind: 'user',
      principal,
      issuedAtMs: NOW - 5_000,
      expiresAtMs: NOW + 5_000,
      authenticationContexts: ['c2'],
      authenticatedAtMs: null,
      deviceStates: null,
    } as const;
    const client = { address: '198.51.100.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' };
    const of = (kind: 'user' | 'app', authenticatedAtMs: number | null = null) =>
      gatherInputs({
        appId: 'app_a',
        asker: askerOfAccessToken({ ...token, kind, authenticatedAtMs }, initialUserState),
        client,
        country: null,
        nowMs: NOW,
      });
    expect(of('user')).to.deep.include({
      authenticatedAtMs: 0,
      sessionStartedAtMs: 0,
      sessionAddress: 'unknown',
      authenticationContexts: ['c2'],
      clientKind: 'native',
      platform: 'linux',
      isGuest: null,
    });
    const signedIn = { authenticatedAtMs: NOW - 86_400_000, sessionStartedAtMs: NOW - 86_400_000 };
    expect(of('user', NOW - 86_400_000)).to.include(signedIn);
    const alone = { clientKind: 'machine', isGuest: false, sessionStartedAtMs: 0, sessionAddress: 'unknown' };
    expect(of('app', NOW)).to.include({ ...alone, authenticatedAtMs: 0 });
    expect(accessInputs.parse(of('app'))).to.deep.equal(of('app'));
  });

  it('can be recorded as they are', () => {
    expect(accessInputs.parse(gather())).to.deep.equal(gather());
  });
});
