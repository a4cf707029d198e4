import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  ACCESS_COOKIE,
  type AppFact,
  changeUser,
  identityProviders,
  newId,
  PORTAL_APP_ID,
  portal,
  SESSION_COOKIE,
  userIdOf,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory, type RunningIdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts';
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
import { BrowserDouble, redirected } from './support/browser-double.ts';

const [ALICE] = demoDirectory.users;
const PARTNERS_URL = 'https://partners.sallyport.localhost:8443/';
const SUPPLIERS_URL = 'https://suppliers.sallyport.localhost:8443/';
const LOST_URL = 'https://lost.sallyport.localhost:8443/';
const PARTNERS_COOKIE = `${SESSION_COOKIE}-partners`;

describe('several identity providers', function severalProvidersSpecs() {
  this.timeout(40_000);
  let world: AuthWorld;
  let partners: RunningIdentityProvider;
  let browser: BrowserDouble;
  const furtherIdentityProviders = () => [
    {
      kind: 'openid',
      id: 'partners',
      name: 'Partners',
      issuer: partners.issuer,
      clientId: partners.clientIds.web,
      clientSecretFile: partners.clientSecretFile,
      clientAuthentication: 'client_secret_post',
      caFile: partners.caFile,
      // The demo directory gives both providers the same people: one and the same id in two directories.
      claims: { subject: 'oid' },
    },
  ];
  const of = (identityProvider: string): AppFact => ({
    type: 'AppIdentityProviderChanged',
    data: { identityProvider },
  });

  before(async () => {
    const redirectUris = [`${SIGN_IN_URL}/.sallyport/callback/partners`];
    const postLogoutRedirectUris = [`${SIGN_IN_URL}/.sallyport/signed-out`];
    [world, partners] = await Promise.all([
      startAuthWorld(),
      startIdentityProvider({ redirectUris, postLogoutRedirectUris }),
    ]);
    await world.restart({ furtherIdentityProviders: furtherIdentityProviders() });
    await world.appendApp('app_wiki', published({ users: [ALICE.oid] }));
    await world.appendApp('app_partners', [...published({ url: PARTNERS_URL, users: [ALICE.oid] }), of('partners')]);
    await world.appendApp('app_suppliers', [...published({ url: SUPPLIERS_URL, users: [ALICE.oid] }), of('partners')]);
    await world.appendApp('app_lost', [...published({ url: LOST_URL, users: [ALICE.oid] }), of('nobody')]);
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_lost')));
  });
  beforeEach(() => {
    browser = new BrowserDouble(world.ingress, world.idp.ca, [partners]);
  });
  after(async () => {
    await world?.stop();
    await partners?.stop();
  });

  const startedSessions = async () => (await world.factsNamed('SessionStarted')).map(({ data }) => data as Started);
  const toProvider = async (from: BrowserDouble, appId: string, url: string) =>
    redirected(await from.continue(redirected(await from.begin(appId, url)).location)).location;

  it('are listed, the first one first', async () => {
    const { providers } = await callEndpoint(world.console, TENANT, identityProviders, {});
    expect(providers).to.deep.equal([
      { id: 'first', name: new URL(world.idp.issuer).host, kind: 'entra', issuer: world.idp.issuer },
      { id: 'partners', name: 'Partners', kind: 'openid', issuer: partners.issuer },
    ]);
  });

  it('sign people in to the apps that name them, in one browser, each with a session of its own', async () => {
    await browser.signIn('alice', 'app_wiki', APP_URL);
    expect(new URL(await toProvider(browser, 'app_partners', PARTNERS_URL)).origin).to.equal(
      new URL(partners.issuer).origin,
    );
    await browser.signIn('alice', 'app_partners', PARTNERS_URL);
    expect((await browser.authorize('app_wiki', APP_URL)).verdict).to.equal('allow');
    expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('allow');
    expect([...browser.jar(SIGN_IN_URL).keys()]).to.include.members([SESSION_COOKIE, PARTNERS_COOKIE]);
    const started = (await startedSessions()).slice(-2);
    expect(started.map(({ providerId, identityProvider }) => [providerId, identityProvider])).to.deep.equal([
      ['first', world.idp.issuer],
      ['partners', partners.issuer],
    ]);
  });

  it('are asked once for all their apps', async () => {
    await browser.signIn('alice', 'app_partners', PARTNERS_URL);
    const { location } = redirected(await browser.begin('app_suppliers', SUPPLIERS_URL));
    expect(redirected(await browser.continue(location)).location).to.match(
      /^https:\/\/suppliers\..*\/complete\?ticket=/,
    );
  });

  it('never mix two people of one id: other directory, other user, and one disabled leaves the other', async () => {
    await browser.signIn('alice', 'app_wiki', APP_URL);
    await browser.signIn('alice', 'app_partners', PARTNERS_URL);
    const people = (await startedSessions()).slice(-2).map(({ principal }) => principal);
    expect(people.map(({ subject }) => subject)).to.deep.equal([ALICE.oid, ALICE.oid]);
    expect(people.map(({ directoryTenant }) => directoryTenant)).to.deep.equal([world.idp.tenantId, partners.issuer]);
    const [one, other] = people.map(userIdOf);
    expect(one).not.to.equal(other);
    const change = (type: 'DisableUser' | 'EnableUser') =>
      callEndpoint(world.console, TENANT, changeUser, {
        commandId: newId('cmd'),
        actor: { kind: 'local-operator', id: 'spec' },
        correlationId: 'spec',
        user: ALICE.oid,
        directoryTenant: partners.issuer,
        command: { type, detail: 'spec' },
      });
    await change('DisableUser');
    try {
      expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('sign-in');
      expect((await browser.authorize('app_wiki', APP_URL)).verdict).to.equal('allow');
      const callback = await browser.authenticate(await toProvider(browser, 'app_partners', PARTNERS_URL), 'alice');
      expect(await browser.complete(callback)).to.include({ kind: 'denied', reason: 'user-disabled', status: 403 });
    } finally {
      await change('EnableUser');
    }
  });

  describe('open no app of another', () => {
    it('with the access cookie of before, when the app changes to it', async () => {
      await world.appendApp(
        'app_moving',
        published({ url: 'https://moving.sallyport.localhost:8443/', users: [ALICE.oid] }),
      );
      const url = 'https://moving.sallyport.localhost:8443/';
      await browser.signIn('alice', 'app_moving', url);
      expect((await browser.authorize('app_moving', url)).verdict).to.equal('allow');
      const before = world.revocations.length;
      await world.appendApp('app_moving', [of('partners')]);
      await until(() => world.revocations.slice(before).some(({ appIds }) => appIds.includes('app_moving')));
      const decided = await browser.authorize('app_moving', url);
      expect(decided).to.include({ verdict: 'sign-in', reason: 'session-of-another-provider' });
    });

    it('with the session cookie of one under the name of the other', async () => {
      await browser.signIn('alice', 'app_wiki', APP_URL);
      const jar = browser.jar(SIGN_IN_URL);
      jar.set(PARTNERS_COOKIE, jar.get(SESSION_COOKIE) ?? '');
      expect(new URL(await toProvider(browser, 'app_partners', PARTNERS_URL)).origin).to.equal(
        new URL(partners.issuer).origin,
      );
    });

    it('and the portal, which is the first one’s, shows none of the others', async () => {
      await browser.signIn('alice', PORTAL_APP_ID, PORTAL_URL);
      const shown = await callEndpoint(world.ingress, TENANT, portal, {
        requestId: 'req_spec',
        client: browser.client,
        accessCookie: browser.jar(PORTAL_URL).get(ACCESS_COOKIE) ?? '',
        appIds: ['app_wiki', 'app_partners'],
      });
      expect(shown)
        .to.have.property('apps')
        .that.deep.equals([{ id: 'app_wiki', verdict: 'granted' }]);
    });
  });

  it('that are not configured let nobody in, and the page names them', async () => {
    const denied = await browser.begin('app_lost', LOST_URL);
    expect(denied).to.include({ kind: 'denied', reason: 'identity-provider-unknown', status: 503 });
    expect(denied).to.have.property('detail').that.includes('"nobody"');
  });

  describe('take no answer of another (RFC 9700, 4.4)', () => {
    const addresses: readonly [string, string, string, string | null][] = [
      ['of the second at the address of the first', 'app_partners', PARTNERS_URL, null],
      ['of the first at the address of the second', 'app_wiki', APP_URL, 'partners'],
      ['of the first at its id, which is no address of it', 'app_wiki', APP_URL, 'first'],
      ['of the second at the address of nobody', 'app_partners', PARTNERS_URL, 'nobody'],
    ];
    for (const [what, appId, url, providerId] of addresses)
      it(what, async () => {
        const callback = await browser.authenticate(await toProvider(browser, appId, url), 'alice');
        const before = (await startedSessions()).length;
        const query = Object.fromEntries(new URL(callback).searchParams);
        const denied = await browser.complete(query, providerId);
        expect(denied).to.include({ kind: 'denied', reason: 'provider-mismatch' });
        expect((await startedSessions()).length).to.equal(before);
        expect([...browser.jar(SIGN_IN_URL).keys()].filter((name) => name.includes('-tx-'))).to.deep.equal([]);
      });

    it('nor the code of one redeemed for a sign-in of the other', async () => {
      const mine = await toProvider(browser, 'app_wiki', APP_URL);
      const callback = new URL(
        await browser.authenticate(await toProvider(browser, 'app_partners', PARTNERS_URL), 'alice'),
      );
      const query = {
        ...Object.fromEntries(callback.searchParams),
        state: new URL(mine).searchParams.get('state') ?? '',
      };
      expect(await browser.complete(query, null)).to.include({ kind: 'denied', reason: 'sign-in-response-invalid' });
    });
  });

  for (const [where, url] of [
    ['sign-in host', `${SIGN_IN_URL}/`],
    ['host of an app', APP_URL],
  ] as const)
    it(`all end their sessions when somebody signs out at the ${where}`, async () => {
      await browser.signIn('alice', 'app_wiki', APP_URL);
      await browser.signIn('alice', 'app_partners', PARTNERS_URL);
      const left = redirected(await browser.signOut(url));
      expect(new URL(left.location).pathname).to.match(/logout$/);
      expect((await browser.authorize('app_wiki', APP_URL)).verdict).to.equal('sign-in');
      expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('sign-in');
    });

  for (const [signOut, expected] of [
    ['username', 'alice@sallyport.example'],
    ['plain', null],
    ['none', undefined],
  ] as const)
    it(`send whoever signs out to the page of the provider, where configured: ${signOut}`, async () => {
      await world.restart({ furtherIdentityProviders: furtherIdentityProviders().map((one) => ({ ...one, signOut })) });
      try {
        await browser.signIn('alice', 'app_partners', PARTNERS_URL);
        const reply = await browser.signOut(PARTNERS_URL);
        const url = reply.kind === 'redirect' ? new URL(reply.location) : undefined;
        expect(url?.searchParams.get('logout_hint')).to.equal(expected);
        expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('sign-in');
      } finally {
        await world.restart({ furtherIdentityProviders: furtherIdentityProviders() });
      }
    });

  it('leaves the sessions of other browsers', async () => {
    const other = new BrowserDouble(world.ingress, world.idp.ca, [partners]);
    await other.signIn('alice', 'app_partners', PARTNERS_URL);
    await browser.signIn('alice', 'app_partners', PARTNERS_URL);
    await browser.signOut(PARTNERS_URL);
    expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('sign-in');
    expect((await other.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('allow');
  });

  it('that are down stop nobody at the others, nor who is signed in', async () => {
    await browser.signIn('alice', 'app_partners', PARTNERS_URL);
    await world.restart({ furtherIdentityProviders: furtherIdentityProviders() });
    await partners.halt();
    try {
      expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('allow');
      const fresh = new BrowserDouble(world.ingress, world.idp.ca);
      const begun = redirected(await fresh.begin('app_partners', PARTNERS_URL));
      const denied = await fresh.continue(begun.location);
      expect(denied).to.include({ kind: 'denied', reason: 'identity-provider-unreachable', status: 503 });
      await fresh.signIn('alice', 'app_wiki', APP_URL);
      expect((await fresh.authorize('app_wiki', APP_URL)).verdict).to.equal('allow');
    } finally {
      await partners.restart();
      // It is not asked again within a second after it failed.
      await world.restart({ furtherIdentityProviders: furtherIdentityProviders() });
    }
  });

  it('that are taken out of the configuration end with their sessions', async () => {
    await browser.signIn('alice', 'app_partners', PARTNERS_URL);
    await world.restart();
    expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('sign-in');
    expect(await browser.begin('app_partners', PARTNERS_URL)).to.include({ reason: 'identity-provider-unknown' });
    await world.restart({ furtherIdentityProviders: furtherIdentityProviders() });
    expect((await browser.authorize('app_partners', PARTNERS_URL)).verdict).to.equal('allow');
  });
});

type Person = { readonly subject: string; readonly directoryTenant: string };
type Started = { readonly providerId: string; readonly identityProvider: string; readonly principal: Person };
