import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { revocations } from '#libs/contracts';
import { publishFeed } from '#libs/messaging';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { type AskOptions, ask, NAVIGATION } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig, TENANT } from '../support/ingress-rig.ts';
import { recordingOrigin } from '../support/origins.ts';

const SECURE = `secure.${DOMAIN}`;
const signedIn = (headers: Record<string, string> = {}): AskOptions => ({
  host: SECURE,
  headers: { cookie: COOKIE, ...headers },
});

describe('ingress: who gets through', () => {
  let rig: IngressRig;
  let position = 10;
  const origin = recordingOrigin();

  before(async () => {
    rig = await startIngressRig({
      apps: [appView('wiki'), appView('secure', { preauthentication: 'oidc' })],
      onRequest: origin.onRequest,
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
    origin.seen.length = 0;
    rig.auth.authorize = () => allow();
    rig.ingress.services.tenants[0].decisions.dropAll();
  });

  for (const host of [`wiki.${DOMAIN}`, SECURE, `portal.${DOMAIN}`, `login.${DOMAIN}`]) {
    it(`answers robots.txt of ${host} itself`, async () => {
      const answer = await ask(rig, '/robots.txt', { host });
      expect(answer.status).to.equal(200);
      expect(answer.text).to.equal('User-agent: *\nDisallow: /\n');
      expect(origin.seen).to.deep.equal([]);
    });
  }

  it('says nothing about itself to an unknown host', async () => {
    for (const path of ['/', '/robots.txt', '/.sallyport/sign-in', '/.sallyport/jwks.json']) {
      const answer = await ask(rig, path, { host: 'unknown.example', headers: NAVIGATION });
      expect(answer.status).to.equal(404);
      expect(answer.text).not.to.contain(DOMAIN);
    }
  });

  for (const [what, headers] of [
    ['a browser that navigates', NAVIGATION],
    ['an old browser without Sec-Fetch fields', { accept: 'text/html,*/*' }],
  ] as const) {
    it(`sends ${what} to sign in and back to the very address`, async () => {
      const answer = await ask(rig, '/reports/7?year=2026', { host: SECURE, headers });
      expect(answer.status).to.equal(302);
      expect(answer.headers.location).to.equal(`https://login.${DOMAIN}/begin`);
      expect(answer.headers['set-cookie']).to.deep.equal(['__Host-sallyport-begin=1; Path=/; Secure; HttpOnly']);
      expect(answer.headers['cache-control']).to.equal('no-store');
      const begun = rig.auth.asked.find((it) => it.name === 'begin')?.request;
      expect(begun).to.include({ appId: 'app_secure', returnUrl: `https://${SECURE}/reports/7?year=2026` });
      expect(begun?.client).to.include({ address: '127.0.0.1' });
      expect(origin.seen).to.deep.equal([]);
    });
  }

  for (const [what, options] of [
    ['fetch', { headers: { 'sec-fetch-mode': 'cors', accept: '*/*' } }],
    ['fetch that accepts html', { headers: { 'sec-fetch-mode': 'same-origin', accept: 'text/html' } }],
    ['XMLHttpRequest', { headers: { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' } }],
    ['a program', { headers: { accept: '*/*' } }],
    ['a form that is posted', { method: 'POST', headers: NAVIGATION, body: 'a=1' }],
    ['WebSocket', { headers: { 'sec-fetch-mode': 'websocket', upgrade: 'websocket', connection: 'upgrade' } }],
  ] as const) {
    it(`answers ${what} with 401 and never with a redirect`, async () => {
      const answer = await ask(rig, '/data', { host: SECURE, ...options });
      expect(answer.status).to.equal(401);
      expect(answer.headers.location).to.equal(undefined);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(answer.headers['www-authenticate']).to.equal(`Sallyport realm="${SECURE}", error="sign-in-required"`);
      expect(JSON.parse(answer.text)).to.include({
        reason: 'user-unauthenticated',
        requestId: answer.requestId,
        signInUrl: `https://${SECURE}/`,
      });
      expect(rig.auth.countOf('begin')).to.equal(0);
      expect(origin.seen).to.deep.equal([]);
    });
  }

  it('sends a browser whose cookie is no longer good to sign in', async () => {
    rig.auth.authorize = () => ({ verdict: 'sign-in', reason: 'cookie-expired' });
    expect((await ask(rig, '/', signedIn(NAVIGATION))).status).to.equal(302);
    expect((await ask(rig, '/', signedIn())).status).to.equal(401);
  });

  it('treats two different access cookies as none', async () => {
    const answer = await ask(rig, '/', signedIn({ cookie: `${COOKIE}; ${COOKIE}-planted` }));
    expect(answer.status).to.equal(401);
    expect(rig.auth.asked).to.deep.equal([]);
  });

  it('lets an allowed user through', async () => {
    expect((await ask(rig, '/', signedIn())).text).to.equal('ok');
    expect(rig.auth.asked[0]?.request).to.include({ appId: 'app_secure', accessCookie: 'sealed-1' });
  });

  it('shows a denied user why, with the receipt and the request id', async () => {
    rig.auth.authorize = () => ({
      verdict: 'deny',
      reason: 'user-unassigned',
      detail: 'Your account is not assigned to this app <b>.',
      decisionId: 'dec_receipt',
      username: 'ada@example.com',
    });
    const answer = await ask(rig, '/', signedIn(NAVIGATION));
    expect(answer.status).to.equal(403);
    expect(answer.text)
      .to.contain('Your account is not assigned to this app &lt;b&gt;.')
      .and.to.contain('dec_receipt')
      .and.to.contain('ada@example.com')
      .and.to.contain(answer.requestId);
    expect(origin.seen).to.deep.equal([]);
    const record = await rig.recordOf(answer.requestId);
    expect(record).to.include({
      outcome: 'denied',
      reason: 'user-unassigned',
      decisionId: 'dec_receipt',
      username: 'ada@example.com',
    });
  });

  it('asks auth once for many requests of one user', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask(rig, '/', signedIn())));
    await ask(rig, '/', signedIn());
    expect(rig.auth.countOf('authorize')).to.equal(1);
  });

  it('asks again when auth allows no caching', async () => {
    rig.auth.authorize = () => allow({ cacheSeconds: 0 });
    await ask(rig, '/', signedIn());
    await ask(rig, '/', signedIn());
    expect(rig.auth.countOf('authorize')).to.equal(2);
  });

  it('goes by a decision while auth does not answer, until it is used up, and lets nobody in after that', async () => {
    rig.auth.authorize = () => allow({ cacheSeconds: 1 });
    expect((await ask(rig, '/', signedIn())).status).to.equal(200);
    const decidedAtMs = performance.now();
    rig.auth.authorize = () => {
      throw new Error('away');
    };
    expect((await ask(rig, '/', signedIn())).status).to.equal(200);
    await until(async () => (await ask(rig, '/', signedIn())).status !== 200, { everyMs: 50, what: 'used up' });
    expect(performance.now() - decidedAtMs).to.be.at.least(900);
    const answer = await ask(rig, '/', signedIn());
    expect([answer.status, JSON.parse(answer.text).code]).to.deep.equal([503, 'SP-1202']);
  });

  it('drops the decisions a revocation names, at once', async () => {
    const { decisions } = rig.ingress.services.tenants[0];
    const revoke = (sessionIds: string[], appIds: string[] = []) => {
      position += 1;
      publishFeed(rig.services, TENANT, revocations, { position, sessionIds, appIds });
    };
    revoke([]);
    await rig.services.flush();
    await ask(rig, '/', signedIn());
    revoke(['ses_other'], ['app_other']);
    await rig.services.flush();
    await ask(rig, '/', signedIn());
    expect(rig.auth.countOf('authorize')).to.equal(1);
    revoke(['ses_1']);
    await until(() => decisions.size === 0, { what: 'dropped by session' });
    rig.auth.authorize = () => ({ verdict: 'sign-in', reason: 'session-ended' });
    expect((await ask(rig, '/', signedIn())).status).to.equal(401);
    rig.auth.authorize = () => allow();
    await ask(rig, '/', signedIn());
    revoke([], ['app_secure']);
    await until(() => decisions.size === 0, { what: 'dropped by app' });
  });

  it('drops all decisions when a revocation was missed', async () => {
    const { decisions } = rig.ingress.services.tenants[0];
    await ask(rig, '/', signedIn());
    expect(decisions.size).to.equal(1);
    position += 2;
    publishFeed(rig.services, TENANT, revocations, { position, sessionIds: [], appIds: [] });
    await until(() => decisions.size === 0);
  });

  it('writes one access record per request', async () => {
    const answer = await ask(rig, '/pages/1?secret=1', signedIn({ 'user-agent': 'spec' }));
    const record = await rig.recordOf(answer.requestId);
    expect(record).to.deep.include({
      ingressId: rig.ingress.services.ingressId,
      address: '127.0.0.1',
      method: 'GET',
      host: SECURE,
      path: '/pages/1',
      status: 200,
      outcome: 'forwarded',
      reason: null,
      appId: 'app_secure',
      connectorId: 'con_test',
      sessionId: 'ses_1',
      subject: 'oid-ada',
      username: 'ada@example.com',
      decisionId: 'dec_1',
      requestBytes: 0,
      responseBytes: 2,
      userAgent: 'spec',
    });
    expect(record.durationMs).to.be.greaterThan(0);
    expect(rig.records.filter((it) => it.requestId === answer.requestId)).to.have.length(1);
  });

  it('records refusals and pages of its own as well', async () => {
    const unknown = await ask(rig, '/', { host: 'unknown.example' });
    expect(await rig.recordOf(unknown.requestId)).to.include({
      outcome: 'answered',
      reason: 'unknown-host',
      status: 404,
    });
    const redirected = await ask(rig, '/', { host: SECURE, headers: NAVIGATION });
    expect(await rig.recordOf(redirected.requestId)).to.include({ outcome: 'redirected', status: 302 });
  });

  it('gives every page of its own a strict policy and no script', async () => {
    for (const host of ['unknown.example', SECURE]) {
      rig.auth.authorize = () => ({ verdict: 'deny', reason: 'x', detail: 'x', decisionId: 'dec_1', username: 'x' });
      const { headers, text } = await ask(rig, '/', { host, headers: { ...NAVIGATION, cookie: COOKIE } });
      expect(headers['content-security-policy'])
        .to.match(/^default-src 'none'; style-src 'sha256-[^']+';/)
        .and.to.contain("frame-ancestors 'none'")
        .and.not.to.contain('script');
      expect(headers).to.include({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
      });
      expect(text).not.to.match(/<script|style="| on[a-z]+=/);
    }
  });
});

describe('ingress: auth is away', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({
      apps: [appView('wiki'), appView('secure', { preauthentication: 'oidc' })],
      auth: false,
    });
  });
  after(() => rig.stop());

  it('answers 503 with a page that says so, and never the app', async () => {
    for (const options of [signedIn(NAVIGATION), { host: SECURE, headers: NAVIGATION }]) {
      const answer = await ask(rig, '/', options);
      expect(answer.status).to.equal(503);
      expect(answer.text).to.contain('sign-in service of Sallyport does not answer').and.to.contain(answer.requestId);
    }
  });

  it('still serves passthrough apps', async () => {
    expect((await ask(rig, '/')).status).to.equal(200);
  });
});

describe('ingress: routing is away at start', () => {
  it('answers 503 until the directory comes, not 404', async () => {
    const rig = await startIngressRig({ routing: false, config: { limits: { directoryWaitMs: 10 } } });
    try {
      const answer = await ask(rig, '/');
      expect(answer.status).to.equal(503);
      expect(JSON.parse(answer.text)).to.include({ reason: 'directory-unavailable' });
    } finally {
      await rig.stop();
    }
  });
});
