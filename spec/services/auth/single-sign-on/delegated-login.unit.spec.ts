import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { describe, it } from 'mocha';
import {
  type AppSettings,
  type AppState,
  connectorGroupId,
  evolveApp,
  initialAppState,
  type KerberosAuthorization,
  type Principal,
  SETTINGS_SINCE_V2,
} from '#libs/contracts';
import type { Asker } from '../../../../services/auth/src/decisions/asker.ts';
import { delegationOf } from '../../../../services/auth/src/single-sign-on/delegated-login.ts';
import { createAssertionSigner } from '../../../../services/auth/src/tokens/assertion-signer.ts';

const SPN = 'HTTP/wiki.corp.example';

const SETTINGS: AppSettings = {
  ...SETTINGS_SINCE_V2,
  name: 'Wiki',
  internalUrl: 'http://wiki.corp.example/',
  externalUrl: 'https://wiki.example.com/',
  preauthentication: 'oidc',
  connectorGroupId: connectorGroupId.parse('grp_1'),
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
};

function appWith(authorization: AppSettings['singleSignOn']['authorization']): AppState {
  const data = { ...SETTINGS, singleSignOn: { claimHeaders: [], authorization } };
  return evolveApp(initialAppState, { type: 'AppPublished', data });
}

function app(changes: Partial<KerberosAuthorization> = {}): AppState {
  return appWith({
    kind: 'kerberos',
    servicePrincipalName: SPN,
    delegatedLogin: 'upn',
    claim: null,
    realm: null,
    mechanism: 'spnego',
    ...changes,
  });
}

const PRINCIPAL: Principal = {
  subject: 'id-1',
  directoryTenant: 'dir',
  username: 'a.smith@corp.example',
  name: 'Alice Smith',
  email: 'boss@corp.example',
  groups: [],
  roles: [],
  directoryRoles: [],
};

function loginOf(state: AppState | null, principal: Partial<Principal> = {}, credential: Asker['credential'] = null) {
  const outcome = delegationOf(state, { principal: { ...PRINCIPAL, ...principal }, credential });
  if (outcome === undefined) return 'nothing';
  return outcome.kind === 'refused' ? outcome.reason : outcome.delegation.login;
}

describe('whom a connector may name to the domain', () => {
  const user = 'single-sign-on-no-login';
  const rows: readonly (readonly [string, Partial<KerberosAuthorization>, Partial<Principal>, string])[] = [
    ['the user principal name', {}, {}, 'a.smith@corp.example'],
    ['the part before its @', { delegatedLogin: 'user-part' }, {}, 'a.smith'],
    ['a user name without @', { delegatedLogin: 'user-part' }, { username: 'asmith' }, 'asmith'],
    ['no user name without @ as user principal name', {}, { username: 'asmith' }, user],
    ['a kept claim', { delegatedLogin: 'claim', claim: 'sam' }, { claims: { sam: 'asmith' } }, 'asmith'],
    ['a kept claim that is a UPN', { delegatedLogin: 'claim', claim: 'upn' }, { claims: { upn: 'a@b' } }, 'a@b'],
    ['no claim that is absent', { delegatedLogin: 'claim', claim: 'sam' }, {}, user],
    ['no claim of Object', { delegatedLogin: 'claim', claim: 'constructor' }, { claims: {} }, user],
    ['no list', { delegatedLogin: 'claim', claim: 'sam' }, { claims: { sam: ['a', 'b'] } }, user],
    ['no name with a slash', { delegatedLogin: 'user-part' }, { username: 'alice/admin@corp.example' }, user],
    ['no name with a backslash', {}, { username: 'a\\@b@corp.example' }, user],
    ['no name of two realms', {}, { username: 'a@b@C' }, user],
    ['no part of a name of two realms', { delegatedLogin: 'user-part' }, { username: 'a@b@C' }, user],
    ['no name with a control character', { delegatedLogin: 'user-part' }, { username: 'a\u0000@b' }, user],
    ['no empty name', { delegatedLogin: 'user-part' }, { username: '@corp.example' }, user],
    [
      'no guest by user name',
      { delegatedLogin: 'user-part' },
      { isGuest: true, username: 'administrator@evil.example' },
      user,
    ],
    ['no guest by UPN', {}, { isGuest: true }, user],
    ['a guest by a claim', { delegatedLogin: 'claim', claim: 'sam' }, { isGuest: true, claims: { sam: 'g1' } }, 'g1'],
  ];
  for (const [what, settings, principal, expected] of rows)
    it(`is ${what}`, () => {
      expect(loginOf(app(settings), principal)).to.equal(expected);
    });

  it('is nobody for programs, whatever they are called, and people who come with a token are people', () => {
    const named = { username: 'administrator' };
    const byPart = app({ delegatedLogin: 'user-part' });
    expect(loginOf(byPart, named, { kind: 'app-token', id: 'usr_1' })).to.equal(user);
    expect(loginOf(byPart, named, { kind: 'service-token', id: 'svt_1' })).to.equal(user);
    expect(loginOf(byPart, named, { kind: 'user-token', id: 'usr_1' })).to.equal('administrator');
  });

  it('is nobody for an app without Kerberos, and for the portal', () => {
    expect([loginOf(appWith(null)), loginOf(null)]).to.deep.equal(['nothing', 'nothing']);
  });

  it('stands in the signed assertion with the one service it is for, and in no other assertion', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-assertion-'));
    try {
      const signer = createAssertionSigner({
        keyFile: join(folder, 'key.pem'),
        issuer: 'https://a.test',
        nowMs: Date.now,
      });
      const subject = { principal: PRINCIPAL, sessionId: 'ses_1', audience: 'https://wiki.test' };
      const outcome = delegationOf(app(), { principal: PRINCIPAL, credential: null });
      const delegation = outcome?.kind === 'delegation' ? outcome.delegation : null;
      const signed = decodeJwt(await signer.sign({ ...subject, delegation }));
      expect([signed.delegated_login, signed.delegated_to]).to.deep.equal(['a.smith@corp.example', SPN]);
      expect(decodeJwt(await signer.sign(subject))).not.to.have.any.keys('delegated_login', 'delegated_to');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
