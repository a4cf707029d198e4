import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import passport from 'passport';
import { IdentityProviderError } from '../../../../services/auth/src/errors.ts';
import { authorizationOptions } from '../../../../services/auth/src/identity-provider/authorization-parameters.ts';
import { drivePassport } from '../../../../services/auth/src/identity-provider/drive-passport.ts';
import { HardenedOidc } from '../../../../services/auth/src/identity-provider/hardened-oidc.ts';
import type {
  IdentityProvider,
  SignedIn,
  SignInDemand,
} from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { MetadataStore } from '../../../../services/auth/src/identity-provider/metadata-store.ts';
import { createPassportIdentityProvider } from '../../../../services/auth/src/identity-provider/passport-identity-provider.ts';
import { createProviderConnection } from '../../../../services/auth/src/identity-provider/provider-connection.ts';
import { shortfallOf } from '../../../../services/auth/src/preauth/challenge.decide.ts';
import {
  forgeToken,
  type HostileIdentityProvider,
  startHostileIdentityProvider,
} from '../../../support/hostile-identity-provider.ts';

const CLIENT_ID = '11111111-1111-4111-8111-111111111111';
const OID = 'b2b2b2b2-0000-4000-8000-000000000002';
const DEMAND: SignInDemand = { contexts: ['c1'], isFresh: true, loginHint: 'bob@example.test' };

/** What a provider that is broken, or not the provider at all, answers to a challenge: the token is always well signed. */
describe('answers of an identity provider to a challenge', function hostileStepUpSpecs() {
  this.timeout(20_000);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-step-up-'));
  let sts: HostileIdentityProvider;
  let provider: IdentityProvider;

  before(async () => {
    const clientSecretFile = join(folder, 'secret');
    writeFileSync(clientSecretFile, 'a-client-secret\n');
    sts = await startHostileIdentityProvider();
    const { issuer, tenantId, caFile } = sts;
    provider = createPassportIdentityProvider({
      config: { issuer, tenantId, caFile, clientId: CLIENT_ID, clientSecretFile, apiAudience: 'api', timeoutMs: 2_000 },
      signInOrigin: 'https://login.sallyport.localhost:8443',
    });
  });
  after(async () => {
    await provider?.close();
    await sts?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const seconds = () => Math.floor(Date.now() / 1000);
  const answer = async (change: Record<string, unknown>, nonce?: string): Promise<SignedIn> => {
    const { transaction } = await provider.begin(DEMAND);
    const payload = {
      iss: sts.issuer,
      aud: CLIENT_ID,
      sub: 'pairwise',
      tid: sts.tenantId,
      oid: OID,
      ver: '2.0',
      nonce: nonce ?? transaction.nonce,
      preferred_username: 'bob@example.test',
      groups: [],
      iat: seconds(),
      nbf: seconds() - 1,
      exp: seconds() + 600,
      ...change,
    };
    const id_token = forgeToken({ key: sts.key, payload });
    sts.answers.token = { body: { id_token, access_token: 'opaque', token_type: 'Bearer' } };
    return provider.complete({ code: 'x', state: transaction.state }, transaction);
  };
  /** `met`, `not met`, or why the token itself was refused. */
  const outcome = async (change: Record<string, unknown>, nonce?: string): Promise<string> => {
    try {
      const startedAtMs = Date.now();
      const signedIn = await answer(change, nonce);
      const challenge = { contexts: ['c1'], maxAgeMinutes: 5 };
      const parts = { challenge, signedIn, session: null, isFresh: true, startedAtMs, trustsIssuedAt: false };
      return shortfallOf({ ...parts, nowMs: Date.now() }) === null ? 'met' : 'not met';
    } catch (error) {
      if (!(error instanceof IdentityProviderError)) throw error;
      expect(error.message).to.match(/^[\x20-\x7e]{10,400}\.$/);
      return error.reason;
    }
  };

  it('carries only what we demand in the request', async () => {
    const { location } = await provider.begin(DEMAND);
    const { searchParams } = new URL(location);
    expect(searchParams.get('claims')).to.equal(
      '{"id_token":{"acrs":{"essential":true,"value":"c1"},"auth_time":{"essential":true}}}',
    );
    expect(searchParams.get('prompt')).to.equal('login');
    expect(searchParams.get('login_hint')).to.equal('bob@example.test');
    expect(searchParams.get('redirect_uri')).to.equal('https://login.sallyport.localhost:8443/.sallyport/callback');
    expect(searchParams.get('response_type')).to.equal('code');
    for (const name of searchParams.keys()) expect(searchParams.getAll(name), name).to.have.length(1);
  });

  it('refuses options that are not ours before anything is asked', async () => {
    const { issuer, tenantId, caFile } = sts;
    const connection = createProviderConnection(caFile);
    const store = new MetadataStore({ issuer, connection, timeoutMs: 2_000 });
    const redirectUrl = 'https://login.sallyport.localhost:8443/.sallyport/callback';
    const options = { store, connection, issuer, tenantId, redirectUrl, timeoutMs: 2_000, scopes: ['openid'] };
    const authenticator = new passport.Passport();
    authenticator.use('oidc', new HardenedOidc({ ...options, clientId: CLIENT_ID, clientSecret: 'a-client-secret' }));
    const request = { method: 'GET', headers: {}, query: {}, session: {} } as const;
    const { metadata } = sts.seen;
    const foreign = [
      { extraAuthReqQueryParams: { redirect_uri: 'https://evil.example/' } },
      { extraAuthReqQueryParams: { response_type: 'id_token' } },
      { prompt: 'none' },
      { resourceURL: 'https://evil.example/' },
    ];
    for (const given of foreign) {
      const refusal = await drivePassport(authenticator, 'oidc', given, request).catch((error: unknown) => error);
      expect(refusal, JSON.stringify(given)).to.be.instanceOf(IdentityProviderError);
    }
    expect(sts.seen.metadata).to.equal(metadata);
    const own = authorizationOptions(DEMAND, 'challenge');
    expect((await drivePassport(authenticator, 'oidc', own, request)).kind).to.equal('redirect');
    await connection.close();
  });

  const c1 = { acrs: ['c1'] };
  /** Claims are made when they are sent: their instants are those of then. */
  const cases: readonly [string, () => Record<string, unknown>, string][] = [
    ['the context and a fresh sign-in', () => ({ ...c1, auth_time: seconds() }), 'met'],
    [
      'the context among others',
      () => ({ acrs: ['p1', 'urn:user:registersecurityinfo', 'c1'], auth_time: seconds() }),
      'met',
    ],
    ['the context in a new token that does not say when the sign-in was', () => c1, 'not met'],
    ['no contexts at all', () => ({}), 'not met'],
    ['null instead of contexts', () => ({ acrs: null }), 'token-invalid'],
    ['an empty list', () => ({ acrs: [] }), 'not met'],
    ['the context as text', () => ({ acrs: 'c1' }), 'token-invalid'],
    ['the context as text of several', () => ({ acrs: 'p1 c1' }), 'token-invalid'],
    ['the context as an object', () => ({ acrs: { 0: 'c1', length: 1 } }), 'token-invalid'],
    ['a list of lists', () => ({ acrs: [['c1']] }), 'token-invalid'],
    ['a list of numbers', () => ({ acrs: [1] }), 'token-invalid'],
    ['true', () => ({ acrs: true }), 'token-invalid'],
    [
      'a huge list with the context',
      () => ({ acrs: Array.from({ length: 500 }, (_, at) => `c${at}`) }),
      'token-invalid',
    ],
    ['a context of a thousand characters', () => ({ acrs: [`c1${' '.repeat(998)}`] }), 'token-invalid'],
    ['a context that begins like it', () => ({ acrs: ['c1                        '] }), 'not met'],
    ['the context under the name of another claim', () => ({ acr: 'c1', amr: ['mfa'] }), 'not met'],
    ['a new token of an old sign-in', () => ({ ...c1, auth_time: seconds() - 3600 }), 'not met'],
    [
      'an old token without the instant of the sign-in',
      () => ({ ...c1, iat: seconds() - 3600, nbf: seconds() - 3600 }),
      'not met',
    ],
    ['a token that expired', () => ({ ...c1, iat: seconds() - 3600, exp: seconds() - 120 }), 'token-invalid'],
    ['a sign-in in the future', () => ({ ...c1, auth_time: seconds() + 3600 }), 'token-invalid'],
    ['the instant as text', () => ({ ...c1, auth_time: String(seconds()) }), 'token-invalid'],
    ['the instant in milliseconds', () => ({ ...c1, auth_time: Date.now() }), 'token-invalid'],
    ['an instant before time began', () => ({ ...c1, auth_time: -1 }), 'token-invalid'],
    ['an instant without end', () => ({ ...c1, auth_time: 1e300 }), 'token-invalid'],
  ];
  for (const [name, change, expected] of cases)
    it(`${expected === 'met' ? 'accepts' : 'refuses'} ${name}`, async () =>
      expect(await outcome(change())).to.equal(expected));

  it('refuses the token of another sign-in, though it has everything', async () => {
    const { transaction } = await provider.begin(DEMAND);
    expect(await outcome({ ...c1, auth_time: seconds() }, transaction.nonce)).to.equal('token-invalid');
  });
});
