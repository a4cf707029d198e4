import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type AppFact, authorize, MANAGE_SCOPE, PORTAL_APP_ID, verifyToken } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import {
  demoDirectory,
  obtainToken,
  type RunningIdentityProvider,
  startIdentityProvider,
} from '../../support/identity-provider.ts';
import { until } from '../../support/until.ts';
import {
  APP_URL,
  type AuthWorld,
  PORTAL_URL,
  published,
  SIGN_IN_URL,
  startAuthWorld,
  TENANT,
} from './support/auth-world.ts';
import { BrowserDouble } from './support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;
const [API] = demoDirectory.apis;
const CLIENT = { address: '192.0.2.7', userAgent: 'spec' };

describe('a plain OpenID provider as the first', function openidFirstSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let idp: RunningIdentityProvider;
  let browser: BrowserDouble;

  before(async () => {
    const redirectUris = [`${SIGN_IN_URL}/.sallyport/callback`];
    const users = [{ ...ALICE, roles: ['owner'] }, BOB];
    [world, idp] = await Promise.all([
      startAuthWorld(),
      startIdentityProvider({ shape: 'openid', redirectUris, users }),
    ]);
    await world.restart({
      administratorRoles: ['owner'],
      identityProvider: {
        kind: 'openid',
        issuer: idp.issuer,
        clientId: idp.clientIds.web,
        clientSecretFile: idp.clientSecretFile,
        clientAuthentication: 'client_secret_post',
        caFile: idp.caFile,
        apiAudience: idp.clientIds.api,
        userInfo: true,
        claims: { directoryRoles: 'roles' },
      },
    });
    const bearerTokens = { audience: API.clientId, scope: API.scopes[0], header: 'authorization' } as const;
    const takes: AppFact = { type: 'AppBearerTokensChanged', data: { bearerTokens } };
    await world.appendApp('app_wiki', [...published({ groups: [demoDirectory.groups.engineering] }), takes]);
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
    browser = new BrowserDouble(world.ingress, idp.ca);
  });
  after(async () => {
    await world?.stop();
    await idp?.stop();
  });

  const tokenOf = (username: string, scope: string, from: RunningIdentityProvider = idp) =>
    obtainToken({
      issuer: from.issuer,
      clientId: from.clientIds.cli,
      scope,
      username,
      password: username,
      ca: from.ca,
    });
  const ask = (bearerToken: string) =>
    callEndpoint(world.ingress, TENANT, authorize, {
      appId: 'app_wiki',
      bearerToken,
      requestId: 'req_spec',
      client: CLIENT,
    });

  it('signs people in to apps, by its groups, and to the portal', async () => {
    await browser.signIn('bob', 'app_wiki');
    const reply = await browser.authorize('app_wiki', APP_URL);
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    expect(reply.identity.principal).to.deep.include({
      subject: BOB.oid,
      directoryTenant: idp.issuer,
      username: 'bob',
      email: 'bob@sallyport.example',
    });
    await browser.signIn('bob', PORTAL_APP_ID, PORTAL_URL);
    expect((await browser.authorize(PORTAL_APP_ID, PORTAL_URL)).verdict).to.equal('allow');
  });

  it('says who administers, by the claim that is configured', async () => {
    const verify = async (username: string) => {
      const token = await tokenOf(username, `openid profile api://${idp.clientIds.api}/${MANAGE_SCOPE}`);
      const request = { token, scope: MANAGE_SCOPE, requestId: 'req_spec', client: CLIENT };
      return callEndpoint(world.console, TENANT, verifyToken, request);
    };
    expect(await verify('alice')).to.include({ status: 'accepted', isAdministrator: true });
    expect(await verify('bob')).to.include({ status: 'accepted', isAdministrator: false });
  });

  it('makes the access tokens that its apps take, and nobody else does', async () => {
    const scope = `api://${API.clientId}/${API.scopes[0]}`;
    const reply = await ask(await tokenOf('bob', scope));
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    expect(reply.identity.principal).to.include({ subject: BOB.oid, directoryTenant: idp.issuer });
    const foreign = await ask(await tokenOf('bob', scope, world.idp));
    expect(foreign).to.include({ verdict: 'refuse-token', error: 'invalid_token', reason: 'access-token-invalid' });
  });
});
