import { expect } from 'chai';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type AppFact, assertionKeys, newId, type OriginAuthorization, sealSecret } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, published, SIGN_IN_URL, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';
import { startOidcTokenService } from './oidc-token-service.ts';
import { fieldRecord } from './support.ts';

const [ALICE] = demoDirectory.users;
const API = 'https://payroll.example.com';
const CLIENT_ID = 'sally:port 1';
const CLIENT_SECRET = 'a secret+with%everything:&=?"';
const APP_ID = 'app_payroll';
const APP_URL = 'https://payroll.sallyport.localhost:8443/';
const actor = { kind: 'local-operator', id: 'local-operator' } as const;

describe('token exchange at a certified authorization server', function realTokenService() {
  this.timeout(30_000);
  let world: AuthWorld;
  let service: Awaited<ReturnType<typeof startOidcTokenService>>;
  let browser: BrowserDouble;
  let trusted = APP_URL;
  let settings: Extract<OriginAuthorization, { kind: 'token-exchange' }>;

  before(async () => {
    world = await startAuthWorld();
    const keys: JSONWebKeySet = await callEndpoint(world.ingress, TENANT, assertionKeys, {});
    service = await startOidcTokenService({
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      api: API,
      assertions: () => ({ issuer: new URL(SIGN_IN_URL).origin, audience: new URL(trusted).origin, keys }),
    });
    settings = {
      kind: 'token-exchange',
      tokenEndpoint: service.tokenEndpoint,
      clientId: CLIENT_ID,
      sealedClientSecret: await seal(CLIENT_SECRET),
      audience: API,
      scope: 'read',
    };
    await change([...published({ url: APP_URL, users: [ALICE.oid] }), signOnBy(settings)]);
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('alice', APP_ID, APP_URL);
  });
  after(async () => {
    await service?.stop();
    await world?.stop();
  });

  const signOnBy = (authorization: OriginAuthorization): AppFact => ({
    type: 'AppSingleSignOnChanged',
    data: { singleSignOn: { claimHeaders: [], authorization } },
  });
  const seal = async (secret: string) => {
    const request = { commandId: newId('cmd'), actor, correlationId: 'req_spec', secret };
    return (await callEndpoint(world.console, TENANT, sealSecret, request)).sealed;
  };
  const change = async (facts: readonly AppFact[]) => {
    const told = world.revocations.length;
    await world.appendApp(APP_ID, facts);
    await until(() => world.revocations.slice(told).some(({ appIds }) => appIds.includes(APP_ID)));
  };

  it('brings an access token that the origin can check, for the person who signed in', async () => {
    const reply = await browser.authorize(APP_ID, APP_URL);
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    const { Authorization = '' } = fieldRecord(reply.originFields ?? []);
    const { payload } = await jwtVerify(Authorization.replace(/^Bearer /, ''), createLocalJWKSet(service.keys), {
      issuer: service.issuer,
      audience: API,
      typ: 'at+jwt',
    });
    expect(payload).to.include({ sub: ALICE.oid, client_id: CLIENT_ID, scope: 'read' });
    expect(reply.cacheSeconds).to.be.within(55, 60);
  });

  for (const [what, reason, words, alter] of [
    [
      'an audience it does not know',
      'single-sign-on-refused',
      'invalid_target',
      async () => ({ audience: 'https://other.example' }),
    ],
    [
      'a wrong secret',
      'single-sign-on-refused',
      'invalid_client',
      async () => ({ sealedClientSecret: await seal('wrong') }),
    ],
    ['an unknown client', 'single-sign-on-refused', 'invalid_client', async () => ({ clientId: 'nobody' })],
    [
      'an address where no tokens are',
      'single-sign-on-unavailable',
      'does not answer as it should',
      async () => ({ tokenEndpoint: `${service.issuer}/nothing` }),
    ],
  ] as const)
    it(`denies with ${what}`, async () => {
      await change([signOnBy({ ...settings, ...(await alter()) })]);
      const reply = await browser.authorize(APP_ID, APP_URL);
      if (reply.verdict !== 'deny') throw new Error(JSON.stringify(reply));
      expect(reply.reason).to.equal(reason);
      expect(reply.detail).to.contain(words).and.to.contain(new URL(service.issuer).host);
    });

  it('denies when it does not trust assertions for this app', async () => {
    trusted = 'https://another.example/';
    await change([signOnBy({ ...settings, scope: 'write' })]);
    const reply = await browser.authorize(APP_ID, APP_URL);
    expect(reply).to.include({ verdict: 'deny', reason: 'single-sign-on-refused' });
    if (reply.verdict === 'deny') expect(reply.detail).to.contain('(invalid_grant)');
  });
});
