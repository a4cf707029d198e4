import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { z } from 'zod';
import {
  appId,
  assessSession,
  changeUser,
  endSessions,
  newId,
  providerLogout,
  sessions,
  type sessionView,
  type UserSessionFact,
  userAggregate,
  userIdOf,
  userSessionAggregate,
  users,
} from '#libs/contracts';
import { type FactOf, MAX_FACTS_PER_COMMIT, openEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { callEndpoint } from '#libs/messaging';
import { MAX_OPENINGS_PER_SESSION } from '../../../../services/auth/src/user-session/user-session.decide.ts';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { APP_URL, type AuthWorld, published, SIGN_IN_URL, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble, redirected } from '../support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;
const actor = { kind: 'local-operator', id: 'local-operator' } as const;
const command = () => ({ commandId: newId('cmd'), actor, correlationId: 'req_spec' });

describe('people', function people() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;

  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [ALICE.oid, BOB.oid] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
  });
  after(() => world?.stop());
  beforeEach(async () => {
    await say({ type: 'EnableUser' });
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_wiki');
  });

  const say = (change: z.input<typeof changeUser.request>['command'], user: string = BOB.oid) =>
    callEndpoint(world.console, TENANT, changeUser, { ...command(), user, command: change });
  const activeOf = async (query: Partial<z.infer<typeof sessions.request>>) => {
    const found = await callEndpoint(world.console, TENANT, sessions, { activeOnly: true, ...query });
    return found.sessions;
  };
  const newestOf = async (user: string): Promise<z.infer<typeof sessionView>> => {
    const [session] = await activeOf({ user });
    if (session === undefined) throw new Error(`${user} has no session`);
    return session;
  };
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'nothing was refused',
      (error: unknown) => (error as { code?: string }).code,
    );
  const frontChannel = (issuer: string | null, providerSessionId: string) =>
    callEndpoint(world.ingress, TENANT, providerLogout, {
      requestId: 'req_spec',
      client: { address: '192.0.2.7', userAgent: 'spec' },
      message: { kind: 'front-channel', issuer, providerSessionId },
    });
  const backChannel = (logoutToken: string) =>
    callEndpoint(world.ingress, TENANT, providerLogout, {
      requestId: 'req_spec',
      client: { address: '192.0.2.7', userAgent: 'spec' },
      message: { kind: 'back-channel', providerId: null, logoutToken },
    });

  it('who are disabled lose their sessions and cannot sign in, until they are enabled', async () => {
    const session = await newestOf(BOB.oid);
    const { user, endedSessionIds } = await say({ type: 'DisableUser', detail: 'left' });
    expect(endedSessionIds).to.include(session.id);
    expect(user).to.include({ subject: BOB.oid, status: 'disabled', activeSessions: 0 });
    expect((await browser.authorize('app_wiki')).verdict).to.equal('sign-in');
    const id = userIdOf({ directoryTenant: user.directoryTenant, subject: BOB.oid });
    await until(() => world.revocations.some(({ sessionIds }) => sessionIds.includes(id)));
    const again = new BrowserDouble(world.ingress, world.idp.ca);
    const refused = await again.signIn('bob', 'app_wiki').catch((error: unknown) => String(error));
    expect(refused).to.include('user-disabled');
    const [fact] = (await world.factsNamed('UserDisabled')).slice(-1);
    expect(fact?.commit.metadata.actor).to.include(actor);
    await say({ type: 'EnableUser' });
    expect(await again.signIn('bob', 'app_wiki')).to.equal(APP_URL);
  });

  it('stay disabled over a restart', async () => {
    await say({ type: 'DisableUser' });
    await world.restart();
    const listed = await callEndpoint(world.console, TENANT, users, { user: BOB.oid });
    expect(listed.users[0]).to.include({ status: 'disabled', activeSessions: 0 });
  });

  it('who sign out everywhere leave all their browsers, and nobody else', async () => {
    const phone = new BrowserDouble(world.ingress, world.idp.ca);
    await phone.signIn('bob', 'app_wiki');
    const alice = new BrowserDouble(world.ingress, world.idp.ca);
    await alice.signIn('alice', 'app_wiki');
    await say({ type: 'SignOutUserEverywhere' }, (await newestOf(BOB.oid)).username.toUpperCase());
    expect((await browser.authorize('app_wiki')).verdict).to.equal('sign-in');
    expect((await phone.authorize('app_wiki')).verdict).to.equal('sign-in');
    expect((await alice.authorize('app_wiki')).verdict).to.equal('allow');
    expect(await phone.signIn('bob', 'app_wiki'), 'and may come back').to.equal(APP_URL);
    expect((await phone.authorize('app_wiki')).verdict).to.equal('allow');
  });

  for (const user of ['nobody', 'nobody@example.com', ''])
    it(`are refused by the name ${JSON.stringify(user)}, which nobody goes by`, async () => {
      const expected = user === '' ? 'ERR_MESSAGING_REQUEST' : 'ERR_USER_ABSENT';
      expect(await codeOf(say({ type: 'DisableUser' }, user))).to.equal(expected);
    });

  it('have one device per browser, over sign-outs, by which their sessions are found and ended', async () => {
    const { deviceId } = await newestOf(BOB.oid);
    expect(deviceId).to.match(/^dev_/);
    await browser.signOut(APP_URL);
    await browser.signIn('bob', 'app_wiki');
    const here = await activeOf({ deviceId: deviceId ?? '' });
    expect(here.map(({ status }) => status)).to.deep.equal(['active']);
    const phone = new BrowserDouble(world.ingress, world.idp.ca);
    await phone.signIn('bob', 'app_wiki');
    const { sessionIds } = await callEndpoint(world.console, TENANT, endSessions, {
      ...command(),
      deviceId: deviceId ?? '',
    });
    expect(sessionIds).to.deep.equal(here.map(({ id }) => id));
    expect((await browser.authorize('app_wiki')).verdict).to.equal('sign-in');
    expect((await phone.authorize('app_wiki')).verdict).to.equal('allow');
    expect(await codeOf(callEndpoint(world.console, TENANT, endSessions, command()))).to.equal('ERR_MESSAGING_REQUEST');
  });

  it('have sign-ins that are rated, while they last', async () => {
    const { id } = await newestOf(BOB.oid);
    const rate = (sessionId: string) =>
      callEndpoint(world.console, TENANT, assessSession, { ...command(), sessionId, level: 'high', detail: 'travel' });
    await rate(id);
    expect((await newestOf(BOB.oid)).signInRisk).to.equal('high');
    await until(() => world.revocations.some(({ sessionIds }) => sessionIds.includes(id)));
    await browser.signOut(APP_URL);
    expect(await codeOf(rate(id))).to.equal('ERR_SESSION_ENDED');
    expect(await codeOf(rate(newId('ses')))).to.equal('ERR_SESSION_ABSENT');
    expect(await codeOf(rate('no.token'))).to.equal('ERR_SESSION_ABSENT');
  });

  it('sign in again when one session has opened apps too often', async () => {
    const { id } = await newestOf(BOB.oid);
    const ref = { tenant: TENANT, type: userSessionAggregate, id };
    const auth = await openEventStore(await world.broker.connectAs('auth', 'core'), [userSessionAggregate]);
    for (let begun = 1; begun < MAX_OPENINGS_PER_SESSION; begun += MAX_FACTS_PER_COMMIT) {
      const count = Math.min(MAX_FACTS_PER_COMMIT, MAX_OPENINGS_PER_SESSION - begun);
      const facts = Array.from({ length: count }, (_, index) => ({
        type: 'AppAccessOpened' as const,
        data: { appId: appId.parse('app_wiki'), ticketId: `tkt_${begun + index}` },
      }));
      await auth.append(ref, (await auth.load(ref)).revision, facts, metadataOf(newId('cmd')));
    }
    const again = async () => redirected(await browser.continue(redirected(await browser.begin('app_wiki')).location));
    const refused = await browser.open((await again()).location, 'app_wiki');
    expect(refused).to.include({ kind: 'denied', reason: 'session-ended' });
    const [ended] = (await world.factsNamed('SessionEnded')).slice(-1);
    expect(ended?.data).to.deep.equal({ reason: 'too-many-openings' });
    expect((await again()).location).to.include('/oauth2/v2.0/authorize?');
    expect(await browser.signIn('bob', 'app_wiki')).to.equal(APP_URL);
  });

  it('are signed out by the session id of the identity provider, from the frame it loads', async () => {
    const [started] = (await world.factsNamed('SessionStarted')).slice(-1);
    if (started === undefined) throw new Error('no session was started');
    const { providerSessionId = '' } = started.data as FactOf<UserSessionFact, 'SessionStarted'>['data'];
    expect(providerSessionId).not.to.equal('');
    expect(await frontChannel(world.idp.issuer, `${providerSessionId}x`)).to.deep.include({ sessionIds: [] });
    expect(await frontChannel('https://evil.example', providerSessionId)).to.include({ status: 'refused' });
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
    expect(await frontChannel(null, providerSessionId)).to.deep.include({ sessionIds: [started.commit.id] });
    expect((await browser.authorize('app_wiki')).verdict).to.equal('sign-in');
    const [ended] = (await world.factsNamed('SessionEnded')).slice(-1);
    expect(ended?.data).to.deep.equal({ reason: 'provider-signed-out' });
    expect(ended?.commit.metadata.actor).to.include({
      kind: 'system',
      id: 'identity-provider',
      name: world.idp.issuer,
    });
  });

  it('do not get in by a sign-in that was on its way when they signed out there', async () => {
    const [started] = (await world.factsNamed('SessionStarted')).slice(-1);
    const providerSessionId = String(Reflect.get(Object(started?.data), 'providerSessionId'));
    browser.jar(SIGN_IN_URL).clear();
    const begin = async () => redirected(await browser.continue(redirected(await browser.begin('app_wiki')).location));
    const callback = await browser.authenticate((await begin()).location, 'bob');
    await frontChannel(world.idp.issuer, providerSessionId);
    const sessionsBefore = (await world.factsNamed('SessionStarted')).length;
    expect(await browser.complete(callback)).to.include({ kind: 'denied', reason: 'session-ended' });
    expect(await world.factsNamed('SessionStarted')).to.have.length(sessionsBefore);
    redirected(await browser.complete(await browser.authenticate((await begin()).location, 'bob')));
  });

  it('are not signed out by what is no logout token, which is recorded', async () => {
    for (const token of ['x', 'a.b.c', `${'e30'}.${'e30'}.`])
      expect(await backChannel(token), token).to.include({ status: 'refused', reason: 'token-invalid' });
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
    const [fact] = (await world.factsNamed('TokenRefused')).slice(-1);
    expect(fact?.data).to.include({ reason: 'token-invalid', audience: 'back-channel-logout' });
  });
  it('counts no session from before a sign-out everywhere, also where ending it failed', async () => {
    const before = new Date(world.clock.offsetMs + Date.now() + 60_000).toISOString();
    const person = { directoryTenant: world.idp.tenantId, subject: BOB.oid };
    const ref = { tenant: TENANT, type: userAggregate, id: userIdOf(person) };
    const auth = await openEventStore(await world.broker.connectAs('auth', 'core'), [userAggregate]);
    const { revision } = await auth.load(ref);
    const fact = { type: 'UserSignedOutEverywhere', data: { ...person, detail: '', before } } as const;
    await auth.append(ref, revision, [fact], metadataOf(newId('cmd')));
    await until(async () => (await browser.authorize('app_wiki')).verdict === 'sign-in');
    expect((await activeOf({ user: BOB.oid })).length, 'nothing ended it').to.be.greaterThan(0);
    const begun = await browser.begin('app_wiki');
    if (begun.kind !== 'redirect') throw new Error(begun.kind);
    const sent = await browser.continue(begun.location);
    expect(sent, 'it opens nothing either').to.have.property('location').that.includes('/oauth2/v2.0/authorize?');
    const ticket = redirected(await browser.complete(await browser.authenticate(redirected(sent).location, 'bob')));
    redirected(await browser.open(ticket.location, 'app_wiki'));
    expect((await browser.authorize('app_wiki')).verdict, 'signed in since, by a clock that is behind').to.equal(
      'allow',
    );
  });
});
