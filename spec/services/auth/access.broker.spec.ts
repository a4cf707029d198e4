import { expect } from 'chai';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { after, before, beforeEach, describe, it } from 'mocha';
import { ACCESS_COOKIE, assertionKeys, endSession, newId, PORTAL_APP_ID, sessions } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../support/identity-provider.ts';
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

const [ALICE, BOB, CAROL] = demoDirectory.users;
const _CLIENT = { address: '192.0.2.7', userAgent: 'spec' };
const actor = { kind: 'local-operator', id: 'local-operator' } as const;

describe('access and tokens', function accessSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [ALICE.oid], groups: [demoDirectory.groups.engineering] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
  });
  beforeEach(() => {
    browser = new BrowserDouble(world.ingress, world.idp.ca);
  });
  after(() => world?.stop());

  const decisions = () => Promise.all([world.factsNamed('AccessGranted'), world.factsNamed('AccessDenied')]);
  const publishFresh = async (users: readonly string[] = [BOB.oid]) => {
    const id = newId('app');
    const url = `https://${id.slice(4)}.sallyport.localhost:8443/`;
    await world.appendApp(id, published({ url, users }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes(id)));
    return { id, url };
  };

  describe('authorize', () => {
    it('allows an assigned user, and one assigned by group, with a durable decision', async () => {
      await browser.signIn('alice', 'app_wiki');
      const reply = await browser.authorize('app_wiki');
      if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
      expect(reply.identity.principal).to.include({ subject: ALICE.oid, username: 'alice@sallyport.example' });
      const granted = (await world.factsNamed('AccessGranted')).find(({ commit }) => commit.id === reply.decisionId);
      expect(granted?.data).to.deep.include({
        appId: 'app_wiki',
        sessionId: reply.identity.sessionId,
        subject: ALICE.oid,
        reasons: ['session-active', 'app-published', 'user-assigned', 'policies-passed'],
        policySetRevision: 0,
        outcomes: [],
        requestId: 'req_spec',
      });
      const byGroup = new BrowserDouble(world.ingress, world.idp.ca);
      await byGroup.signIn('bob', 'app_wiki');
      expect((await byGroup.authorize('app_wiki')).verdict).to.equal('allow');
    });

    it('denies an unassigned user with a receipt that leads to the recorded decision', async () => {
      await browser.signIn('carol', 'app_wiki');
      const reply = await browser.authorize('app_wiki');
      if (reply.verdict !== 'deny') throw new Error(JSON.stringify(reply));
      expect(reply).to.include({ reason: 'user-unassigned', username: 'carol@sallyport.example' });
      expect(reply.detail).to.equal(
        'carol@sallyport.example is signed in but not assigned to Wiki. Whoever manages the app can assign you.',
      );
      const fact = (await world.factsNamed('AccessDenied')).find(({ commit }) => commit.id === reply.decisionId);
      expect(fact?.data).to.deep.include({
        subject: CAROL.oid,
        reasons: ['session-active', 'app-published', 'user-unassigned'],
      });
      expect(Reflect.get(Object(fact?.data), 'appRevision')).to.be.greaterThan(0);
      expect(await browser.authorize('app_wiki')).to.deep.equal(reply);
      expect((await browser.signIn('carol', PORTAL_APP_ID, PORTAL_URL)).startsWith(PORTAL_URL)).to.equal(true);
      expect((await browser.authorize(PORTAL_APP_ID, PORTAL_URL)).verdict).to.equal('allow');
    });

    it('answers one decision for many requests within the cache time, also when they come together', async () => {
      const { id, url } = await publishFresh();
      await browser.signIn('bob', id, url);
      const replies = await Promise.all(Array.from({ length: 10 }, () => browser.authorize(id, url)));
      expect(new Set(replies.map((reply) => reply.verdict === 'allow' && reply.decisionId)).size).to.equal(1);
      world.clock.offsetMs = 50_000;
      const later = await browser.authorize(id, url);
      world.clock.offsetMs = 61_000;
      const fresh = await browser.authorize(id, url);
      world.clock.offsetMs = 0;
      const [first] = replies;
      if (first?.verdict !== 'allow' || later.verdict !== 'allow' || fresh.verdict !== 'allow')
        throw new Error('denied');
      expect(first.cacheSeconds).to.equal(60);
      expect(later.decisionId).to.equal(first.decisionId);
      expect(later.cacheSeconds).to.be.within(1, 10);
      expect(fresh.decisionId).not.to.equal(first.decisionId);
    });

    it('decides anew at once when the app changes, and tells the ingress', async () => {
      const { id, url } = await publishFresh();
      await browser.signIn('bob', id, url);
      expect((await browser.authorize(id, url)).verdict).to.equal('allow');
      const known = world.revocations.length;
      await world.appendApp(id, [{ type: 'AppUserUnassigned', data: { userId: BOB.oid } }]);
      await until(() => world.revocations.slice(known).some(({ appIds }) => appIds.includes(id)));
      expect(await browser.authorize(id, url)).to.include({ verdict: 'deny', reason: 'user-unassigned' });
      await world.appendApp(id, [{ type: 'AppRetired', data: {} }]);
      await until(async () => {
        const reply = await browser.authorize(id, url);
        return reply.verdict === 'deny' && reply.reason === 'app-retired';
      });
    });

    it('sends to sign-in, without a decision, for a cookie that is missing, changed, of another app or of an ended session', async () => {
      const { id, url } = await publishFresh();
      await browser.signIn('bob', id, url);
      const cookie = browser.jar(url).get(ACCESS_COOKIE) ?? '';
      const [granted, denied] = await decisions();
      const verdicts = [
        await browser.authorize(id, url, ''),
        await browser.authorize(id, url, `${cookie.slice(0, -4)}AAAA`),
        await browser.authorize('app_wiki', url, cookie),
        await browser.authorize(id, url, 'x'.repeat(8192)),
      ];
      expect(verdicts.map((reply) => reply.verdict === 'sign-in' && reply.reason)).to.deep.equal([
        'access-cookie-invalid',
        'access-cookie-invalid',
        'access-cookie-of-another-app',
        'access-cookie-invalid',
      ]);
      world.clock.offsetMs = 9 * 3_600_000;
      expect(await browser.authorize(id, url)).to.deep.equal({ verdict: 'sign-in', reason: 'access-cookie-invalid' });
      world.clock.offsetMs = 0;
      const [grantedAfter, deniedAfter] = await decisions();
      expect([grantedAfter.length, deniedAfter.length]).to.deep.equal([granted.length, denied.length]);
    });
  });

  describe('revocations', () => {
    it('come in unbroken positions, also over a restart, and with a beat', async () => {
      const { id } = await publishFresh();
      await world.restart();
      await world.appendApp(id, [{ type: 'AppRenamed', data: { name: 'Other' } }]);
      await until(() => world.revocations.at(-1)?.appIds.includes(id) === true);
      const positions = world.revocations.map(({ position }) => position);
      positions.reduce((before, position) => {
        expect(position - before).to.be.oneOf([0, 1]);
        return position;
      });
    });

    it('name a session that an admin ends, which then opens nothing', async () => {
      await browser.signIn('bob', 'app_wiki');
      const list = await callEndpoint(world.console, TENANT, sessions, {
        subject: BOB.oid,
        activeOnly: true,
        limit: 1,
      });
      const id = list.sessions[0]?.id ?? '';
      expect(list.sessions[0]?.apps).to.deep.equal(['app_wiki']);
      const request = {
        commandId: newId('cmd'),
        actor,
        correlationId: 'spec',
        sessionId: id,
        reason: 'revoked',
      } as const;
      const ended = await callEndpoint(world.console, TENANT, endSession, request);
      await until(() => world.revocations.some(({ sessionIds }) => sessionIds.includes(id)));
      expect(await browser.authorize('app_wiki')).to.deep.equal({ verdict: 'sign-in', reason: 'session-ended' });
      const again = { ...request, commandId: newId('cmd') };
      expect(await callEndpoint(world.console, TENANT, endSession, again)).to.deep.equal(ended);
      const after = await callEndpoint(world.console, TENANT, sessions, { subject: BOB.oid });
      expect(after.sessions.find((session) => session.id === id)?.status).to.equal('ended');
      const unknown = { ...request, commandId: newId('cmd'), sessionId: 'ses_unknown' };
      expect(await codeOf(callEndpoint(world.console, TENANT, endSession, unknown))).to.equal('ERR_SESSION_ABSENT');
    });
  });

  describe('identity assertion', () => {
    it('is an ES256 JWT for this session and app, verified by the published keys, good for ten minutes', async () => {
      await browser.signIn('alice', 'app_wiki');
      const reply = await browser.authorize('app_wiki');
      if (reply.verdict !== 'allow') throw new Error('denied');
      const keys = await callEndpoint(world.ingress, TENANT, assertionKeys, {});
      expect(keys.keys[0]).not.to.have.property('d');
      const { payload, protectedHeader } = await jwtVerify(reply.identity.assertion, createLocalJWKSet(Object(keys)), {
        issuer: SIGN_IN_URL,
        audience: new URL(APP_URL).origin,
        algorithms: ['ES256'],
      });
      expect(protectedHeader.kid).to.equal(keys.keys[0]?.kid);
      expect(payload).to.deep.include({
        sub: ALICE.oid,
        name: 'Alice Admin',
        preferred_username: 'alice@sallyport.example',
        email: 'alice@sallyport.example',
        groups: [...ALICE.groups],
        roles: [],
        sid: reply.identity.sessionId,
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(600);
      await world.restart();
      expect(await callEndpoint(world.ingress, TENANT, assertionKeys, {})).to.deep.equal(keys);
    });
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return isSallyportError(error) ? error.code : String(error);
  }
}
