// long because it is one table of hostile cases over one provider and one helper that forges tokens
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { after, afterEach, before, describe, it } from 'mocha';
import { IdentityProviderError } from '../../../../services/auth/src/errors.ts';
import type {
  IdentityProvider,
  SignInTransaction,
} from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { MAX_UNKNOWN_KEY_READS } from '../../../../services/auth/src/identity-provider/kept-metadata.ts';
import { createPassportIdentityProvider } from '../../../../services/auth/src/identity-provider/passport-identity-provider.ts';
import {
  forgeToken,
  type HostileAnswer,
  type HostileIdentityProvider,
  newSigningPair,
  publicJwk,
  type SigningPair,
  startHostileIdentityProvider,
} from '../../../support/hostile-identity-provider.ts';

const CLIENT_ID = '11111111-1111-4111-8111-111111111111';
const API_ID = '22222222-2222-4222-8222-222222222222';
const OID = 'b2b2b2b2-0000-4000-8000-000000000002';
const ROLE = '62e90394-69f5-4237-9190-012177145e10';
const TIMEOUT_MS = 400;

/** Every unhandled throw in passport-azure-ad's callbacks would end this process, and mocha with it. */
describe('identity provider behind the hardened wrapper', function hostileSpecs() {
  this.timeout(20_000);
  let sts: HostileIdentityProvider;
  let provider: IdentityProvider;
  const clock = { offsetMs: 0 };
  const stranger = newSigningPair('key-1');
  let secretFile = '';
  let folder = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-hostile-'));
    secretFile = join(folder, 'secret');
    writeFileSync(secretFile, 'a-client-secret\n');
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

  const fresh = async () => {
    await provider?.close();
    provider = createPassportIdentityProvider({
      config: {
        issuer: sts.issuer,
        tenantId: sts.tenantId,
        clientId: CLIENT_ID,
        clientSecretFile: secretFile,
        apiAudience: `api://${API_ID}`,
        caFile: sts.caFile,
        timeoutMs: TIMEOUT_MS,
      },
      signInOrigin: 'https://login.sallyport.localhost:8443',
      nowMs: () => Date.now() + clock.offsetMs,
    });
  };
  const seconds = () => Math.floor(Date.now() / 1000);
  const idClaims = (transaction: SignInTransaction, change: Record<string, unknown> = {}) => ({
    iss: sts.issuer,
    aud: CLIENT_ID,
    sub: 'pairwise',
    tid: sts.tenantId,
    oid: OID,
    ver: '2.0',
    nonce: transaction.nonce,
    name: 'Bob',
    preferred_username: 'bob@example.test',
    groups: ['g1'],
    iat: seconds(),
    nbf: seconds() - 1,
    exp: seconds() + 600,
    ...change,
  });
  const reasonOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return 'accepted';
    } catch (error) {
      if (error instanceof IdentityProviderError) {
        expect(error.message).to.match(/^[\x20-\x7e]{10,400}\.$/);
        return error.reason;
      }
      throw error;
    }
  };
  type Forge = Omit<Parameters<typeof forgeToken>[0], 'payload' | 'key'> & { key?: SigningPair; payload?: unknown };
  const signIn = async (change: Change, forge: Forge = {}, answer: Record<string, unknown> = {}) => {
    const { transaction } = await provider.begin();
    const payload = idClaims(transaction, typeof change === 'function' ? change() : change);
    const id_token = forgeToken({ key: sts.key, payload, ...forge });
    sts.answers.token = { body: { id_token, access_token: 'opaque', token_type: 'Bearer', ...answer } };
    return provider.complete({ code: 'x', state: transaction.state }, transaction);
  };

  it('accepts a good sign-in and sends secret, code and PKCE verifier', async () => {
    const { principal } = await signIn({});
    expect(principal).to.include({ subject: OID, username: 'bob@example.test', email: null });
    expect(principal.groups).to.deep.equal(['g1']);
    const form = Object.fromEntries(sts.form());
    expect(form).to.include({
      grant_type: 'authorization_code',
      code: 'x',
      client_id: CLIENT_ID,
      client_secret: 'a-client-secret',
    });
    expect(form.code_verifier).to.match(/^[\w-]{43}$/);
  });

  describe('what the browser brings', () => {
    const cases: readonly [string, Record<string, unknown>, string][] = [
      ['two ID tokens', { id_token: ['a', 'b'] }, 'sign-in-response-invalid'],
      [
        'an ID token whose payload is not JSON',
        { id_token: forgeToken({ key: stranger, payload: '{' }) },
        'sign-in-response-invalid',
      ],
      ['an encrypted ID token', { id_token: 'a.b.c.d.e' }, 'sign-in-response-invalid'],
      ['an access token', { access_token: 'a' }, 'sign-in-response-invalid'],
      ['a refresh token', { refresh_token: 'a' }, 'sign-in-response-invalid'],
      ['a B2C policy', { p: ['a', 'b'] }, 'sign-in-response-invalid'],
      ['a line feed in the code', { code: 'a\nb' }, 'sign-in-response-invalid'],
      ['a code of 9 KB', { code: 'a'.repeat(9000) }, 'sign-in-response-invalid'],
      ['a code that is an object', { code: { length: 1 } }, 'sign-in-response-invalid'],
      ['another issuer', { iss: 'https://evil.example' }, 'sign-in-response-invalid'],
      ['no code', { code: undefined }, 'sign-in-response-invalid'],
      ['an error of line feeds', { error: '\n' }, 'identity-provider-refused'],
      ['an error that is not ASCII', { error: 'é' }, 'identity-provider-refused'],
      ['another state', { state: 'x'.repeat(32) }, 'state-mismatch'],
      ['forty states', { state: Array.from({ length: 40 }, () => 'x') }, 'state-mismatch'],
      ['a custom state', { state: `CUSTOM${'x'.repeat(40)}` }, 'state-mismatch'],
    ];
    for (const [name, change, reason] of cases) {
      it(`refuses ${name}`, async () => {
        const { transaction } = await provider.begin();
        const query = { code: 'x', state: transaction.state, ...change } as Record<string, string>;
        expect(await reasonOf(provider.complete(query, transaction))).to.equal(reason);
      });
    }

    it('survives anything at all', async () => {
      const { transaction } = await provider.begin();
      const value = fc.oneof(fc.string({ unit: 'binary' }), fc.anything());
      const names = [
        'code',
        'state',
        'error',
        'error_description',
        'id_token',
        'iss',
        'session_state',
        'p',
        '__proto__',
      ];
      const query = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value);
      await fc.assert(
        fc.asyncProperty(query, fc.boolean(), async (random, isOurs) => {
          const given = { ...random, ...(isOurs ? { state: transaction.state } : {}) } as Record<string, string>;
          expect(await reasonOf(provider.complete(given, transaction))).not.to.equal('accepted');
        }),
        { numRuns: 200 },
      );
    });
  });

  describe('what the identity provider answers', () => {
    const html: HostileAnswer = { body: '<html>', type: 'text/html' };
    const metadataCases: readonly [string, HostileAnswer, string][] = [
      ['HTML', html, 'identity-provider-answer-invalid'],
      ['null', { body: 'null' }, 'identity-provider-answer-invalid'],
      ['a list', { body: [] }, 'identity-provider-answer-invalid'],
      ['an empty object', { body: {} }, 'identity-provider-answer-invalid'],
      ['a failure with HTML', { status: 503, body: '<html>' }, 'identity-provider-answer-invalid'],
      ['a redirect', { status: 302, body: {} }, 'identity-provider-answer-invalid'],
      ['16 MiB', 'flood', 'identity-provider-answer-invalid'],
      ['nothing', 'hang', 'identity-provider-unreachable'],
      ['a closed connection', 'cut', 'identity-provider-unreachable'],
    ];
    for (const [name, wanted, reason] of metadataCases) {
      it(`${name} as metadata: no sign-in begins`, async () => {
        sts.answers.metadata = wanted;
        expect(await reasonOf(provider.begin())).to.equal(reason);
        expect(await reasonOf(provider.verifyBearer(accessToken(), 'Sallyport.Manage'))).to.equal(reason);
      });
      it(`${name} as keys: no sign-in begins`, async () => {
        sts.answers.keys = wanted;
        expect(await reasonOf(provider.begin())).to.equal(reason);
      });
    }
    const fieldCases: readonly [string, Record<string, unknown>][] = [
      ['another issuer', { issuer: 'https://evil.example/v2.0' }],
      ['a token endpoint without TLS', { token_endpoint: 'http://localhost/token' }],
      ['an authorization endpoint that is a number', { authorization_endpoint: 7 }],
      ['keys on another scheme', { jwks_uri: 'file:///etc/passwd' }],
    ];
    for (const [name, fields] of fieldCases) {
      it(`metadata with ${name}: no sign-in begins`, async () => {
        Object.assign(sts.metadata, fields);
        expect(await reasonOf(provider.begin())).to.equal('identity-provider-answer-invalid');
      });
    }

    const tokenCases: readonly [string, HostileAnswer, string][] = [
      ['null', { body: 'null' }, 'identity-provider-answer-invalid'],
      ['HTML', html, 'identity-provider-answer-invalid'],
      [
        'an ID token that is a number',
        { body: { id_token: 7, token_type: 'Bearer' } },
        'identity-provider-answer-invalid',
      ],
      [
        'an access token that is a list',
        { body: { id_token: 'a.b.c', access_token: [], token_type: 'Bearer' } },
        'identity-provider-answer-invalid',
      ],
      ['no ID token', { body: { access_token: 'a', token_type: 'Bearer' } }, 'identity-provider-answer-invalid'],
      ['a DPoP token', { body: { id_token: 'a.b.c', token_type: 'DPoP' } }, 'identity-provider-answer-invalid'],
      ['an ID token that is none', { body: { id_token: 'a.b.c', token_type: 'Bearer' } }, 'token-invalid'],
      ['an encrypted ID token', { body: { id_token: 'a.b.c.d.e', token_type: 'Bearer' } }, 'token-invalid'],
      [
        'an ID token of 20 KB',
        { body: { id_token: `${'a'.repeat(20_000)}.b.c`, token_type: 'Bearer' } },
        'token-invalid',
      ],
      ['an error', { status: 400, body: { error: 'invalid_grant' } }, 'identity-provider-refused'],
      ['an error code of markup', { status: 400, body: { error: '<script>' } }, 'identity-provider-answer-invalid'],
      ['a redirect', { status: 307, body: {} }, 'identity-provider-answer-invalid'],
      ['16 MiB', 'flood', 'identity-provider-answer-invalid'],
      ['nothing', 'hang', 'identity-provider-unreachable'],
      ['a closed connection', 'cut', 'identity-provider-unreachable'],
    ];
    for (const [name, wanted, reason] of tokenCases) {
      it(`${name} for the code: the sign-in is refused`, async () => {
        const { transaction } = await provider.begin();
        sts.answers.token = wanted;
        expect(await reasonOf(provider.complete({ code: 'x', state: transaction.state }, transaction))).to.equal(
          reason,
        );
      });
    }
  });

  /** Instants are taken when a case runs: the table is made long before. */
  type Change = Record<string, unknown> | (() => Record<string, unknown>);
  const claimsOf = (change: Change) => (typeof change === 'function' ? change() : change);

  describe('ID tokens', () => {
    const accepted: readonly [string, Change, Forge?][] = [
      [
        'expired 30 s ago (clocks may differ by 60 s)',
        () => ({ exp: seconds() - 30, nbf: seconds() - 600, iat: seconds() - 600 }),
      ],
      ['an audience in a list of one', { aud: [CLIENT_ID] }],
    ];
    for (const [name, change, forge] of accepted)
      it(`accepts ${name}`, async () => expect(await reasonOf(signIn(claimsOf(change), forge))).to.equal('accepted'));

    const refused: readonly [string, Change, Forge?][] = [
      ['expired two minutes ago', () => ({ exp: seconds() - 120, nbf: seconds() - 600, iat: seconds() - 600 })],
      ['without exp', { exp: undefined }],
      ['valid in two minutes', () => ({ nbf: seconds() + 120 })],
      ['without nbf', { nbf: undefined }],
      ['without iat', { iat: undefined }],
      ['of another nonce', { nonce: 'other' }],
      ['without nonce', { nonce: undefined }],
      ['with a nonce that is a number', { nonce: 7 }],
      ['of another audience', { aud: API_ID }],
      ['of audience spn:', { aud: `spn:${CLIENT_ID}` }],
      ['of two audiences', { aud: [CLIENT_ID, API_ID] }],
      ['of another issuer', { iss: 'https://evil.example/v2.0' }],
      ['of another tenant', { tid: API_ID }],
      ['without tenant', { tid: undefined }],
      ['without oid', { oid: undefined }],
      ['with an oid that is no GUID', { oid: 'admin' }],
      ['of version 1.0', { ver: '1.0' }],
      ['without version', { ver: undefined }],
      ['with a wrong at_hash', { at_hash: 'wrong' }],
      ['with an at_hash that is a number', { at_hash: 7 }],
      ['with a c_hash that is an object', { c_hash: {} }],
      ['with groups that are no list', { groups: 'g1' }],
      ['with roles of numbers', { roles: [1] }],
      ['with roles that are no list', { roles: 'Wiki.Reader' }],
      ['with names of claims elsewhere that are no object', { _claim_names: 'groups' }],
      ['signed by a stranger under our key id', {}, { key: stranger }],
      ['of an unknown key', {}, { header: { kid: 'key-9' } }],
      ['without key id', {}, { header: { kid: undefined } }],
      ['of algorithm none', {}, { header: { alg: 'none' }, signature: 'none' }],
      ['of RS512', {}, { header: { alg: 'RS512' }, signature: 'rs512' }],
      ['of HS256 over the public key', {}, { header: { alg: 'HS256' }, signature: 'hmac' }],
      ['without typ', {}, { header: { typ: undefined } }],
      ['with a payload that is not JSON', {}, { payload: '{' }],
      ['with a payload that is a number', {}, { payload: 7 }],
    ];
    for (const [name, change, forge] of refused)
      it(`refuses one ${name}`, async () =>
        expect(await reasonOf(signIn(claimsOf(change), forge))).to.equal('token-invalid'));

    it('refuses HS256 even when the metadata lists it', async () => {
      sts.metadata.id_token_signing_alg_values_supported = ['RS256', 'HS256', 'none'];
      expect(await reasonOf(signIn({}, { header: { alg: 'HS256' }, signature: 'hmac' }))).to.equal('token-invalid');
    });

    it('takes a token whose groups are elsewhere as unknown, never as none', async () => {
      const elsewhere = {
        groups: undefined,
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint: 'x' } },
      };
      const unknown = { groups: [], groupsOverage: true };
      expect((await signIn(elsewhere)).principal).to.deep.include(unknown);
      expect((await signIn({ groups: undefined, hasgroups: true })).principal).to.deep.include(unknown);
      expect((await signIn({ groups: undefined })).principal).to.deep.include(unknown);
      expect((await signIn({ groups: [] })).principal).not.to.have.property('groupsOverage');
    });

    it('takes control characters out of names', async () => {
      const { principal } = await signIn({ name: 'Bob\r\nSet-Cookie: x', preferred_username: '\u0000bob\u202e' });
      expect(principal).to.include({ name: 'Bob Set-Cookie: x', username: 'bob' });
    });

    it('survives any claims, even well signed', async () => {
      const names = [
        'iss',
        'aud',
        'sub',
        'tid',
        'oid',
        'ver',
        'nonce',
        'name',
        'groups',
        'roles',
        'wids',
        'acrs',
        'auth_time',
        'email',
        'scp',
        'acr',
        'tfp',
        'c_hash',
        'at_hash',
        'exp',
        'nbf',
        'iat',
        '_claim_names',
        'hasgroups',
        'preferred_username',
      ];
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 5 }), async (claims) => {
          await reasonOf(signIn(claims));
        }),
        { numRuns: 100 },
      );
    });
  });

  describe('metadata and keys', () => {
    it('learns a new key at once, and asks again for unknown ones a few times only', async () => {
      await signIn({});
      const rolled = newSigningPair('key-2');
      sts.published.splice(0, 1, rolled);
      expect(await reasonOf(signIn({}, { key: rolled }))).to.equal('accepted');
      const { keys } = sts.seen;
      for (const kid of 'abcdefgh') await reasonOf(signIn({}, { key: rolled, header: { kid } }));
      expect(sts.seen.keys - keys).to.equal(MAX_UNKNOWN_KEY_READS - 1);
    });

    it('serves a stale copy at once while the provider is down, for a day', async () => {
      await signIn({});
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

    it('leaves out keys that are not RSA signing keys', async () => {
      const jwk = publicJwk(sts.key);
      const body = {
        keys: [
          { kty: 'oct', kid: 'key-0', k: 'AAAA' },
          { ...jwk, kid: 'key-e', use: 'enc' },
          null,
          7,
          { ...jwk, n: '!' },
          jwk,
        ],
      };
      sts.answers.keys = { body };
      expect(await reasonOf(signIn({}))).to.equal('accepted');
      expect(await reasonOf(signIn({}, { header: { kid: 'key-e' } }))).to.equal('token-invalid');
      await fresh();
      sts.answers.keys = { body: { keys: [{ kty: 'EC' }] } };
      expect(await reasonOf(provider.begin())).to.equal('identity-provider-answer-invalid');
    });
  });

  describe('access tokens for our API', () => {
    const cases: readonly [string, Record<string, unknown>, string][] = [
      ['a good one', {}, 'accepted'],
      ['one for api://', { aud: `api://${API_ID}` }, 'accepted'],
      ['one with more scopes', { scp: 'Other Sallyport.Manage' }, 'accepted'],
      ['one of another scope', { scp: 'Connector.Register' }, 'token-invalid'],
      ['one without scope (application)', { scp: undefined, roles: ['x'] }, 'token-invalid'],
      ['one whose scope is a number', { scp: 7 }, 'token-invalid'],
      ['an ID token of the web app', { aud: CLIENT_ID }, 'token-invalid'],
      ['one of two audiences', { aud: [API_ID, CLIENT_ID] }, 'token-invalid'],
      ['one of another tenant', { tid: CLIENT_ID }, 'token-invalid'],
      ['an expired one', { exp: seconds() - 120, nbf: seconds() - 600, iat: seconds() - 600 }, 'token-invalid'],
    ];
    for (const [name, change, reason] of cases)
      it(`${reason === 'accepted' ? 'accepts' : 'refuses'} ${name}`, async () =>
        expect(await reasonOf(provider.verifyBearer(accessToken(change), 'Sallyport.Manage'))).to.equal(reason));

    it('refuses what is no token, and scopes that are not ours', async () => {
      for (const token of ['', 'x', 'a.b', 'a.b.c.d.e', `${accessToken()} x`, `${accessToken()}\n`, 'é.é.é'])
        expect(await reasonOf(provider.verifyBearer(token, 'Sallyport.Manage')), token).to.equal('token-invalid');
      expect(await reasonOf(provider.verifyBearer(accessToken(), 'openid'))).to.equal('token-invalid');
      expect(await reasonOf(provider.verifyBearer(accessToken(), '__proto__'))).to.equal('token-invalid');
    });
  });

  const accessToken = (change: Record<string, unknown> = {}) =>
    forgeToken({
      key: sts.key,
      payload: {
        iss: sts.issuer,
        aud: API_ID,
        sub: 'pairwise',
        tid: sts.tenantId,
        oid: OID,
        ver: '2.0',
        scp: 'Sallyport.Manage',
        azp: 'cli',
        wids: [ROLE],
        iat: seconds(),
        nbf: seconds() - 1,
        exp: seconds() + 600,
        ...change,
      },
    });
});
