import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  ACCESS_COOKIE,
  assertionKeys,
  endpoints,
  endSession,
  MANAGE_SCOPE,
  newId,
  PORTAL_APP_ID,
  sessions,
  verifyToken,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory, obtainToken } from '../../support/identity-provider.ts';
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
const CLIENT = { address: '192.0.2.7', userAgent: 'spec' };
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
        reasons: ['session-active', 'app-published', 'user-assigned'],
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

  describe('verify-token', () => {
    const verify = (token: string, scope: string = MANAGE_SCOPE) =>
      callEndpoint(world.console, TENANT, verifyToken, { token, scope, requestId: 'req_token', client: CLIENT });
    const tokenOf = (username: string, scope: string = MANAGE_SCOPE) =>
      obtainToken({
        issuer: world.idp.issuer,
        clientId: world.idp.clientIds.cli,
        scope: `api://${world.idp.clientIds.api}/${scope}`,
        username,
        password: username,
        ca: world.idp.ca,
      });
    const operatorToken = (
      change: { key?: KeyObject; iss?: string; aud?: string; validFor?: number; age?: number } = {},
    ) => {
      const now = Math.floor(Date.now() / 1000) - (change.age ?? 0);
      return new SignJWT({})
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
        .setIssuer(change.iss ?? 'sallyport-local-operator')
        .setAudience(change.aud ?? 'api://sallyport')
        .setSubject('local-operator')
        .setIssuedAt(now)
        .setExpirationTime(now + (change.validFor ?? 300))
        .sign(change.key ?? world.operatorKey);
    };

    it('knows administrators by their directory role', async () => {
      expect(await verify(await tokenOf('alice'))).to.deep.include({ status: 'accepted', isAdministrator: true });
      const bob = await verify(await tokenOf('bob'));
      expect(bob).to.deep.include({ status: 'accepted', isAdministrator: false });
      expect(bob.status === 'accepted' && bob.principal.subject).to.equal(BOB.oid);
    });

    it('takes the roles that make an administrator from the configuration', async () => {
      await world.restart({ administratorRoles: ['11111111-0000-4000-8000-000000000000'] });
      expect(await verify(await tokenOf('alice'))).to.deep.include({ status: 'accepted', isAdministrator: false });
      await world.restart();
    });

    it('accepts the local operator of this installation', async () => {
      const reply = await verify(await operatorToken());
      expect(reply).to.deep.include({ status: 'accepted', isAdministrator: true });
      expect(reply.status === 'accepted' && reply.principal.username).to.equal('local-operator');
    });

    it('refuses every other token, says why and records it', async () => {
      const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      const cases: readonly [string, string, string?][] = [
        ['no token', ''],
        ['a word', 'secret'],
        ['an operator token of another installation', await operatorToken({ key: stranger })],
        ['an operator token for another audience', await operatorToken({ aud: 'api://other' })],
        ['an operator token valid for an hour', await operatorToken({ validFor: 3600 })],
        ['an expired operator token', await operatorToken({ age: 400 })],
        ['an operator token of another scope', await operatorToken(), 'openid'],
        ['a token signed by nobody we know', await operatorToken({ iss: world.idp.issuer })],
        ['a token of another scope', await tokenOf('alice', 'Connector.Register')],
        ['a changed token', `${(await tokenOf('alice')).slice(0, -8)}AAAAAAAA`],
      ];
      for (const [name, token, scope] of cases) {
        const reply = await verify(token, scope);
        expect(reply, name).to.include({ status: 'refused', reason: 'token-invalid' });
        expect(reply.status === 'refused' && reply.detail, name).to.match(/^The token .* refused: .+\.$/);
      }
      const recorded = await world.factsNamed('TokenRefused');
      expect(recorded.length).to.be.at.least(cases.length);
      expect(recorded.at(-1)?.data).to.deep.include({ reason: 'token-invalid', audience: MANAGE_SCOPE });
    });

    it('refuses all operator tokens when none is configured', async () => {
      await world.restart({ localOperator: null });
      expect(await verify(await operatorToken())).to.include({ status: 'refused' });
      await world.restart();
    });

    it('records at most twenty refusals a second and counts the rest', async () => {
      const before = (await world.factsNamed('TokenRefused')).length;
      await world.restart();
      world.log.length = 0;
      world.clock.offsetMs = 1_000_000 - (Date.now() % 1000);
      const frozen = Array.from({ length: 200 }, () => verify('nonsense'));
      await Promise.all(frozen);
      world.clock.offsetMs = 0;
      const recorded = (await world.factsNamed('TokenRefused')).length - before;
      expect(recorded).to.be.within(20, 60);
      await world.restart();
      const lines = world.log.filter((text) => text.includes('refusals beyond the bound were not recorded'));
      const counted = lines.map((line) => Number(Reflect.get(Object(JSON.parse(line)), 'count')));
      expect(counted.reduce((sum, count) => sum + count, 0)).to.equal(200 - recorded);
    });
  });

  it('survives any request on any endpoint', async () => {
    const names = ['beginSignIn', 'continueSignIn', 'completeSignIn', 'openAppAccess', 'signOut', 'authorize'] as const;
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('app_wiki', 'portal', '', '*', '..', '__proto__', APP_URL),
    );
    const jar = fc.dictionary(
      fc.oneof(text, fc.constantFrom('__Host-sallyport-session', '__Host-sallyport-access')),
      text,
      { maxKeys: 4 },
    );
    const shaped = fc.record({
      requestId: text,
      client: fc.record({ address: fc.string({ maxLength: 64 }), userAgent: fc.string({ maxLength: 400 }) }),
      cookies: jar,
      appId: text,
      returnUrl: text,
      token: text,
      ticket: text,
      accessCookie: text,
      query: fc.dictionary(
        fc.oneof(text, fc.constantFrom('state', 'code', 'error')),
        fc.oneof(text, fc.array(text, { maxLength: 3 })),
      ),
    });
    const any = fc.oneof({ weight: 4, arbitrary: shaped }, { weight: 1, arbitrary: fc.jsonValue() });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), any, async (name, request) => {
        const subject = endpoints[name](TENANT);
        const answer = (await world.ingress.request(subject, JSON.stringify(request), { timeout: 10_000 })).json();
        expect(answer).to.have.any.keys('ok', 'error');
        expect(Object(answer)).not.to.have.nested.property('error.code', 'ERR_INTERNAL');
      }),
      { numRuns: 300 },
    );
    await browser.signIn('bob', 'app_wiki');
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
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
