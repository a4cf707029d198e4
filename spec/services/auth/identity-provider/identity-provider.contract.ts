// long because it is one table of what every identity provider of ours must take and refuse
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { after, afterEach, before, describe, it } from 'mocha';
import type { Principal } from '#libs/contracts';
import { createLogger } from '#libs/telemetry';
import { IdentityProviderError, ScopeMissingError } from '../../../../services/auth/src/errors.ts';
import type {
  IdentityProvider,
  SignInTransaction,
} from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { MAX_UNKNOWN_KEY_READS } from '../../../../services/auth/src/identity-provider/kept-metadata.ts';
import { UnconfirmedRefreshError } from '../../../../services/auth/src/identity-provider/unconfirmed-refresh.ts';
import {
  forgeToken,
  type HostileAnswer,
  type HostileIdentityProvider,
  newSigningPair,
  publicJwk,
  type SigningPair,
  startHostileIdentityProvider,
} from '../../../support/hostile-identity-provider.ts';

export const CLIENT_ID = '11111111-1111-4111-8111-111111111111';
export const API_ID = '22222222-2222-4222-8222-222222222222';
export const OID = 'b2b2b2b2-0000-4000-8000-000000000002';
export const SUB = 'pairwise';
export const CLIENT_SECRET = 'a-client-secret';
export const SIGN_IN_ORIGIN = 'https://login.sallyport.localhost:8443';
const TIMEOUT_MS = 1_500;
const ACCESS_TOKEN = 'an-opaque-access-token';
const REFRESH_TOKEN = 'an-opaque-refresh-token';
/** What an ID token of a refresh need not say (OpenID Connect Core, 12.2). */
const THIN = {
  name: undefined,
  preferred_username: undefined,
  email: undefined,
  groups: undefined,
  roles: undefined,
  wids: undefined,
};
const BOB = {
  username: 'bob@example.test',
  name: 'Bob',
  email: 'bob@mail.example',
  groups: ['g1'],
  roles: ['Reader'],
  directoryRoles: ['r1'],
  isGuest: true,
  claims: { department: 'Sales' },
};
/** Aborted by nobody. */
const never = new AbortController().signal;
const JWT = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\./;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export type ProviderOptions = {
  readonly issuer: string;
  readonly tenantId: string;
  readonly caFile: string;
  readonly secretFile: string;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
};

export type IdentityProviderMaker = {
  readonly create: (options: ProviderOptions) => IdentityProvider;
  /** Who the claims speak of, to this one. */
  readonly person: (options: ProviderOptions) => { readonly subject: string; readonly directoryTenant: string };
};

/** Whatever implements the port passes this, against a provider that answers what a spec wants. */
export function describeIdentityProvider(name: string, maker: IdentityProviderMaker): void {
  describe(`${name}, as every identity provider of ours`, function contract() {
    this.timeout(20_000);
    let sts: HostileIdentityProvider;
    let provider: IdentityProvider;
    let folder = '';
    const clock = { offsetMs: 0 };
    const stranger = newSigningPair('key-1');

    const optionsNow = (): ProviderOptions => ({
      issuer: sts.issuer,
      tenantId: sts.tenantId,
      caFile: sts.caFile,
      secretFile: join(folder, 'secret'),
      timeoutMs: TIMEOUT_MS,
      nowMs: () => Date.now() + clock.offsetMs,
    });
    const fresh = async () => {
      await provider?.close();
      provider = maker.create(optionsNow());
    };
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sallyport-contract-'));
      writeFileSync(join(folder, 'secret'), `${CLIENT_SECRET}\n`);
      sts = await startHostileIdentityProvider();
      await fresh();
    });
    afterEach(async () => {
      sts.reset();
      clock.offsetMs = 0;
      await fresh();
    });
    after(async () => {
      await provider?.close();
      await sts?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Instants are taken when a case runs: the tables are made long before. */
    type Change = Record<string, unknown> | (() => Record<string, unknown>);
    type Forge = Omit<Parameters<typeof forgeToken>[0], 'payload' | 'key'> & { key?: SigningPair; payload?: unknown };
    const changed = (change: Change) => (typeof change === 'function' ? change() : change);
    const claimsOfToken = (change: Change) => ({
      iss: sts.issuer,
      sub: SUB,
      tid: sts.tenantId,
      oid: OID,
      ver: '2.0',
      iat: seconds(),
      nbf: seconds() - 1,
      exp: seconds() + 600,
      ...changed(change),
    });
    const idToken = (transaction: Pick<SignInTransaction, 'nonce'>, change: Change = {}, forge: Forge = {}) => {
      const person = { name: 'Bob', preferred_username: 'bob@example.test', groups: ['g1'], roles: ['Reader'] };
      const payload = { ...claimsOfToken({ aud: CLIENT_ID, nonce: transaction.nonce, ...person }), ...changed(change) };
      return forgeToken({ key: sts.key, payload, ...forge });
    };
    const signIn = async (change: Change = {}, forge: Forge = {}, answer: Record<string, unknown> = {}) => {
      const { transaction } = await provider.begin();
      const id_token = idToken(transaction, change, forge);
      sts.answers.token = { body: { id_token, access_token: ACCESS_TOKEN, token_type: 'Bearer', ...answer } };
      return provider.complete({ code: 'x', state: transaction.state }, transaction);
    };
    const accessToken = (change: Change = {}, forge: Forge = {}) => {
      const payload = { ...claimsOfToken({ aud: API_ID, azp: 'cli', scp: 'Sallyport.Manage' }), ...changed(change) };
      return forgeToken({ key: sts.key, payload, ...forge });
    };

    describe('a sign-in', () => {
      it('goes to the provider with state, nonce and PKCE, different each time', async () => {
        const [one, other] = await Promise.all([provider.begin(), provider.begin()]);
        const asked = new URL(one.location);
        expect(asked.origin + asked.pathname).to.equal(`https://localhost:${sts.port}/${sts.tenantId}/authorize`);
        expect(Object.fromEntries(asked.searchParams)).to.include({
          response_type: 'code',
          client_id: CLIENT_ID,
          redirect_uri: `${SIGN_IN_ORIGIN}/.sallyport/callback`,
          code_challenge_method: 'S256',
          state: one.transaction.state,
          nonce: one.transaction.nonce,
        });
        expect(asked.searchParams.get('scope')?.split(' ')).to.include('openid');
        for (const field of ['state', 'nonce', 'codeVerifier'] as const)
          expect(one.transaction[field]).not.to.equal(other.transaction[field]);
      });

      it('asks for a fresh sign-in by prompt, and names who is known', async () => {
        const demand = { contexts: [], isFresh: true, loginHint: 'bob@example.test' };
        const { searchParams } = new URL((await provider.begin(demand)).location);
        expect(searchParams.get('prompt')).to.equal('login');
        expect(searchParams.get('login_hint')).to.equal('bob@example.test');
        const hint = 'x'.repeat(321);
        const long = new URL((await provider.begin({ ...demand, loginHint: hint })).location);
        expect(long.searchParams.has('login_hint')).to.equal(false);
      });

      it('becomes a person, with code, verifier and redirect URI at the token endpoint', async () => {
        const { principal, ...signedIn } = await signIn(() => ({ sid: 'S1', auth_time: seconds() - 60 }));
        expect(principal).to.deep.include({
          ...maker.person(optionsNow()),
          username: 'bob@example.test',
          name: 'Bob',
          email: null,
          groups: ['g1'],
          roles: ['Reader'],
        });
        expect(signedIn).to.deep.include({ providerSubject: SUB, providerSessionId: 'S1', refreshToken: null });
        expect(Math.abs((signedIn.authenticatedAtMs ?? 0) - (Date.now() - 60_000))).to.be.lessThan(5_000);
        expect(Object.fromEntries(sts.form())).to.include({
          grant_type: 'authorization_code',
          code: 'x',
          redirect_uri: `${SIGN_IN_ORIGIN}/.sallyport/callback`,
        });
        expect(sts.form().get('code_verifier')).to.match(/^[\w-]{43}$/);
      });

      it('does not know when it was, or of which session, where the provider does not say', async () => {
        const signedIn = await signIn();
        expect(signedIn).to.include({ authenticatedAtMs: null, providerSessionId: null, deviceStates: null });
      });

      it('keeps a refresh token that was given', async () => {
        expect(await signIn({}, {}, { refresh_token: REFRESH_TOKEN })).to.include({ refreshToken: REFRESH_TOKEN });
      });

      it('has unknown groups, never none, when the token lists none', async () => {
        const unknown = { groups: [], groupsOverage: true };
        expect((await signIn({ groups: undefined })).principal).to.deep.include(unknown);
        expect((await signIn({ groups: [] })).principal).not.to.have.property('groupsOverage');
      });

      it('takes control characters out of names', async () => {
        const { principal } = await signIn({ name: 'Bob\r\nSet-Cookie: x', preferred_username: '\u0000bob\u202e' });
        expect(principal).to.include({ name: 'Bob Set-Cookie: x', username: 'bob' });
      });
    });

    describe('what the browser brings', () => {
      const cases: readonly [string, Record<string, unknown>, string][] = [
        ['two ID tokens', { id_token: ['a', 'b'] }, 'sign-in-response-invalid'],
        ['an encrypted ID token', { id_token: 'a.b.c.d.e' }, 'sign-in-response-invalid'],
        ['an access token', { access_token: 'a' }, 'sign-in-response-invalid'],
        ['a refresh token', { refresh_token: 'a' }, 'sign-in-response-invalid'],
        ['a line feed in the code', { code: 'a\nb' }, 'sign-in-response-invalid'],
        ['a code of 9 KB', { code: 'a'.repeat(9000) }, 'sign-in-response-invalid'],
        ['a code that is an object', { code: { length: 1 } }, 'sign-in-response-invalid'],
        ['no code', { code: undefined }, 'sign-in-response-invalid'],
        ['an empty code', { code: '' }, 'sign-in-response-invalid'],
        ['another issuer', { iss: 'https://evil.example' }, 'sign-in-response-invalid'],
        ['another state', { state: 'another-state-of-32-characters--' }, 'state-mismatch'],
        ['no state', { state: undefined }, 'state-mismatch'],
        ['a state that is a list', { state: ['a'] }, 'state-mismatch'],
        ['an error', { code: undefined, error: 'access_denied' }, 'identity-provider-refused'],
        ['an error of markup', { code: undefined, error: '<script>' }, 'identity-provider-refused'],
      ];
      for (const [what, change, reason] of cases) {
        it(`${what}: ${reason}, without a question to the provider`, async () => {
          const { transaction } = await provider.begin();
          const query = { code: 'x', state: transaction.state, ...change } as Record<string, string>;
          for (const key of Object.keys(query)) if (query[key] === undefined) Reflect.deleteProperty(query, key);
          expect(await reasonOf(provider.complete(query, transaction))).to.equal(reason);
          expect(sts.seen.token).to.equal(0);
        });
      }

      it('any query at all: refused or accepted, never worse', async () => {
        const { transaction } = await provider.begin();
        const keys = fc.constantFrom('code', 'state', 'iss', 'error', 'id_token', 'session_state', 'p', '__proto__');
        await fc.assert(
          fc.asyncProperty(fc.dictionary(keys, fc.anything(), { maxKeys: 5 }), async (query) => {
            const given = { state: transaction.state, ...query } as Record<string, string>;
            await reasonOf(provider.complete(given, transaction));
          }),
          { numRuns: 50 },
        );
      });
    });

    describe('what the provider answers', () => {
      const html = { body: '<html></html>', type: 'text/html' };
      const documents: readonly [string, HostileAnswer, string][] = [
        ['HTML', html, 'identity-provider-answer-invalid'],
        ['HTML with status 503', { ...html, status: 503 }, 'identity-provider-answer-invalid'],
        ['null', { body: 'null' }, 'identity-provider-answer-invalid'],
        ['a list', { body: [] }, 'identity-provider-answer-invalid'],
        ['a redirect', { status: 302, body: {} }, 'identity-provider-answer-invalid'],
        ['16 MiB', 'flood', 'identity-provider-answer-invalid'],
        ['nothing', 'hang', 'identity-provider-unreachable'],
        ['a closed connection', 'cut', 'identity-provider-unreachable'],
      ];
      for (const [what, wanted, reason] of documents)
        for (const endpoint of ['metadata', 'keys'] as const)
          it(`${what} as ${endpoint}: no sign-in begins`, async () => {
            sts.answers[endpoint] = wanted;
            expect(await reasonOf(provider.begin())).to.equal(reason);
          });

      const fields: readonly [string, Record<string, unknown>][] = [
        ['another issuer', { issuer: 'https://evil.example/v2.0' }],
        ['a token endpoint without TLS', { token_endpoint: 'http://localhost/token' }],
        ['an authorization endpoint without TLS', { authorization_endpoint: 'http://localhost/authorize' }],
        ['an authorization endpoint that is a number', { authorization_endpoint: 7 }],
        ['no token endpoint', { token_endpoint: undefined }],
        ['keys on another scheme', { jwks_uri: 'file:///etc/passwd' }],
      ];
      for (const [what, change] of fields)
        it(`metadata with ${what}: no sign-in begins`, async () => {
          Object.assign(sts.metadata, change);
          expect(await reasonOf(provider.begin())).to.equal('identity-provider-answer-invalid');
        });

      const tokens: readonly [string, HostileAnswer, string | readonly string[]][] = [
        ['null', { body: 'null' }, 'identity-provider-answer-invalid'],
        ['HTML', html, 'identity-provider-answer-invalid'],
        ['an ID token that is a number', { body: { id_token: 7, access_token: 'a', token_type: 'Bearer' } }, INVALID],
        [
          'an access token that is a list',
          { body: { id_token: 'a.b.c', access_token: [], token_type: 'Bearer' } },
          INVALID,
        ],
        ['no ID token', { body: { access_token: 'a', token_type: 'Bearer' } }, INVALID],
        ['a DPoP token', { body: { id_token: 'a.b.c', access_token: 'a', token_type: 'DPoP' } }, INVALID],
        ['an ID token that is none', { body: { id_token: 'a.b.c', access_token: 'a', token_type: 'Bearer' } }, INVALID],
        [
          'an encrypted ID token',
          { body: { id_token: 'a.b.c.d.e', access_token: 'a', token_type: 'Bearer' } },
          INVALID,
        ],
        ['an error', { status: 400, body: { error: 'invalid_grant' } }, 'identity-provider-refused'],
        ['an error with status 401', { status: 401, body: { error: 'invalid_client' } }, 'identity-provider-refused'],
        ['a redirect', { status: 307, body: {} }, 'identity-provider-answer-invalid'],
        ['status 204', { status: 204, body: '' }, 'identity-provider-answer-invalid'],
        ['16 MiB', 'flood', 'identity-provider-answer-invalid'],
        ['nothing', 'hang', 'identity-provider-unreachable'],
        ['a closed connection', 'cut', 'identity-provider-unreachable'],
      ];
      for (const [what, wanted, reason] of tokens)
        it(`${what} for the code: the sign-in is refused`, async () => {
          const { transaction } = await provider.begin();
          sts.answers.token = wanted;
          const given = await reasonOf(provider.complete({ code: 'x', state: transaction.state }, transaction));
          expect(given).to.be.oneOf([reason].flat());
        });

      it('any metadata and any keys: a sign-in begins or is refused, never worse', async () => {
        const names = fc.constantFrom(
          ...'issuer authorization_endpoint token_endpoint jwks_uri end_session_endpoint userinfo_endpoint'.split(' '),
          ...'id_token_signing_alg_values_supported token_endpoint_auth_methods_supported scopes_supported'.split(' '),
          ...'claims_parameter_supported authorization_response_iss_parameter_supported mtls_endpoint_aliases'.split(
            ' ',
          ),
        );
        const key = fc.dictionary(
          fc.constantFrom('kty', 'kid', 'n', 'e', 'crv', 'x', 'y', 'use', 'alg'),
          fc.jsonValue(),
        );
        const change = fc.dictionary(names, fc.jsonValue(), { maxKeys: 3 });
        await fc.assert(
          fc.asyncProperty(change, fc.array(key, { maxLength: 3 }), async (fields, keys) => {
            sts.reset();
            Object.assign(sts.metadata, fields);
            if (keys.length > 0) sts.answers.keys = { body: { keys: [...keys, publicJwk(sts.key)] } };
            await fresh();
            await reasonOf(provider.begin());
            await provider.endSessionUrl('https://x.example/');
          }),
          { numRuns: 60 },
        );
      });

      it('any answer for a code or a refresh token: taken or refused, never worse', async () => {
        const { transaction } = await provider.begin();
        const names = 'id_token access_token refresh_token token_type expires_in scope error error_description'.split(
          ' ',
        );
        const answers = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...names), fc.jsonValue()));
        const statuses = fc.constantFrom(200, 200, 200, 201, 204, 301, 400, 401, 500, 599);
        await fc.assert(
          fc.asyncProperty(answers, statuses, async (body, status) => {
            sts.answers.token = { status, body: JSON.stringify(body) };
            await reasonOf(provider.complete({ code: 'x', state: transaction.state }, transaction));
            await reasonOf(
              provider.refresh('rt', { ...maker.person(optionsNow()), providerSubject: null, known: null }, never),
            );
          }),
          { numRuns: 100 },
        );
      });

      it('waits no longer than configured', async () => {
        const { transaction } = await provider.begin();
        sts.answers.token = 'hang';
        const before = Date.now();
        await reasonOf(provider.complete({ code: 'x', state: transaction.state }, transaction));
        expect(Date.now() - before).to.be.lessThan(TIMEOUT_MS * 4);
      });
    });

    describe('ID tokens', () => {
      const accepted: readonly [string, Change][] = [
        ['expired 30 s ago', () => ({ exp: seconds() - 30, nbf: seconds() - 600, iat: seconds() - 600 })],
        ['with an audience in a list of one', { aud: [CLIENT_ID] }],
      ];
      for (const [what, change] of accepted)
        it(`takes one ${what}`, async () => expect(await reasonOf(signIn(change))).to.equal('accepted'));

      const refused: readonly [string, Change, Forge?][] = [
        ['expired two minutes ago', () => ({ exp: seconds() - 120, nbf: seconds() - 600, iat: seconds() - 600 })],
        ['without exp', { exp: undefined }],
        ['valid in two minutes', () => ({ nbf: seconds() + 120 })],
        ['without iat', { iat: undefined }],
        ['of another nonce', { nonce: 'other' }],
        ['without nonce', { nonce: undefined }],
        ['with a nonce that is a number', { nonce: 7 }],
        ['of another audience', { aud: API_ID }],
        ['of two audiences', { aud: [CLIENT_ID, API_ID] }],
        ['of another issuer', { iss: 'https://evil.example/v2.0' }],
        ['without sub', { sub: undefined }],
        ['with a sub that is a number', { sub: 7 }],
        ['with a wrong at_hash', { at_hash: 'wrong' }],
        ['with an at_hash that is a number', { at_hash: 7 }],
        ['with groups of numbers', { groups: [1] }],
        ['with groups that are an object', { groups: {} }],
        ['with roles of numbers', { roles: [1] }],
        ['with auth_time tomorrow', () => ({ auth_time: seconds() + 86_400 })],
        ['with auth_time as text', { auth_time: 'now' }],
        ['with a sid that is a list', { sid: ['a'] }],
        ['signed by a stranger under our key id', {}, { key: stranger }],
        ['of an unknown key', {}, { header: { kid: 'key-9' } }],
        ['of algorithm none', {}, { header: { alg: 'none' }, signature: 'none' }],
        ['of RS512', {}, { header: { alg: 'RS512' }, signature: 'rs512' }],
        ['of HS256 over the public key', {}, { header: { alg: 'HS256' }, signature: 'hmac' }],
        ['that says it is a logout token', {}, { header: { typ: 'logout+jwt' } }],
        ['that says it is an access token', {}, { header: { typ: 'at+jwt' } }],
        ['with a payload that is not JSON', {}, { payload: '{' }],
        ['with a payload that is a number', {}, { payload: 7 }],
      ];
      for (const [what, change, forge] of refused)
        it(`refuses one ${what}`, async () => {
          const reason = await reasonOf(signIn(change, forge));
          expect(reason).to.be.oneOf(INVALID);
        });

      it('refuses HS256 even when the metadata lists it', async () => {
        sts.metadata.id_token_signing_alg_values_supported = ['RS256', 'HS256', 'none'];
        expect(await reasonOf(signIn({}, { header: { alg: 'HS256' }, signature: 'hmac' }))).to.equal('token-invalid');
      });

      it('of any claims, well signed: refused or taken, never worse', async () => {
        const names =
          'iss aud sub tid oid ver nonce name groups roles email auth_time sid acr amr at_hash exp nbf iat'.split(' ');
        await fc.assert(
          fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 5 }), async (claims) => {
            await reasonOf(signIn(claims));
          }),
          { numRuns: 60 },
        );
      });
    });

    it('tells the log nothing of what it was given, whatever is wrong with it', async () => {
      const tokens = { refresh_token: REFRESH_TOKEN };
      for (const change of [
        { aud: API_ID },
        { nonce: 'other' },
        { exp: 1 },
        { sub: 7 },
        { iss: 'x' },
        { at_hash: 'x' },
      ])
        expect(await reasonOf(signIn(change, {}, tokens))).not.to.equal('accepted');
      expect(await reasonOf(signIn({}, {}, { ...tokens, token_type: 'DPoP' }))).not.to.equal('accepted');
      expect(await reasonOf(signIn({}, {}, { ...tokens, expires_in: 'x', token_type: 7 }))).not.to.equal('accepted');
      expect(await reasonOf(signIn({}, { header: { kid: 'key-9' } }, tokens))).not.to.equal('accepted');
    });

    describe('metadata and keys', () => {
      it('learns a new key at once, and asks again for unknown ones a few times only', async () => {
        await signIn();
        const rolled = newSigningPair('key-2');
        sts.published.splice(0, 1, rolled);
        expect(await reasonOf(signIn({}, { key: rolled }))).to.equal('accepted');
        const { keys } = sts.seen;
        for (const kid of 'abcdefgh') await reasonOf(signIn({}, { key: rolled, header: { kid } }));
        expect(sts.seen.keys - keys).to.equal(MAX_UNKNOWN_KEY_READS - 1);
      });

      it('serves a stale copy at once while the provider is down, for a day', async () => {
        await signIn();
        sts.answers.metadata = 'hang';
        clock.offsetMs = 2 * 3_600_000;
        const before = Date.now();
        await provider.begin();
        expect(Date.now() - before).to.be.lessThan(TIMEOUT_MS);
        clock.offsetMs = 25 * 3_600_000;
        expect(await reasonOf(provider.begin())).to.equal('identity-provider-unreachable');
      });

      it('reads once for many sign-ins that begin together', async () => {
        await Promise.all(Array.from({ length: 20 }, () => provider.begin()));
        expect(sts.seen).to.include({ metadata: 1, keys: 1 });
      });
    });

    describe('access tokens', () => {
      const cases: readonly [string, Change, string][] = [
        ['a good one', {}, 'accepted'],
        ['one with more scopes', { scp: 'Other Sallyport.Manage' }, 'accepted'],
        ['one of another scope', { scp: 'Connector.Register' }, 'token-invalid'],
        ['one whose scope is a number', { scp: 7 }, 'token-invalid'],
        ['one of another audience', { aud: CLIENT_ID }, 'token-invalid'],
        ['one of another issuer', { iss: 'https://evil.example' }, 'token-invalid'],
        [
          'an expired one',
          () => ({ exp: seconds() - 120, nbf: seconds() - 600, iat: seconds() - 600 }),
          'token-invalid',
        ],
        ['one with a nonce, as ID tokens have', { nonce: 'n' }, 'token-invalid'],
      ];
      for (const [what, change, reason] of cases) {
        it(`${reason === 'accepted' ? 'takes' : 'refuses'} ${what}`, async () => {
          const expected = { audience: API_ID, scope: 'Sallyport.Manage' };
          expect(await reasonOf(provider.verifyAccessToken(accessToken(change), expected))).to.equal(reason);
          // passport-azure-ad is not told by a nonce: the audience of our own API is no client.
          if (what.includes('nonce')) return;
          expect(await reasonOf(provider.verifyBearer(accessToken(change), 'Sallyport.Manage'))).to.equal(reason);
        });
      }

      it('refuses with a reason of its own one that only lacks the scope', async () => {
        const asked = provider.verifyAccessToken(accessToken(), { audience: API_ID, scope: 'Wiki.Read' });
        expect(await asked.catch((error: unknown) => error)).to.be.instanceOf(ScopeMissingError);
      });

      it('says of whom it is, and of when', async () => {
        const verified = await provider.verifyAccessToken(accessToken({ roles: ['Reader'] }), {
          audience: API_ID,
          scope: 'Sallyport.Manage',
        });
        expect(verified).to.include({ kind: 'user', authenticatedAtMs: null, deviceStates: null });
        expect(verified.principal).to.deep.include({ ...maker.person(optionsNow()), roles: ['Reader'] });
        expect(verified.expiresAtMs - verified.issuedAtMs).to.equal(600_000);
      });

      it('says of a program alone that it is one, and asks no scope of it', async () => {
        const token = accessToken({ scp: undefined, idtyp: 'app', roles: ['Sync.All'] });
        const verified = await provider.verifyAccessToken(token, { audience: API_ID, scope: 'Any' });
        expect(verified).to.include({ kind: 'app' });
        expect(verified.principal).to.deep.include({ roles: ['Sync.All'], groupsOverage: true });
        expect(await reasonOf(provider.verifyBearer(token, 'Sallyport.Manage'))).to.equal('token-invalid');
      });

      it('refuses what is no token, and scopes that are not ours', async () => {
        for (const token of [
          '',
          'x',
          'a.b',
          'a.b.c.d.e',
          `${accessToken()} x`,
          `${accessToken()}\n`,
          'é.é.é',
          'a'.repeat(20_000),
        ]) {
          expect(await reasonOf(provider.verifyBearer(token, 'Sallyport.Manage')), token).to.equal('token-invalid');
          const asked = provider.verifyAccessToken(token, { audience: API_ID, scope: 'x' });
          expect(await reasonOf(asked), token).to.equal('token-invalid');
        }
        expect(await reasonOf(provider.verifyBearer(accessToken(), '__proto__'))).to.equal('token-invalid');
      });
    });

    describe('refreshing', () => {
      const bob = () => ({ ...maker.person(optionsNow()), providerSubject: SUB, known });
      let known: Principal | null = null;
      afterEach(() => {
        known = null;
      });
      const refreshed = (answer: HostileAnswer, signal = never) => {
        sts.answers.token = answer;
        return provider.refresh(REFRESH_TOKEN, bob(), signal);
      };
      const given = (change: Change = {}, answer: Record<string, unknown> = {}) => {
        const id_token = idToken({ nonce: '' }, { nonce: undefined, ...changed(change) });
        return { body: { id_token, access_token: 'a', token_type: 'Bearer', ...answer } };
      };

      it('brings the person anew and the next token', async () => {
        const answer = await refreshed(given({ groups: ['g2'] }, { refresh_token: 'rt-2' }));
        expect(answer.refreshToken).to.equal('rt-2');
        expect(answer.principal?.groups).to.deep.equal(['g2']);
        expect(Object.fromEntries(sts.form())).to.include({
          grant_type: 'refresh_token',
          refresh_token: REFRESH_TOKEN,
        });
      });

      it('leaves as it was what a thin ID token does not say of the person', async () => {
        known = { ...maker.person(optionsNow()), ...BOB };
        const { principal } = await refreshed(given(THIN));
        expect(principal).to.deep.equal(known);
      });

      it('knows no groups and no app roles where an ID token leaves them out, but the names', async () => {
        known = { ...maker.person(optionsNow()), ...BOB };
        const { principal } = await refreshed(given({ ...THIN, name: 'Bobby' }));
        expect(principal).to.deep.include({ name: 'Bobby', username: BOB.username, email: BOB.email });
        expect(principal).to.deep.include({ groups: [], groupsOverage: true, roles: [], directoryRolesUnknown: true });
      });

      it('knows nothing new without an ID token, and keeps the token that was used', async () => {
        const answer = await refreshed({ body: { access_token: 'a', token_type: 'Bearer' } });
        expect(answer).to.deep.equal({ principal: null, refreshToken: null });
      });

      const cases: readonly [string, () => HostileAnswer, string | readonly string[]][] = [
        ['invalid_grant', () => ({ status: 400, body: { error: 'invalid_grant' } }), 'refresh-refused'],
        ['invalid_client', () => ({ status: 401, body: { error: 'invalid_client' } }), 'identity-provider-refused'],
        ['HTML', () => ({ body: '<html></html>' }), 'identity-provider-answer-invalid'],
        ['nothing', () => 'hang', 'identity-provider-unreachable'],
        ['a closed connection', () => 'cut', 'identity-provider-unreachable'],
        ['a token of somebody else', () => given({ sub: 'mallory', oid: API_ID }), 'refresh-refused'],
        [
          'a token signed by a stranger',
          () => ({
            body: { id_token: idToken({ nonce: '' }, {}, { key: stranger }), access_token: 'a', token_type: 'Bearer' },
          }),
          'token-invalid',
        ],
        [
          'a refresh token that is a list',
          () => given({}, { refresh_token: ['a'] }),
          'identity-provider-answer-invalid',
        ],
        [
          'a refresh token of 9 KB',
          () => given({}, { refresh_token: 'a'.repeat(9000) }),
          'identity-provider-answer-invalid',
        ],
      ];
      for (const [what, answer, reason] of cases)
        it(`${what}: ${[reason].flat().join(' or ')}`, async () => {
          expect(await reasonOf(refreshed(answer()))).to.be.oneOf([reason].flat());
        });
    });

    describe('refreshing, when the answer confirms nobody', () => {
      const refreshed = async (change: Change, forge: Forge, signal = never) => {
        const id_token = idToken({ nonce: '' }, { nonce: undefined, ...changed(change) }, forge);
        const body = { id_token, access_token: 'a', token_type: 'Bearer', refresh_token: 'rt-2' };
        sts.answers.token = { body };
        const person = { ...maker.person(optionsNow()), providerSubject: SUB, known: null };
        return provider.refresh(REFRESH_TOKEN, person, signal).catch((error: unknown) => error);
      };

      const unconfirmed: readonly [string, Change, Forge?][] = [
        ['is of a clock two minutes ahead', () => ({ nbf: seconds() + 120 })],
        ['was made two minutes from now', () => ({ iat: seconds() + 120 })],
        ['has expired', () => ({ iat: seconds() - 900, exp: seconds() - 300 })],
        ['is for another audience', { aud: API_ID }],
        ['is of another issuer', { iss: 'https://evil.example' }],
        ['is signed by a stranger', {}, { key: stranger }],
        ['is signed by a key nobody knows', {}, { header: { kid: 'key-9' } }],
        ['has a user name that is a number', { preferred_username: 7 }],
      ];
      for (const [what, change, forge = {}] of unconfirmed)
        it(`keeps the next token where the ID token ${what}`, async () => {
          const error = await refreshed(change, forge);
          expect(error).to.be.instanceOf(UnconfirmedRefreshError).with.property('nextToken', 'rt-2');
        });

      it('gives up when it must, keeping the next token of an answer that came', async () => {
        await reasonOf(
          provider.refresh(REFRESH_TOKEN, { ...maker.person(optionsNow()), providerSubject: SUB, known: null }, never),
        );
        sts.answers.keys = 'hang';
        const startedAtMs = Date.now();
        const error = await refreshed({}, { header: { kid: 'key-9' } }, AbortSignal.timeout(300));
        expect(Date.now() - startedAtMs).to.be.lessThan(TIMEOUT_MS - 200);
        expect(error).to.be.instanceOf(UnconfirmedRefreshError);
        expect(error).to.include({ reason: 'identity-provider-unreachable', nextToken: 'rt-2' });
      });

      it('gives up when it must, while the token endpoint does not answer', async () => {
        sts.answers.token = 'hang';
        const person = { ...maker.person(optionsNow()), providerSubject: SUB, known: null };
        const startedAtMs = Date.now();
        const asked = provider.refresh(REFRESH_TOKEN, person, AbortSignal.timeout(300));
        expect(await reasonOf(asked)).to.equal('identity-provider-unreachable');
        expect(Date.now() - startedAtMs).to.be.lessThan(TIMEOUT_MS - 200);
      });

      it('never sends the token too late', async () => {
        const { token } = sts.seen;
        expect(await refreshed({}, {}, AbortSignal.abort())).to.include({ reason: 'identity-provider-unreachable' });
        expect(sts.seen.token).to.equal(token);
      });
    });

    describe('logout tokens', () => {
      const logoutToken = (change: Change = {}, forge: Forge = {}) => {
        const payload = {
          iss: sts.issuer,
          aud: CLIENT_ID,
          iat: seconds(),
          exp: seconds() + 120,
          jti: 'one',
          sub: SUB,
          sid: 'S1',
          events: { [LOGOUT_EVENT]: {} },
          ...changed(change),
        };
        return forgeToken({ key: sts.key, payload, header: { typ: 'logout+jwt' }, ...forge });
      };

      it('name person and session', async () => {
        const told = await provider.checkLogoutToken(logoutToken());
        expect(told).to.include({ subject: SUB, sessionId: 'S1', tokenId: 'one', issuer: sts.issuer });
      });

      const refused: readonly [string, Change, Forge?][] = [
        ['with a nonce', { nonce: 'n' }],
        ['without the event', { events: {} }],
        ['with an event that is text', { events: { [LOGOUT_EVENT]: 'x' } }],
        ['of neither person nor session', { sub: undefined, sid: undefined }],
        ['without jti', { jti: undefined }],
        ['without iat', { iat: undefined }],
        ['of another audience', { aud: API_ID }],
        ['of another issuer', { iss: 'https://evil.example' }],
        ['expired', () => ({ iat: seconds() - 600, exp: seconds() - 300 })],
        ['made tomorrow', () => ({ iat: seconds() + 86_400, exp: seconds() + 86_500 })],
        ['good for a day', () => ({ exp: seconds() + 86_400 })],
        ['signed by a stranger', {}, { key: stranger }],
        ['of algorithm none', {}, { header: { alg: 'none' }, signature: 'none' }],
        ['of the kind of access tokens', {}, { header: { typ: 'at+jwt' } }],
      ];
      for (const [what, change, forge] of refused)
        it(`are refused ${what}`, async () =>
          expect(await reasonOf(provider.checkLogoutToken(logoutToken(change, forge)))).to.equal('token-invalid'));

      it('are never ID tokens', async () => {
        expect(await reasonOf(provider.checkLogoutToken(idToken({ nonce: 'n' })))).to.equal('token-invalid');
        expect(await reasonOf(provider.checkLogoutToken(''))).to.equal('token-invalid');
      });
    });

    describe('signing out at the provider', () => {
      it('goes to its own page, with the way back', async () => {
        const url = new URL((await provider.endSessionUrl('https://x.example/out', { logoutHint: 'bob' })) ?? '');
        expect(url.pathname).to.equal(`/${sts.tenantId}/logout`);
        expect(Object.fromEntries(url.searchParams)).to.deep.equal({
          client_id: CLIENT_ID,
          post_logout_redirect_uri: 'https://x.example/out',
          logout_hint: 'bob',
        });
      });

      it('is nowhere when it has no page, or does not answer', async () => {
        sts.metadata.end_session_endpoint = undefined;
        expect(await provider.endSessionUrl('https://x.example/')).to.equal(null);
        await fresh();
        sts.answers.metadata = 'cut';
        expect(await provider.endSessionUrl('https://x.example/')).to.equal(null);
      });
    });
  });
}

/** A token that cannot be read is the provider's nonsense to one implementation and a bad token to another; neither lets anybody in. */
const INVALID = ['token-invalid', 'identity-provider-answer-invalid'];

export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** `accepted`, or the reason of the one error that may leave a provider: its sentence is fit for a page, and the log learns no secret of it. */
export async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    if (!(error instanceof IdentityProviderError)) throw error;
    expect(error.message).to.match(/^[\x20-\x7e]{10,400}\.$/);
    const logged: string[] = [];
    createLogger({ service: 'spec', write: (line) => logged.push(line) }).warn('refused', { error });
    for (const secret of [CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN]) expect(logged[0]).not.to.contain(secret);
    expect(logged[0]).not.to.match(JWT);
    return error.reason;
  }
}
