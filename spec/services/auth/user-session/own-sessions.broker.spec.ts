import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  ACCESS_COOKIE,
  accessPolicy,
  changePolicySet,
  endOwnSessions,
  endSessions,
  newId,
  PORTAL_APP_ID,
  portal,
  sessions,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { APP_URL, type AuthWorld, PORTAL_URL, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;
const actor = { kind: 'local-operator', id: 'local-operator' } as const;

describe('own sessions', function ownSessions() {
  this.timeout(30_000);
  let world: AuthWorld;
  /** Two browsers of alice, one of bob, each at the portal. */
  let desk: BrowserDouble;
  let phone: BrowserDouble;
  let bob: BrowserDouble;

  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [ALICE.oid] }));
    await world.appendApp('app_bobs', published({ url: 'https://bobs.sallyport.localhost:8443/', users: [BOB.oid] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_bobs')));
  });
  after(() => world?.stop());
  beforeEach(async () => {
    world.clock.offsetMs = 0;
    const open = async (username: string, userAgent: string) => {
      const browser = new BrowserDouble(world.ingress, world.idp.ca);
      browser.client = { address: '192.0.2.7', userAgent };
      await browser.signIn(username, PORTAL_APP_ID, PORTAL_URL);
      return browser;
    };
    [desk, phone, bob] = [await open('alice', 'desk'), await open('alice', 'phone'), await open('bob', 'bobs')];
  });

  const cookieOf = (browser: BrowserDouble, url = PORTAL_URL) => browser.jar(url).get(ACCESS_COOKIE) ?? '';
  const ask = (accessCookie: string, appIds: string[] = []) =>
    callEndpoint(world.ingress, TENANT, portal, {
      requestId: 'req_spec',
      client: { address: '192.0.2.7', userAgent: 'spec' },
      accessCookie,
      appIds,
    });
  const shown = async (browser: BrowserDouble, appIds: string[] = []) => {
    const reply = await ask(cookieOf(browser), appIds);
    if (reply.status !== 'shown') throw new Error(JSON.stringify(reply));
    return reply;
  };
  const currentOf = async (browser: BrowserDouble) =>
    (await shown(browser)).sessions.find(({ isCurrent }) => isCurrent)?.id ?? '';
  const end = (accessCookie: string, formToken: string, sessionId?: string) =>
    callEndpoint(world.ingress, TENANT, endOwnSessions, {
      requestId: 'req_spec',
      client: { address: '192.0.2.7', userAgent: 'spec' },
      accessCookie,
      formToken,
      target: sessionId === undefined ? { kind: 'others' } : { kind: 'one', sessionId },
    });
  const isSignedIn = async (browser: BrowserDouble) => (await ask(cookieOf(browser))).status === 'shown';

  it('lists those of the person behind the cookie, this one marked, and which apps are open', async () => {
    const reply = await shown(desk, ['app_wiki', 'app_bobs', 'app_unknown', 'not.a.token']);
    expect(reply.apps).to.deep.equal([{ id: 'app_wiki', verdict: 'granted' }]);
    expect(reply.sessions[0]).to.include({ isCurrent: true, userAgent: 'desk', address: '192.0.2.7' });
    const agents = reply.sessions.map(({ userAgent }) => userAgent);
    expect(agents).to.include('phone').and.not.include('bobs');
    expect(reply.signIns.map(({ userAgent }) => userAgent).slice(0, 2)).to.deep.equal(['phone', 'desk']);
    expect(reply.signIns.length).to.be.within(2, 5);
  });

  it('records the decision about the portal, and none for the tiles', async () => {
    await shown(desk);
    const before = (await world.factsNamed('AccessGranted')).length;
    await shown(desk, ['app_wiki']);
    expect((await world.factsNamed('AccessGranted')).length).to.equal(before);
  });

  it('ends one of them; twice is no error and one fact', async () => {
    const { formToken } = await shown(desk);
    const other = await currentOf(phone);
    expect(await end(cookieOf(desk), formToken, other)).to.deep.equal({ status: 'ended', sessionIds: [other] });
    expect(await end(cookieOf(desk), formToken, other)).to.include({ status: 'ended' });
    expect(await isSignedIn(phone)).to.equal(false);
    expect((await shown(desk)).sessions.map(({ id }) => id)).not.to.include(other);
    const facts = (await world.factsNamed('SessionEnded')).filter(({ commit }) => commit.id === other);
    expect(facts).to.have.length(1);
    expect(facts[0]?.commit.metadata.actor).to.deep.include({ kind: 'user', id: ALICE.oid });
    await until(() => world.revocations.some(({ sessionIds }) => sessionIds.includes(other)));
  });

  it('does not tell the session of somebody else from one that is not there, and ends neither', async () => {
    const { formToken } = await shown(desk);
    const bobs = await currentOf(bob);
    for (const id of [bobs, newId('ses'), 'no.token', ''])
      expect(await end(cookieOf(desk), formToken, id), id).to.deep.equal({ status: 'absent' });
    expect(await isSignedIn(bob)).to.equal(true);
  });

  it('takes no token of another session, of the same person neither, nor one that was changed', async () => {
    const other = await currentOf(phone);
    for (const token of [(await shown(phone)).formToken, (await shown(bob)).formToken, 'made-up', '', cookieOf(desk)])
      expect(await end(cookieOf(desk), token, other)).to.deep.equal({ status: 'forged' });
    expect(await isSignedIn(phone)).to.equal(true);
  });

  it('answers nothing for a cookie that is missing, changed, of an app, ended or expired; a replay ends nothing', async () => {
    const { formToken } = await shown(desk);
    const other = await currentOf(phone);
    await desk.signIn('alice', 'app_wiki');
    for (const [cookie, reason] of [
      ['', 'access-cookie-invalid'],
      [`${cookieOf(desk).slice(0, -4)}AAAA`, 'access-cookie-invalid'],
      [cookieOf(desk, APP_URL), 'access-cookie-of-another-app'],
    ] as const) {
      expect(await ask(cookie)).to.deep.equal({ status: 'sign-in', reason });
      expect(await end(cookie, formToken, other)).to.deep.equal({ status: 'sign-in', reason });
    }
    const kept = cookieOf(desk);
    await desk.signOut(PORTAL_URL);
    expect(await end(kept, formToken, other)).to.deep.equal({ status: 'sign-in', reason: 'session-ended' });
    expect(await isSignedIn(phone)).to.equal(true);
    world.clock.offsetMs = 90 * 24 * 3_600_000;
    expect(await ask(cookieOf(phone))).to.include({ status: 'sign-in' });
  });

  it('holds policies for the portal, whatever an ingress still remembers', async () => {
    const { formToken } = await shown(desk);
    const other = await currentOf(phone);
    const put = async (policies: readonly object[]) => {
      const change = {
        kind: 'replace' as const,
        policies: policies.map((one) => accessPolicy.parse(one)),
        locations: [],
      };
      const request = { commandId: newId('cmd'), actor, correlationId: 'spec', force: true, change };
      await callEndpoint(world.console, TENANT, changePolicySet, request);
    };
    const policy = {
      id: 'portal',
      name: 'Not the portal',
      state: 'on',
      assignments: { users: { include: { users: [ALICE.oid] } }, apps: { include: [PORTAL_APP_ID] } },
    };
    await put([{ ...policy, grant: { kind: 'block' } }]);
    for (const reply of [await ask(cookieOf(desk)), await end(cookieOf(desk), formToken, other)]) {
      if (reply.status !== 'refused') throw new Error(JSON.stringify(reply));
      expect(reply.decision).to.include({ verdict: 'deny', reason: 'policy-blocked' });
      const facts = await world.factsNamed('AccessDenied');
      expect(facts.map(({ commit }) => commit.id)).to.include(reply.decision.decisionId);
    }
    expect(await isSignedIn(bob)).to.equal(true);
    await put([
      { ...policy, grant: { kind: 'require', controls: [{ kind: 'authentication-strength', context: 'c1' }] } },
    ]);
    const asked = await end(cookieOf(desk), formToken, other);
    expect(asked.status === 'refused' && asked.decision).to.deep.include({
      verdict: 'step-up',
      challenge: { contexts: ['c1'] },
    });
    await put([]);
    expect(await isSignedIn(phone)).to.equal(true);
  });

  it('ends all others at once, and leaves this one and other people alone', async () => {
    const { formToken } = await shown(desk);
    const other = await currentOf(phone);
    const reply = await end(cookieOf(desk), formToken);
    expect(reply.status === 'ended' && reply.sessionIds).to.include(other);
    expect(await isSignedIn(phone)).to.equal(false);
    expect(await isSignedIn(bob)).to.equal(true);
    expect((await shown(desk)).sessions).to.have.length(1);
  });

  it('knows sessions and sign-ins again after a restart', async () => {
    await world.restart();
    const reply = await shown(desk);
    expect(reply.sessions.map(({ userAgent }) => userAgent)).to.include.members(['desk', 'phone']);
    expect(reply.signIns[0]?.userAgent).to.equal('phone');
  });

  it('lets an admin find and end them by user, by name of the user, and by app', async () => {
    const list = (query: object) => callEndpoint(world.console, TENANT, sessions, { activeOnly: true, ...query });
    const endAll = (filter: object) =>
      callEndpoint(world.console, TENANT, endSessions, {
        commandId: newId('cmd'),
        actor,
        correlationId: 'req_spec',
        ...filter,
      });
    await phone.signIn('alice', 'app_wiki');
    const atWiki = await currentOf(phone);
    const byApp = (await list({ user: 'ALICE@sallyport.example', appId: 'app_wiki' })).sessions;
    expect(byApp.map(({ id }) => id)).to.include(atWiki);
    expect((await list({ user: ALICE.oid })).sessions.every(({ subject }) => subject === ALICE.oid)).to.equal(true);
    expect((await endAll({ appId: 'app_wiki' })).sessionIds).to.include(atWiki);
    expect([await isSignedIn(phone), await isSignedIn(desk)]).to.deep.equal([false, true]);
    expect((await endAll({ user: 'alice@sallyport.example' })).sessionIds).to.have.length.greaterThan(0);
    expect([await isSignedIn(desk), await isSignedIn(bob)]).to.deep.equal([false, true]);
    expect((await endAll({ user: 'nobody' })).sessionIds).to.deep.equal([]);
    const refused = await endAll({}).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
  });
});
