import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { ACCESS_COOKIE, type AuthorizeReply, authorize } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../../support/identity-provider.ts';
import {
  type RotatingIdentityProvider,
  startRotatingIdentityProvider,
} from '../../../support/rotating-identity-provider.ts';
import { until } from '../../../support/until.ts';
import { APP_URL, type AuthWorld, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble, redirected } from '../support/browser-double.ts';

const WIKI = 'app_wiki';
const MINUTE_MS = 60_000;
const REFRESH_MINUTES = 15;
const REQUESTS = 20;

let nextAddress = 0;
/** As many ingresses would ask for one browser that roams. */
function askAtOnce(world: AuthWorld, browser: BrowserDouble, count = REQUESTS): Promise<readonly AuthorizeReply[]> {
  const accessCookie = browser.jar(APP_URL).get(ACCESS_COOKIE) ?? '';
  return Promise.all(
    Array.from({ length: count }, () => {
      nextAddress += 1;
      const client = { address: `198.51.100.${nextAddress % 256}`, userAgent: `spec ${nextAddress}` };
      const request = { appId: WIKI, accessCookie, requestId: `req_${nextAddress}`, client };
      return callEndpoint(world.ingress, TENANT, authorize, request);
    }),
  );
}

function verdicts(replies: readonly AuthorizeReply[]): readonly string[] {
  return [...new Set(replies.map(({ verdict }) => verdict))];
}

/** Two instances of auth, one event store, and requests that cannot share a decision: each comes from an address of its own. */
describe('refresh of sessions, at two instances of auth', function refreshSpecs() {
  this.timeout(60_000);
  let world: AuthWorld;
  let idp: RotatingIdentityProvider;

  before(async () => {
    [world, idp] = await Promise.all([startAuthWorld(), startRotatingIdentityProvider()]);
    await world.appendApp(WIKI, published({ groups: ['g1'] }));
    await world.restart(rotating());
    // How long it lets decisions be kept tells which of them answered.
    await world.startAnother({ ...rotating(), decisionCacheSeconds: 50 });
  });
  afterEach(() => {
    world.storeDelay.ms = 0;
    Object.assign(idp.behavior, { delayMs: 0, refresh: null, sendsIdToken: true, rotates: true });
    Object.assign(idp.claims, { groups: ['g1'] });
  });
  after(async () => {
    await world?.stop();
    await idp?.stop();
  });

  const refreshing = { refreshMinutes: REFRESH_MINUTES, refreshGraceMinutes: 60 };
  const rotating = () => ({
    ...refreshing,
    identityProvider: {
      issuer: idp.sts.issuer,
      tenantId: idp.sts.tenantId,
      clientId: idp.clientId,
      clientSecretFile: world.idp.clientSecretFile,
      apiAudience: 'api',
      caFile: idp.sts.caFile,
    },
  });
  const signIn = async (edited: (location: string) => string = (location) => location): Promise<BrowserDouble> => {
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    const begun = redirected(await browser.begin(WIKI));
    const sent = redirected(await browser.continue(begun.location));
    const { location } = redirected(await browser.complete(idp.callback(edited(sent.location))));
    redirected(await browser.open(location, WIKI));
    return browser;
  };
  const countOf = async (type: string) => (await world.factsNamed(type)).length;

  it('is of two instances that both answer', async () => {
    const replies = await askAtOnce(world, await signIn());
    const said = replies.map((reply) => (reply.verdict === 'allow' ? reply.cacheSeconds : 0));
    expect(said.some((seconds) => seconds > 0 && seconds <= 50)).to.equal(true);
    expect(said.some((seconds) => seconds > 50)).to.equal(true);
  });

  it('uses a token that rotates once for 20 requests that come together, again and again', async () => {
    const browser = await signIn();
    const { refreshes } = idp.seen;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect(idp.seen.refreshes, 'not before it is time').to.equal(refreshes);
    for (const round of [1, 2, 3]) {
      world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
      expect(verdicts(await askAtOnce(world, browser)), `round ${round}`).to.deep.equal(['allow']);
      expect(idp.seen.refreshes - refreshes).to.equal(round);
    }
    expect(idp.seen.reuses).to.equal(0);
    expect(await countOf('SessionRefreshed')).to.equal(3);
    expect(await countOf('SessionEnded')).to.equal(0);
  });

  it('does so with a slow event store and a slow identity provider', async () => {
    const browser = await signIn();
    const { refreshes } = idp.seen;
    idp.behavior.delayMs = 400;
    world.storeDelay.ms = 300;
    world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect(idp.seen.refreshes - refreshes).to.equal(1);
    world.storeDelay.ms = 0;
    world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect(idp.seen.refreshes - refreshes).to.equal(2);
    expect(idp.seen.reuses).to.equal(0);
  });

  it('answers in time when the identity provider takes longer than anybody waits, and keeps its answer', async () => {
    const browser = await signIn();
    const { refreshes } = idp.seen;
    const before = await countOf('SessionRefreshed');
    idp.behavior.delayMs = 3_500;
    world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
    const startedAtMs = Date.now();
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect(Date.now() - startedAtMs).to.be.lessThan(5_000);
    await until(async () => (await countOf('SessionRefreshed')) > before);
    expect(idp.seen.refreshes).to.equal(refreshes + 1);
    idp.behavior.delayMs = 0;
    world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect(idp.seen.reuses).to.equal(0);
  });

  it('lets groups that changed count at once, and tells every ingress', async () => {
    const browser = await signIn();
    expect(verdicts(await askAtOnce(world, browser, 2))).to.deep.equal(['allow']);
    idp.claims.groups = ['g2'];
    world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
    const { length } = world.revocations;
    const replies = await askAtOnce(world, browser);
    expect(verdicts(replies)).to.deep.equal(['deny']);
    const [session = ''] = [
      ...new Set((await world.factsNamed('SessionRefreshed')).map(({ commit }) => commit.id)),
    ].slice(-1);
    await until(() => world.revocations.slice(length).some(({ sessionIds }) => sessionIds.includes(session)));
  });

  it('ends the session that the identity provider does not confirm, with the reason', async () => {
    const browser = await signIn();
    idp.behavior.refresh = { status: 400, body: { error: 'invalid_grant' } };
    world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
    const replies = await askAtOnce(world, browser);
    expect(verdicts(replies)).to.deep.equal(['sign-in']);
    const ended = await world.factsNamed('SessionEnded');
    expect(ended.at(-1)?.data).to.deep.equal({ reason: 'refresh-refused' });
  });

  it('goes on while the identity provider is down, until the session has gone unconfirmed for too long', async () => {
    const browser = await signIn();
    idp.behavior.refresh = 'cut';
    const endedBefore = await countOf('SessionEnded');
    world.clock.offsetMs += (REFRESH_MINUTES + 1) * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect((await world.factsNamed('SessionRefreshFailed')).at(-1)?.data).to.include({
      reason: 'identity-provider-unreachable',
    });
    world.clock.offsetMs += 58 * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['allow']);
    expect(await countOf('SessionEnded')).to.equal(endedBefore);
    world.clock.offsetMs += 3 * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser))).to.deep.equal(['sign-in']);
    expect((await world.factsNamed('SessionEnded')).at(-1)?.data).to.deep.equal({ reason: 'unconfirmed' });
  });

  it('seals the tokens: nobody reads them in the facts', async () => {
    for (const type of ['SessionStarted', 'SessionRefreshed'])
      for (const { data } of await world.factsNamed(type))
        expect(Reflect.get(Object(data), 'refreshToken')).to.match(/^eyJ[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('is no choice of the person: who asks for no refresh token is signed in for as long as a session goes unconfirmed', async () => {
    const withoutToken = (location: string) => location.replace(/[+ ]offline_access|%20offline_access/, '');
    const browser = await signIn(withoutToken);
    const started = (await world.factsNamed('SessionStarted')).at(-1);
    expect(started?.data).not.to.have.property('refreshToken');
    world.clock.offsetMs += (REFRESH_MINUTES + 59) * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser, 2))).to.deep.equal(['allow']);
    world.clock.offsetMs += 2 * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser, 2))).to.deep.equal(['sign-in']);
  });
});

describe('refresh of sessions at the development identity provider, which takes back tokens used twice', function devSpecs() {
  this.timeout(60_000);
  let world: AuthWorld;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp(WIKI, published({ groups: [demoDirectory.groups.engineering] }));
  });
  after(() => world?.stop());

  it('is left out where it is said to give no refresh tokens: sessions last as long as without', async () => {
    const { issuer, tenantId, clientIds, clientSecretFile, caFile } = world.idp;
    const apiAudience = `api://${clientIds.api}`;
    const provider = { issuer, tenantId, clientId: clientIds.web, clientSecretFile, caFile, apiAudience };
    await world.restart({ refreshMinutes: REFRESH_MINUTES, identityProvider: { ...provider, refreshTokens: false } });
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    const begun = redirected(await browser.begin(WIKI));
    const { location } = redirected(await browser.continue(begun.location));
    expect(new URL(location).searchParams.get('scope')).not.to.include('offline_access');
    await browser.signIn('bob', WIKI);
    world.clock.offsetMs += 7 * 60 * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser, 2))).to.deep.equal(['allow']);
    await world.restart();
  });

  it('asks for no refresh token, and keeps none, unless it is configured; such a session lasts as before', async () => {
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    const begun = redirected(await browser.begin(WIKI));
    const { location } = redirected(await browser.continue(begun.location));
    expect(new URL(location).searchParams.get('scope')).not.to.include('offline_access');
    await browser.signIn('carol', WIKI);
    const started = (await world.factsNamed('SessionStarted')).at(-1);
    expect(started?.data).not.to.have.property('refreshToken');
    await world.restart({ refreshMinutes: REFRESH_MINUTES });
    await world.startAnother({ refreshMinutes: REFRESH_MINUTES });
    world.clock.offsetMs += 3 * 60 * MINUTE_MS;
    expect(verdicts(await askAtOnce(world, browser, 2))).to.deep.equal(['deny']);
    expect(await world.factsNamed('SessionRefreshStarted')).to.have.length(0);
  });

  it('keeps one session alive through many refreshes of 20 requests each', async () => {
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', WIKI);
    for (const round of [1, 2, 3]) {
      world.clock.offsetMs += REFRESH_MINUTES * MINUTE_MS + 1000;
      expect(verdicts(await askAtOnce(world, browser)), `round ${round}`).to.deep.equal(['allow']);
      expect(await world.factsNamed('SessionRefreshStarted')).to.have.length(round);
      expect(await world.factsNamed('SessionRefreshed')).to.have.length(round);
    }
    expect(await world.factsNamed('SessionEnded')).to.have.length(0);
    expect(await world.factsNamed('SessionRefreshFailed')).to.have.length(0);
  });
});
