import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { demoDirectory } from '#libs/demo-directory';
import type { AskedFor } from '#libs/identity';
import type { IdentityProvider } from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { createOpenidIdentityProvider } from '../../../../services/auth/src/identity-provider/openid-identity-provider.ts';
import { createPassportIdentityProvider } from '../../../../services/auth/src/identity-provider/passport-identity-provider.ts';
import { firstIdentityProvider } from '../../../../services/auth/src/identity-provider/provider-config.ts';
import {
  type RunningIdentityProvider,
  ScriptedBrowser,
  signInByForm,
  startIdentityProvider,
} from '../../../support/identity-provider.ts';
import { reasonOf, SIGN_IN_ORIGIN } from './identity-provider.contract.ts';

const [ALICE, BOB] = demoDirectory.users;
const ACR = 'urn:sallyport:development:mfa';

type Case = {
  readonly name: string;
  readonly shape: 'entra' | 'openid';
  readonly config: (idp: RunningIdentityProvider) => object;
  readonly directoryTenant: (idp: RunningIdentityProvider) => string;
};

const cases: readonly Case[] = [
  {
    name: 'passport-azure-ad at the provider that is shaped like Entra ID',
    shape: 'entra',
    config: ({ tenantId, clientIds }) => ({ tenantId, apiAudience: `api://${clientIds.api}` }),
    directoryTenant: ({ tenantId }) => tenantId,
  },
  {
    name: 'openid-client at the provider that is shaped like Entra ID',
    shape: 'entra',
    config: () => ({ kind: 'openid', clientAuthentication: 'client_secret_post', claims: { subject: 'oid' } }),
    directoryTenant: ({ issuer }) => issuer,
  },
  {
    name: 'openid-client at a plain OpenID provider',
    shape: 'openid',
    config: () => ({
      kind: 'openid',
      clientAuthentication: 'client_secret_post',
      userInfo: true,
      authenticationContexts: { acr: { [ACR]: 'c1' }, amr: { mfa: 'c1' } },
    }),
    directoryTenant: ({ issuer }) => issuer,
  },
];

for (const { name, shape, config: specific, directoryTenant } of cases)
  describe(`signing in with ${name}`, function developmentProviderSpecs() {
    this.timeout(20_000);
    let idp: RunningIdentityProvider;
    let provider: IdentityProvider;
    let browser: ScriptedBrowser;
    const asked: AskedFor[] = [];

    before(async () => {
      idp = await startIdentityProvider({ shape, postLogoutRedirectUris: [`${SIGN_IN_ORIGIN}/.sallyport/signed-out`] });
      const config = firstIdentityProvider.parse({
        issuer: idp.issuer,
        clientId: idp.clientIds.web,
        clientSecretFile: idp.clientSecretFile,
        caFile: idp.caFile,
        ...specific(idp),
      });
      const options = { signInOrigin: SIGN_IN_ORIGIN, wantsRefreshTokens: true };
      provider =
        config.kind === 'openid'
          ? createOpenidIdentityProvider({ config, ...options })
          : createPassportIdentityProvider({ config, ...options });
    });
    beforeEach(() => {
      browser = new ScriptedBrowser({ ca: idp.ca });
      asked.length = 0;
    });
    after(async () => {
      await provider?.close();
      await idp?.stop();
    });

    const signIn = async (username: string, demand?: Parameters<IdentityProvider['begin']>[0]) => {
      const { location, transaction } = await provider.begin(demand);
      const onAsked = (what: AskedFor) => asked.push(what);
      const callback = await signInByForm({ authorizeUrl: location, username, password: username, browser, onAsked });
      return provider.complete(Object.fromEntries(new URL(callback).searchParams), transaction);
    };

    it('says who it is', async () => {
      const { principal, ...signedIn } = await signIn('bob');
      expect(principal).to.deep.include({
        subject: BOB.oid,
        directoryTenant: directoryTenant(idp),
        name: BOB.name,
        email: 'bob@sallyport.example',
        groups: [...BOB.groups],
      });
      expect(Math.abs(Date.now() - (signedIn.authenticatedAtMs ?? 0))).to.be.lessThan(10_000);
      expect(signedIn.providerSubject).to.have.length.greaterThan(10);
      expect(signedIn.refreshToken).to.be.a('string');
      // A plain provider names the session only where it posts logout tokens.
      expect(signedIn.providerSessionId).to.be.a(shape === 'entra' ? 'string' : 'null');
    });

    it('asks nothing while the session there lives, and for the password when it must be fresh', async () => {
      await signIn('bob');
      asked.length = 0;
      await signIn('bob');
      expect(asked).to.deep.equal([]);
      const startedAtMs = Date.now();
      const fresh = await signIn('bob', { contexts: [], isFresh: true, loginHint: 'bob' });
      expect(asked).to.deep.equal(['password']);
      expect(fresh.authenticatedAtMs ?? 0).to.be.at.least(startedAtMs - 2_000);
    });

    it('confirms by the refresh token, and takes back one that is used twice', async () => {
      const { principal, refreshToken, providerSubject } = await signIn('alice');
      const person = { ...principal, providerSubject, known: principal };
      const never = new AbortController().signal;
      const next = await provider.refresh(refreshToken ?? '', person, never);
      expect(next.refreshToken).to.be.a('string').that.does.not.equal(refreshToken);
      expect(next.principal ?? principal).to.deep.include({ subject: ALICE.oid, groups: [...ALICE.groups] });
      expect(await reasonOf(provider.refresh(refreshToken ?? '', person, never))).to.equal('refresh-refused');
    });

    it('takes no code twice', async () => {
      const { location, transaction } = await provider.begin();
      const callback = await signInByForm({ authorizeUrl: location, username: 'bob', password: 'bob', browser });
      const query = Object.fromEntries(new URL(callback).searchParams);
      expect(await reasonOf(provider.complete(query, transaction))).to.equal('accepted');
      expect(await reasonOf(provider.complete(query, transaction))).to.equal('identity-provider-refused');
    });

    it('signs out there', async () => {
      const url = new URL((await provider.endSessionUrl(`${SIGN_IN_ORIGIN}/.sallyport/signed-out`)) ?? '');
      expect((await browser.get(url.href)).status).to.equal(200);
    });

    // Entra's authentication contexts are no `acr`: the plain adapter cannot ask for them.
    const isAskable = name.startsWith('passport') || shape === 'openid';
    it(`${isAskable ? 'proves a second factor when it is asked for, and only then' : 'proves no context of Entra ID'}`, async () => {
      expect((await signIn('bob')).authenticationContexts).not.to.include('c1');
      asked.length = 0;
      const proved = await signIn('bob', { contexts: ['c1'], isFresh: false, loginHint: 'bob' });
      expect(asked).to.deep.equal(isAskable ? ['one-time-code'] : []);
      expect(proved.authenticationContexts.includes('c1')).to.equal(isAskable);
    });
  });
