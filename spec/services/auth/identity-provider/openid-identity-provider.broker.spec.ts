// long because one provider that may be bent at each of its answers is set up once for all of them
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { after, afterEach, before, describe, it } from 'mocha';
import { groupsOf } from '#libs/contracts';
import type { IdentityProvider } from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { createOpenidIdentityProvider } from '../../../../services/auth/src/identity-provider/openid-identity-provider.ts';
import { firstIdentityProvider } from '../../../../services/auth/src/identity-provider/provider-config.ts';
import { UnconfirmedRefreshError } from '../../../../services/auth/src/identity-provider/unconfirmed-refresh.ts';
import {
  type HostileIdentityProvider,
  publicJwk,
  startHostileIdentityProvider,
} from '../../../support/hostile-identity-provider.ts';
import { API_ID, CLIENT_ID, CLIENT_SECRET, reasonOf, SIGN_IN_ORIGIN, seconds } from './identity-provider.contract.ts';

type Signing = { readonly alg: string; readonly key: KeyObject; readonly jwk: Record<string, unknown> };

describe('an OpenID provider', function openidSpecs() {
  this.timeout(20_000);
  let sts: HostileIdentityProvider;
  let folder = '';
  const providers: IdentityProvider[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-openid-'));
    writeFileSync(join(folder, 'secret'), `${CLIENT_SECRET}\n`);
    sts = await startHostileIdentityProvider();
  });
  afterEach(async () => {
    sts.reset();
    await Promise.all(providers.splice(0).map((provider) => provider.close()));
  });
  after(async () => {
    await sts?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const providerOf = (
    change: object = {},
    options: { wantsRefreshTokens?: boolean; callbackPath?: string; sendsGroups?: boolean } = {},
  ) => {
    const config = firstIdentityProvider.parse({
      kind: 'openid',
      issuer: sts.issuer,
      clientId: CLIENT_ID,
      clientSecretFile: join(folder, 'secret'),
      caFile: sts.caFile,
      timeoutMs: 4000,
      ...change,
    });
    if (config.kind !== 'openid') throw new Error('expected an OpenID provider');
    const provider = createOpenidIdentityProvider({ config, signInOrigin: SIGN_IN_ORIGIN, ...options });
    providers.push(provider);
    return provider;
  };
  const hostile = (): Signing => ({ alg: 'RS256', key: sts.key.privateKey, jwk: { kid: sts.key.kid } });
  const sign = ({ alg, key, jwk }: Signing, claims: object, header: object = {}) =>
    new SignJWT({ iss: sts.issuer, sub: 'u1', iat: seconds(), exp: seconds() + 600, ...claims })
      .setProtectedHeader({ alg, ...(typeof jwk.kid === 'string' && { kid: jwk.kid }), ...header })
      .sign(key);
  const signIn = async (
    provider: IdentityProvider,
    options: {
      claims?: object;
      signing?: Signing;
      header?: object;
      query?: Record<string, string>;
      answer?: object;
    } = {},
  ) => {
    const { transaction } = await provider.begin();
    const claims = { aud: CLIENT_ID, nonce: transaction.nonce, ...options.claims };
    const id_token = await sign(options.signing ?? hostile(), claims, options.header);
    sts.answers.token = { body: { id_token, access_token: 'opaque', token_type: 'Bearer', ...options.answer } };
    return provider.complete({ code: 'x', state: transaction.state, ...options.query }, transaction);
  };

  describe('signs tokens', () => {
    const pairs: readonly [string, () => { privateKey: KeyObject; publicKey: KeyObject }][] = [
      ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
      ['PS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
      ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ];
    const publish = (alg: string, make: (typeof pairs)[number][1], kid?: string): Signing => {
      const { privateKey, publicKey } = make();
      const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg, ...(kid !== undefined && { kid }) };
      sts.answers.keys = { body: { keys: [jwk] } };
      sts.metadata.id_token_signing_alg_values_supported = [alg];
      return { alg, key: privateKey, jwk };
    };
    for (const [alg, make] of pairs)
      it(`by ${alg}`, async () => {
        const signing = publish(alg, make, 'k');
        expect((await signIn(providerOf(), { signing })).principal.subject).to.equal('u1');
      });

    it('without naming the key, when there is one alone', async () => {
      const signing = publish('ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
      expect(await reasonOf(signIn(providerOf(), { signing }))).to.equal('accepted');
    });

    it('not with a key that is too short, of another curve, private alone, or for encryption', async () => {
      const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
      const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
      const body = { keys: [short, curve, { kty: 'oct', k: 'AAAA' }, { ...publicJwk(sts.key), use: 'enc' }, null] };
      sts.answers.keys = { body };
      expect(await reasonOf(providerOf().begin())).to.equal('identity-provider-answer-invalid');
    });

    it('not with an extension that must be understood', async () => {
      const header = { crit: ['b64'], b64: true };
      expect(await reasonOf(signIn(providerOf(), { header }))).to.equal('identity-provider-answer-invalid');
    });
  });

  describe('is asked', () => {
    const asked = async (provider: IdentityProvider, demand?: Parameters<IdentityProvider['begin']>[0]) =>
      Object.fromEntries(new URL((await provider.begin(demand)).location).searchParams);
    const silver = {
      authenticationContexts: { acr: { 'urn:x:silver': 'c1', 'urn:x:gold': 'c2' }, amr: { mfa: 'c3' } },
    };

    it('at its own redirect URI, by the configured scopes', async () => {
      const callbackPath = '/.sallyport/callback/partners';
      expect(await asked(providerOf({ scopes: ['groups'] }, { callbackPath }))).to.include({
        redirect_uri: `${SIGN_IN_ORIGIN}${callbackPath}`,
        scope: 'openid groups',
      });
    });

    it('for refresh tokens, unless it says that it has none', async () => {
      const options = { wantsRefreshTokens: true };
      expect((await asked(providerOf({}, options))).scope).to.equal('openid profile email offline_access');
      sts.metadata.scopes_supported = ['openid', 'profile', 'email'];
      expect((await asked(providerOf({}, options))).scope).to.equal('openid profile email');
    });

    it('for authentication contexts by the values of acr that stand for them', async () => {
      const demand = { contexts: ['c2', 'c3'], isFresh: false, loginHint: null };
      const parameters = await asked(providerOf(silver), demand);
      expect(parameters).to.include({ acr_values: 'urn:x:gold' });
      expect(parameters).not.to.have.any.keys('prompt', 'max_age', 'login_hint', 'claims');
      expect(await asked(providerOf(silver), { ...demand, contexts: ['c3'] })).not.to.have.property('acr_values');
    });

    it('for a fresh sign-in by prompt and max_age', async () => {
      const demand = { contexts: [], isFresh: true, loginHint: null };
      expect(await asked(providerOf(), demand)).to.include({ prompt: 'login', max_age: '0' });
    });

    it('for the instant of the sign-in, where it takes the claims parameter', async () => {
      sts.metadata.claims_parameter_supported = true;
      const { claims } = await asked(providerOf());
      expect(JSON.parse(claims ?? '')).to.deep.equal({ id_token: { auth_time: { essential: true } } });
    });

    it('and answers with what the sign-in proved', async () => {
      const claims = { acr: 'urn:x:silver', amr: ['pwd', 'mfa'] };
      expect((await signIn(providerOf(silver), { claims })).authenticationContexts).to.deep.equal(['c1', 'c3']);
    });
  });

  describe('is told the client secret', () => {
    const cases: readonly [string, object, object, 'header' | 'form'][] = [
      ['in the header when it does not say how', {}, {}, 'header'],
      [
        'in the header when it offers both',
        { token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'] },
        {},
        'header',
      ],
      [
        'in the form when it offers that alone',
        { token_endpoint_auth_methods_supported: ['client_secret_post'] },
        {},
        'form',
      ],
      ['as configured', {}, { clientAuthentication: 'client_secret_post' }, 'form'],
    ];
    for (const [what, metadata, change, where] of cases)
      it(what, async () => {
        Object.assign(sts.metadata, metadata);
        await signIn(providerOf(change));
        expect(sts.form().get('client_secret')).to.equal(where === 'form' ? CLIENT_SECRET : null);
        expect(sts.form().has('client_id')).to.equal(where === 'form');
      });

    it('not at all when it takes none', async () => {
      sts.metadata.token_endpoint_auth_methods_supported = ['private_key_jwt'];
      expect(await reasonOf(providerOf().begin())).to.equal('identity-provider-answer-invalid');
    });
  });

  it('must name itself in its answers when it says that it does (RFC 9207)', async () => {
    sts.metadata.authorization_response_iss_parameter_supported = true;
    expect(await reasonOf(signIn(providerOf()))).to.equal('sign-in-response-invalid');
    expect(await reasonOf(signIn(providerOf(), { query: { iss: sts.issuer } }))).to.equal('accepted');
  });

  describe('that sends groups says by leaving them out that somebody is in none', () => {
    const wide = { scopes: ['profile', 'groups'] };
    const sends = { sendsGroups: true };
    const groupsBy = async (scope: string | undefined, claims: object = {}, change: object = wide) =>
      groupsOf((await signIn(providerOf(change, sends), { claims, answer: { scope } })).principal);

    it('only where it grants all scopes by name: people can leave some out of the address', async () => {
      expect(await groupsBy('groups openid profile')).to.deep.equal([]);
      for (const scope of ['openid profile', 'openid', 'openid profile groups2', undefined])
        expect(await groupsBy(scope), String(scope)).to.equal(null);
    });

    it('or where none was asked for but openid, and by an empty list whatever the scopes', async () => {
      expect(await groupsBy(undefined, {}, { scopes: [] })).to.deep.equal([]);
      expect(await groupsBy('openid', { groups: [] })).to.deep.equal([]);
    });

    it('at a refresh by the scopes of the sign-in, unless it names fewer', async () => {
      const provider = providerOf(wide, sends);
      const { principal: known } = await signIn(provider, { answer: { scope: 'openid profile groups' } });
      const person = { subject: 'u1', directoryTenant: sts.issuer, providerSubject: 'u1', known };
      const refreshed = async (scope: string | undefined) => {
        const id_token = await sign(hostile(), { aud: CLIENT_ID, name: 'Ann' });
        sts.answers.token = { body: { id_token, access_token: 'a', token_type: 'Bearer', scope } };
        const { principal } = await provider.refresh('rt-1', person, new AbortController().signal);
        return principal === null ? 'nobody' : groupsOf(principal);
      };
      expect(await refreshed(undefined)).to.deep.equal([]);
      expect(await refreshed('openid profile groups')).to.deep.equal([]);
      expect(await refreshed('openid profile')).to.equal(null);
    });
  });

  it('must make ID tokens for this client', async () => {
    expect(await reasonOf(signIn(providerOf(), { claims: { azp: 'another' } }))).to.equal('token-invalid');
    expect(await reasonOf(signIn(providerOf(), { claims: { azp: CLIENT_ID } }))).to.equal('accepted');
  });

  describe('tells more at its UserInfo endpoint', () => {
    // The double answers there as at its token endpoint: one body serves both.
    const signInWith = (userInfo: object, metadata: object = {}) => {
      Object.assign(sts.metadata, { userinfo_endpoint: `https://localhost:${sts.port}/x/token`, ...metadata });
      return signIn(providerOf({ userInfo: true }), { answer: userInfo });
    };

    it('what the ID token does not say; what that says goes first', async () => {
      const { principal } = await signInWith({ sub: 'u1', name: 'Ann', groups: ['g1'], iss: 'x', aud: 'y', exp: 1 });
      expect(principal).to.deep.include({ subject: 'u1', name: 'Ann', groups: ['g1'], directoryTenant: sts.issuer });
    });

    it('never of another person, nor of nobody', async () => {
      for (const sub of ['u2', undefined, '', 7, null])
        expect(await reasonOf(signInWith({ sub, name: 'Ann' })), String(sub)).to.equal(
          'identity-provider-answer-invalid',
        );
    });

    it('or it has none, and the sign-in ends', async () => {
      expect(await reasonOf(signInWith({ sub: 'u1' }, { userinfo_endpoint: undefined }))).to.equal(
        'identity-provider-answer-invalid',
      );
    });

    it('and when that fails at a refresh, the next token is not lost', async () => {
      Object.assign(sts.metadata, { userinfo_endpoint: `https://localhost:${sts.port}/x/token` });
      const provider = providerOf({ userInfo: true });
      const id_token = await sign(hostile(), { aud: CLIENT_ID });
      const body = { id_token, access_token: 'a', token_type: 'Bearer', refresh_token: 'rt-2', sub: 'somebody else' };
      sts.answers.token = { body };
      const person = { subject: 'u1', directoryTenant: sts.issuer, providerSubject: 'u1', known: null };
      const never = new AbortController().signal;
      const failure = await provider.refresh('rt-1', person, never).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(UnconfirmedRefreshError).with.property('nextToken', 'rt-2');
      sts.answers.token = { body: { ...body, sub: 'u1' } };
      expect((await provider.refresh('rt-2', person, never)).principal).to.include({ subject: 'u1' });
    });

    it('by https alone', async () => {
      const metadata = { userinfo_endpoint: 'http://localhost/userinfo' };
      expect(await reasonOf(signInWith({ sub: 'u1' }, metadata))).to.equal('identity-provider-answer-invalid');
    });
  });

  describe('makes access tokens', () => {
    const expected = { audience: API_ID, scope: 'Wiki.Read' };
    const claims = { aud: [API_ID, 'https://other.example'], client_id: 'cli', scope: 'openid Wiki.Read', jti: '1' };
    const verify = async (change: object, header: object = { typ: 'at+jwt' }, config: object = {}) =>
      providerOf(config).verifyAccessToken(await sign(hostile(), { ...claims, ...change }, header), expected);

    it('of RFC 9068: typ at+jwt, scopes in scope, more than one audience', async () => {
      expect(await verify({})).to.deep.include({ kind: 'user' });
      expect(await verify({}, { typ: 'application/at+JWT' })).to.deep.include({ kind: 'user' });
      expect(await verify({ scope: undefined, scp: ['Wiki.Read'] })).to.deep.include({ kind: 'user' });
      expect(await verify({ scope: 'api://wiki/Wiki.Read' })).to.deep.include({ kind: 'user' });
      for (const scope of ['Wiki.ReadWrite', 'Not.Wiki.Read', 'Wiki.Read/x', 'wiki.read', ''])
        expect(await reasonOf(verify({ scope })), scope).to.equal('token-invalid');
    });

    it('whose groups are unknown when they name none, whatever ID tokens do', async () => {
      expect((await verify({})).principal).to.deep.include({ groups: [], groupsOverage: true });
      expect((await verify({ groups: ['g'] })).principal).not.to.have.property('groupsOverage');
    });

    it('of no other type, unless it is configured', async () => {
      expect(await reasonOf(verify({}, { typ: 'JWT' }))).to.equal('token-invalid');
      expect(await reasonOf(verify({}, {}))).to.equal('token-invalid');
      const untyped = { accessTokenTypes: ['JWT'] };
      expect(await reasonOf(verify({}, { typ: 'JWT' }, untyped))).to.equal('accepted');
      expect(await reasonOf(verify({}, {}, untyped))).to.equal('accepted');
      for (const change of [{ nonce: 'n' }, { at_hash: 'x' }, { events: {} }, { typ: 'ID' }, { typ: 'Refresh' }])
        expect(await reasonOf(verify(change, { typ: 'JWT' }, untyped)), JSON.stringify(change)).to.equal(
          'token-invalid',
        );
    });

    it('of programs alone, by the subject or in its own words', async () => {
      for (const change of [{ sub: 'cli' }, { gty: 'client-credentials' }, { idtyp: 'app' }])
        expect(await verify({ ...change, scope: undefined })).to.include({ kind: 'app' });
    });

    it('of a person whose subject is the id of a client, who need the scope as everybody', async () => {
      const marks = [
        { auth_time: seconds() },
        { acr: '1' },
        { amr: ['pwd'] },
        { sid: 's' },
        { preferred_username: 'cli' },
      ];
      for (const mark of [...marks, { email: 'cli@example.test' }, { uid: '1' }]) {
        const what = JSON.stringify(mark);
        expect(await verify({ ...mark, sub: 'cli' }), what).to.include({ kind: 'user' });
        expect(await reasonOf(verify({ ...mark, sub: 'cli', scope: undefined })), what).to.equal('token-invalid');
      }
    });

    it('for its administration only when the configuration names their audience', async () => {
      const token = await sign(hostile(), { ...claims, scope: 'Sallyport.Manage' }, { typ: 'at+jwt' });
      expect(await reasonOf(providerOf().verifyBearer(token, 'Sallyport.Manage'))).to.equal('token-invalid');
      const { principal } = await providerOf({ apiAudience: API_ID }).verifyBearer(token, 'Sallyport.Manage');
      expect(principal.subject).to.equal('u1');
    });
  });
});
