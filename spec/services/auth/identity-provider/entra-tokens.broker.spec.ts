// long because it is one table of the tokens of Entra ID that we must take and refuse
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { after, afterEach, before, describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { IdentityProviderError, ScopeMissingError } from '../../../../services/auth/src/errors.ts';
import type { IdentityProvider } from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { createPassportIdentityProvider } from '../../../../services/auth/src/identity-provider/passport-identity-provider.ts';
import { UnconfirmedRefreshError } from '../../../../services/auth/src/identity-provider/unconfirmed-refresh.ts';
import {
  forgeToken,
  type HostileAnswer,
  type HostileIdentityProvider,
  newSigningPair,
  startHostileIdentityProvider,
} from '../../../support/hostile-identity-provider.ts';
import { reasonOf, seconds } from './identity-provider.contract.ts';

const CLIENT_ID = '11111111-1111-4111-8111-111111111111';
const API_ID = '44444444-4444-4444-8444-444444444444';
const OID = 'b2b2b2b2-0000-4000-8000-000000000002';
const OTHER = 'b2b2b2b2-0000-4000-8000-00000000000f';
const TIMEOUT_MS = 1_000;
const EXPECTED = { audience: `api://${API_ID}`, scope: 'Wiki.Read' };
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

type Change = () => Record<string, unknown>;
type Forge = Omit<Parameters<typeof forgeToken>[0], 'payload' | 'key'>;

describe('tokens of Entra ID', function entraTokenSpecs() {
  this.timeout(20_000);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-entra-'));
  const log: string[] = [];
  const logger = createLogger({ service: 'auth', write: (line) => log.push(line) });
  let sts: HostileIdentityProvider;
  let provider: IdentityProvider;
  const stranger = newSigningPair('key-1');

  const fresh = async () => {
    await provider?.close();
    const clientSecretFile = join(folder, 'secret');
    const { issuer, tenantId, caFile } = sts;
    provider = createPassportIdentityProvider({
      config: {
        issuer,
        tenantId,
        caFile,
        clientId: CLIENT_ID,
        clientSecretFile,
        apiAudience: 'x',
        timeoutMs: TIMEOUT_MS,
      },
      signInOrigin: 'https://login.sallyport.localhost:8443',
      sendsGroups: true,
      keepClaims: ['department', 'extension_costCenters'],
      wantsRefreshTokens: true,
      logger,
    });
  };
  before(async () => {
    writeFileSync(join(folder, 'secret'), 'a-client-secret\n');
    sts = await startHostileIdentityProvider();
    await fresh();
  });
  afterEach(async () => {
    sts.reset();
    log.length = 0;
    await fresh();
  });
  after(async () => {
    await provider?.close();
    await sts?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const person = () => ({
    iss: sts.issuer,
    sub: 'pairwise',
    tid: sts.tenantId,
    oid: OID,
    ver: '2.0',
    preferred_username: 'bob@example.test',
    groups: ['g1'],
    iat: seconds(),
    nbf: seconds() - 1,
    exp: seconds() + 600,
  });
  const userToken = (change: Record<string, unknown> = {}, forge: Forge = {}) =>
    forgeToken({
      key: sts.key,
      payload: { ...person(), aud: API_ID, azp: 'cli', scp: 'Wiki.Read', ...change },
      ...forge,
    });
  const verify = (token: string) => provider.verifyAccessToken(token, EXPECTED);

  describe('for a published app', () => {
    const cases: readonly [string, Change, string][] = [
      ['a good one', () => ({}), 'accepted'],
      ['one for api://', () => ({ aud: `api://${API_ID}` }), 'accepted'],
      ['one of 30 s ago', () => ({ iat: seconds() - 600, nbf: seconds() - 600, exp: seconds() - 30 }), 'accepted'],
      ['one of 30 s to come', () => ({ iat: seconds() + 30, nbf: seconds() + 30 }), 'accepted'],
      [
        'one of two minutes ago',
        () => ({ iat: seconds() - 600, nbf: seconds() - 600, exp: seconds() - 120 }),
        'token-invalid',
      ],
      ['one of two minutes to come', () => ({ iat: seconds() + 120, nbf: seconds() + 120 }), 'token-invalid'],
      ['one whose nbf is text', () => ({ nbf: 'now' }), 'token-invalid'],
      ['one without nbf', () => ({ nbf: undefined }), 'token-invalid'],
      ['one of another directory', () => ({ tid: OTHER }), 'token-invalid'],
      ['one without a directory', () => ({ tid: undefined }), 'token-invalid'],
      ['one of nobody', () => ({ oid: undefined }), 'token-invalid'],
      ['one whose oid is no GUID', () => ({ oid: 'bob' }), 'token-invalid'],
      ['one of two audiences', () => ({ aud: [API_ID, CLIENT_ID] }), 'token-invalid'],
      ['one for spn:', () => ({ aud: `spn:${API_ID}` }), 'token-invalid'],
      ['one of our own sign-ins', () => ({ aud: CLIENT_ID }), 'token-invalid'],
      ['one whose scope only begins like it', () => ({ scp: 'Wiki.Read.All' }), 'token-invalid'],
      ['one whose scope is a list', () => ({ scp: ['Wiki.Read'] }), 'token-invalid'],
      ['one of a user without a scope', () => ({ idtyp: 'user', scp: undefined }), 'token-invalid'],
      ['one of an unknown type', () => ({ idtyp: 'device' }), 'token-invalid'],
      ['one whose type is a list', () => ({ idtyp: ['app'] }), 'token-invalid'],
      [
        'an ID token of a client that is its own API',
        () => ({ scp: undefined, azp: undefined, nonce: 'n' }),
        'token-invalid',
      ],
      [
        'one that a refresh brought, without a nonce',
        () => ({ scp: undefined, azp: undefined, roles: ['Admin'] }),
        'token-invalid',
      ],
      ['one that tells of a sign-out', () => ({ events: { [LOGOUT_EVENT]: {} } }), 'token-invalid'],
      ['one with the hash of a code', () => ({ c_hash: 'x' }), 'token-invalid'],
      ['one whose device says are text', () => ({ signin_state: 'dvc_cmp' }), 'token-invalid'],
      ['one with a sign-in tomorrow', () => ({ auth_time: seconds() + 86_400 }), 'token-invalid'],
      ['one whose groups are text', () => ({ groups: 'g1' }), 'token-invalid'],
      ['one whose roles are an object', () => ({ roles: { 0: 'Admin' } }), 'token-invalid'],
    ];
    for (const [what, change, reason] of cases)
      it(`${reason === 'accepted' ? 'take' : 'refuse'} ${what}`, async () =>
        expect(await reasonOf(verify(userToken(change())))).to.equal(reason));

    it('refuse with an error of its own one that only lacks the scope', async () => {
      for (const change of [{ scp: 'Wiki.Read.All' }, { idtyp: 'user', scp: undefined }])
        expect(await verify(userToken(change)).catch((error: unknown) => error)).to.be.instanceOf(ScopeMissingError);
    });

    it('refuse one of version 1.0, and say what to change', async () => {
      const issuer = `https://sts.windows.net/${sts.tenantId}/`;
      const refusal = await verify(userToken({ ver: '1.0', iss: issuer })).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(IdentityProviderError);
      expect(String(refusal)).to.include('requestedAccessTokenVersion').and.include('accessTokenAcceptedVersion');
    });

    it('refuse forged ones', async () => {
      sts.metadata.id_token_signing_alg_values_supported = ['RS256', 'HS256'];
      const forgeries = [
        userToken({}, { header: { alg: 'HS256' }, signature: 'hmac' }),
        userToken({}, { header: { alg: 'none' }, signature: 'none' }),
        userToken({}, { header: { alg: 'RS512' }, signature: 'rs512' }),
        userToken({}, { header: { typ: 'logout+jwt' } }),
        userToken({}, { header: { kid: 'key-9' } }),
        userToken({}, { header: { jwk: { kty: 'oct', k: 'AAAA' }, kid: 7 } }),
        forgeToken({ key: stranger, payload: { ...person(), aud: API_ID, scp: 'Wiki.Read' } }),
      ];
      for (const token of forgeries) expect(await reasonOf(verify(token)), token).to.equal('token-invalid');
    });

    it('tell programs alone by idtyp, and without it by sub and oid', async () => {
      const alone = { scp: undefined, preferred_username: undefined, groups: undefined, sub: OID, azp: 'daemon' };
      for (const change of [alone, { ...alone, idtyp: 'app', sub: 'pairwise' }]) {
        const verified = await verify(userToken({ ...change, roles: ['Task.Run'] }));
        expect(verified).to.include({ kind: 'app', authenticatedAtMs: null, deviceStates: null });
        expect(verified.principal).to.deep.include({ subject: OID, name: 'daemon', roles: ['Task.Run'] });
        expect(verified.principal).to.deep.include({ groups: [], groupsOverage: true, directoryRolesUnknown: true });
      }
      expect((await verify(userToken())).kind).to.equal('user');
    });

    it('say what is known of the device, and of the sign-in', async () => {
      const states = async (change: Record<string, unknown>) => (await verify(userToken(change))).deviceStates;
      expect(await states({})).to.equal(null);
      expect(await states({ signin_state: ['kmsi', 'inknownntwk'] })).to.deep.equal([]);
      expect(await states({ signin_state: ['dvc_mngd', 'dvc_cmp', 'dvc_dmjd', 'dvc_cmp'] })).to.deep.equal([
        'compliant',
        'joined',
      ]);
      const at = seconds() - 60;
      expect((await verify(userToken({ auth_time: at }))).authenticatedAtMs).to.equal(at * 1000);
    });

    it('without groups are of unknown ones, though ID tokens without are of none', async () => {
      const { principal } = await verify(userToken({ groups: undefined }));
      expect(principal).to.deep.include({ groups: [], groupsOverage: true });
    });

    it('outlive a change of keys, and a provider that is slow, down or nonsense then', async () => {
      const rolled = newSigningPair('key-2');
      const token = () => forgeToken({ key: rolled, payload: { ...person(), aud: API_ID, scp: 'Wiki.Read' } });
      expect(await reasonOf(verify(userToken()))).to.equal('accepted');
      for (const answer of [
        'hang',
        'cut',
        'flood',
        { body: '<html>' },
        { body: null },
        { status: 500, body: {} },
      ] as const) {
        sts.answers.keys = answer;
        expect(await reasonOf(verify(token())), JSON.stringify(answer)).to.equal('token-invalid');
        expect(await reasonOf(verify(userToken())), JSON.stringify(answer)).to.equal('accepted');
      }
      await fresh();
      sts.answers.keys = 'hang';
      const beganAtMs = Date.now();
      expect(await reasonOf(verify(userToken()))).to.equal('identity-provider-unreachable');
      expect(Date.now() - beganAtMs).to.be.lessThan(TIMEOUT_MS + 1500);
      delete sts.answers.keys;
      sts.published.push(rolled);
      await fresh();
      expect(await reasonOf(verify(token()))).to.equal('accepted');
    });

    it('of any claims, well signed: refused or taken, never worse', () =>
      fc.assert(
        fc.asyncProperty(
          fc.dictionary(
            fc.constantFrom(
              'sub',
              'scp',
              'azp',
              'idtyp',
              'roles',
              'groups',
              'wids',
              'acrs',
              'acct',
              'auth_time',
              'exp',
              'department',
            ),
            fc.jsonValue(),
          ),
          async (change) => {
            expect(await reasonOf(verify(userToken(change)))).to.be.oneOf([
              'accepted',
              'token-invalid',
              'scope-missing',
            ]);
          },
        ),
        { numRuns: 200 },
      ));
  });

  describe('of a refresh', () => {
    const bob = () => ({ directoryTenant: sts.tenantId, subject: OID, providerSubject: 'pairwise', known: null });
    const refresh = (answer: HostileAnswer) => {
      sts.answers.token = answer;
      return provider.refresh('rt-1', bob(), new AbortController().signal);
    };
    const given = (change: Record<string, unknown> = {}, answer: Record<string, unknown> = {}, forge: Forge = {}) => {
      const id_token = forgeToken({ key: sts.key, payload: { ...person(), aud: CLIENT_ID, ...change }, ...forge });
      return { body: { id_token, access_token: 'a', token_type: 'Bearer', refresh_token: 'rt-2', ...answer } };
    };

    it('are asked for with our client, its secret and the scopes of the sign-in', async () => {
      await refresh(given());
      expect(Object.fromEntries(sts.form())).to.deep.equal({
        grant_type: 'refresh_token',
        refresh_token: 'rt-1',
        client_id: CLIENT_ID,
        client_secret: 'a-client-secret',
        scope: 'openid profile email offline_access',
      });
      const { location } = await provider.begin();
      expect(new URL(location).searchParams.get('scope')?.split(' ')).to.have.members([
        'openid',
        'profile',
        'email',
        'offline_access',
      ]);
    });

    it('say who the person is now, and what their device is', async () => {
      const change = { groups: ['g2'], department: 'Sales', signin_state: ['dvc_cmp'], nonce: 'of the sign-in' };
      const { principal, deviceStates, refreshToken } = await refresh(given(change));
      expect(principal?.groups).to.deep.equal(['g2']);
      expect(principal?.claims).to.deep.equal({ department: 'Sales' });
      expect(deviceStates).to.deep.equal(['compliant']);
      expect(refreshToken).to.equal('rt-2');
    });

    const cases: readonly [string, () => HostileAnswer, string][] = [
      ['no ID token', () => given({}, { id_token: undefined }), 'accepted'],
      ['no next token', () => given({}, { refresh_token: undefined }), 'accepted'],
      ['a clock 30 s ahead', () => given({ iat: seconds() + 30, nbf: seconds() + 30 }), 'accepted'],
      ['a clock two minutes ahead', () => given({ nbf: seconds() + 120 }), 'token-invalid'],
      ['a token that expired', () => given({ iat: seconds() - 900, exp: seconds() - 120 }), 'token-invalid'],
      ['another person', () => given({ oid: OTHER }), 'refresh-refused'],
      ['another sub', () => given({ sub: 'mallory' }), 'refresh-refused'],
      ['another directory', () => given({ tid: OTHER }), 'token-invalid'],
      ['another issuer', () => given({ iss: 'https://evil.example/v2.0' }), 'token-invalid'],
      ['another audience', () => given({ aud: API_ID }), 'token-invalid'],
      ['groups of a wrong kind', () => given({ groups: 'all' }), 'token-invalid'],
      [
        'a token of algorithm none',
        () => given({}, {}, { header: { alg: 'none' }, signature: 'none' }),
        'token-invalid',
      ],
      [
        'HS256 over the public key',
        () => given({}, {}, { header: { alg: 'HS256' }, signature: 'hmac' }),
        'token-invalid',
      ],
      ['an ID token that is a number', () => given({}, { id_token: 7 }), 'identity-provider-answer-invalid'],
      ['an empty next token', () => given({}, { refresh_token: '' }), 'identity-provider-answer-invalid'],
      ['a next token that is null', () => given({}, { refresh_token: null }), 'identity-provider-answer-invalid'],
      ['null', () => ({ body: null }), 'identity-provider-answer-invalid'],
      ['a list', () => ({ body: [] }), 'identity-provider-answer-invalid'],
      ['a flood', () => 'flood', 'identity-provider-answer-invalid'],
      ['nothing', () => 'hang', 'identity-provider-unreachable'],
      ['a redirect', () => ({ status: 307, body: {} }), 'identity-provider-answer-invalid'],
      ['a page of an outage', () => ({ status: 503, body: '<html>' }), 'identity-provider-answer-invalid'],
      [
        'an outage that names invalid_grant',
        () => ({ status: 500, body: { error: 'invalid_grant' } }),
        'identity-provider-refused',
      ],
      [
        'too many requests',
        () => ({ status: 429, body: { error: 'temporarily_unavailable' } }),
        'identity-provider-refused',
      ],
      [
        'a secret that expired',
        () => ({ status: 401, body: { error: 'invalid_client' } }),
        'identity-provider-refused',
      ],
      [
        'an error that is a list',
        () => ({ status: 400, body: { error: ['invalid_grant'] } }),
        'identity-provider-answer-invalid',
      ],
      ['a token that is used up', () => ({ status: 400, body: { error: 'invalid_grant' } }), 'refresh-refused'],
      [
        'a policy that wants to see the person',
        () => ({ status: 400, body: { error: 'interaction_required' } }),
        'refresh-refused',
      ],
    ];
    for (const [what, answer, reason] of cases)
      it(`${what}: ${reason}`, async () => expect(await reasonOf(refresh(answer()))).to.equal(reason));

    it('keep the next refresh token when the ID token beside it is not good, where nobody prints it', async () => {
      for (const change of [{ exp: seconds() - 600 }, { groups: 'all' }, { auth_time: seconds() + 86_400 }]) {
        const error: unknown = await refresh(given(change)).catch((thrown: unknown) => thrown);
        if (!(error instanceof UnconfirmedRefreshError)) throw new Error('expected the next token to be kept');
        expect(error).to.include({ reason: 'token-invalid', nextToken: 'rt-2' });
        expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.to.include('rt-2');
      }
      const other: unknown = await refresh(given({ oid: OTHER })).catch((thrown: unknown) => thrown);
      expect(other).not.to.be.instanceOf(UnconfirmedRefreshError);
    });

    it('of a new key are taken: the keys are read again', async () => {
      expect(await reasonOf(refresh(given()))).to.equal('accepted');
      const rolled = newSigningPair('key-2');
      sts.published.push(rolled);
      await fresh();
      const id_token = forgeToken({ key: rolled, payload: { ...person(), aud: CLIENT_ID } });
      expect(await reasonOf(refresh({ body: { id_token, token_type: 'Bearer' } }))).to.equal('accepted');
    });

    it('are not asked for while the metadata cannot be read: the token stays unused', async () => {
      await fresh();
      sts.answers.metadata = 'hang';
      const { token } = sts.seen;
      expect(await reasonOf(refresh(given()))).to.equal('identity-provider-unreachable');
      expect(sts.seen.token).to.equal(token);
    });
  });

  describe('of a sign-in', () => {
    const signIn = async (change: Record<string, unknown>, answer: Record<string, unknown> = {}) => {
      const { transaction } = await provider.begin();
      const payload = { ...person(), aud: CLIENT_ID, nonce: transaction.nonce, ...change };
      const id_token = forgeToken({ key: sts.key, payload });
      sts.answers.token = { body: { id_token, access_token: 'a', token_type: 'Bearer', ...answer } };
      return provider.complete({ code: 'x', state: transaction.state }, transaction);
    };

    it('name person and session at the provider, and bring the refresh token', async () => {
      const signedIn = await signIn({ sid: 'S1', signin_state: ['dvc_dmjd'] }, { refresh_token: 'rt-1' });
      expect(signedIn).to.include({ providerSubject: 'pairwise', providerSessionId: 'S1', refreshToken: 'rt-1' });
      expect(signedIn.deviceStates).to.deep.equal(['joined']);
    });

    it('bring no refresh token that is too long to be kept', async () => {
      expect(await signIn({}, { refresh_token: 'a'.repeat(9_000) })).to.include({ refreshToken: null });
    });

    it('are refused with a refresh token that is no text', async () => {
      for (const refresh_token of [7, ['rt-1'], {}, true])
        expect(await reasonOf(signIn({}, { refresh_token }))).to.equal('identity-provider-answer-invalid');
    });

    it('keep the claims that were asked for, and leave out what is no text, once told', async () => {
      const claims = { department: 'Sales', extension_costCenters: ['1', '2'], jobTitle: 'Clerk' };
      expect((await signIn(claims)).principal.claims).to.deep.equal({
        department: 'Sales',
        extension_costCenters: ['1', '2'],
      });
      for (const department of [{ name: 'Sales' }, ['a', 7], 'a\nb', 'x'.repeat(1025), null])
        expect((await signIn({ department })).principal).not.to.have.property('claims');
      expect(log.filter((line) => line.includes('claim left out'))).to.have.length(1);
    });

    for (const [what, change] of [
      ['a sid that is a number', { sid: 7 }],
      ['an empty sid', { sid: '' }],
      ['a sid of 300 characters', { sid: 's'.repeat(300) }],
      ['a sub of 300 characters', { sub: 's'.repeat(300) }],
      ['device says of numbers', { signin_state: [1] }],
    ] as const)
      it(`refuse ${what}`, async () => expect(await reasonOf(signIn(change))).to.equal('token-invalid'));
  });

  describe('of a sign-out', () => {
    const logoutToken = (change: Record<string, unknown> = {}, forge: Forge = {}) => {
      const times = { iat: seconds(), exp: seconds() + 120 };
      const said = { jti: 'one', sub: 'pairwise', sid: 'S1', events: { [LOGOUT_EVENT]: {} } };
      const payload = { iss: sts.issuer, aud: CLIENT_ID, ...times, ...said, ...change };
      return forgeToken({ key: sts.key, payload, header: { typ: 'logout+jwt' }, ...forge });
    };
    const check = (change: Record<string, unknown> = {}, forge: Forge = {}) =>
      reasonOf(provider.checkLogoutToken(logoutToken(change, forge)));

    const cases: readonly [string, Change, string][] = [
      ['one of type JWT', () => ({}), 'accepted'],
      ['one of a session alone', () => ({ sub: undefined }), 'accepted'],
      ['one of a person alone', () => ({ sid: undefined }), 'accepted'],
      ['one that names our directory', () => ({ tid: sts.tenantId }), 'accepted'],
      ['one of another directory', () => ({ tid: OTHER }), 'token-invalid'],
      ['one whose directory is a list', () => ({ tid: [sts.tenantId] }), 'token-invalid'],
      ['one of 30 s ago', () => ({ iat: seconds() - 600, exp: seconds() - 30 }), 'accepted'],
      ['one of two minutes ago', () => ({ iat: seconds() - 600, exp: seconds() - 120 }), 'token-invalid'],
      ['one made in 30 s', () => ({ iat: seconds() + 30 }), 'accepted'],
      ['one made in two minutes', () => ({ iat: seconds() + 120, exp: seconds() + 600 }), 'token-invalid'],
      ['one whose iat is text', () => ({ iat: 'now' }), 'token-invalid'],
      ['one without exp', () => ({ exp: undefined }), 'token-invalid'],
      ['one whose jti is a number', () => ({ jti: 7 }), 'token-invalid'],
      ['one whose jti is too long to be remembered', () => ({ jti: 'j'.repeat(300) }), 'token-invalid'],
      ['one whose sub is a list', () => ({ sub: ['pairwise'] }), 'token-invalid'],
      ['one whose sid is an object', () => ({ sid: {} }), 'token-invalid'],
      ['one whose events are a list', () => ({ events: [LOGOUT_EVENT] }), 'token-invalid'],
      ['one whose events are text', () => ({ events: LOGOUT_EVENT }), 'token-invalid'],
      ['one whose nonce is null', () => ({ nonce: null }), 'token-invalid'],
      ['one of two audiences', () => ({ aud: [CLIENT_ID, API_ID] }), 'accepted'],
    ];
    for (const [what, change, reason] of cases)
      it(`${reason === 'accepted' ? 'take' : 'refuse'} ${what}`, async () =>
        expect(await check(change(), what.includes('JWT') ? { header: { typ: 'JWT' } } : {})).to.equal(reason));

    it('refuse one of HS256, and of a key nobody published', async () => {
      expect(await check({}, { header: { alg: 'HS256', typ: 'logout+jwt' }, signature: 'hmac' })).to.equal(
        'token-invalid',
      );
      expect(await check({}, { header: { kid: 'key-9', typ: 'logout+jwt' } })).to.equal('token-invalid');
    });

    it('of any claims, well signed: refused or taken, never worse', () =>
      fc.assert(
        fc.asyncProperty(
          fc.dictionary(fc.constantFrom('sub', 'sid', 'jti', 'events', 'iat', 'exp', 'tid', 'aud'), fc.jsonValue()),
          async (change) => {
            expect(await check(change)).to.be.oneOf(['accepted', 'token-invalid']);
          },
        ),
        { numRuns: 200 },
      ));
  });
});
