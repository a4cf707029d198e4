import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type AccessChallengeView, type AuthorizeReply, revocations } from '#libs/contracts';
import { publishFeed } from '#libs/messaging';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { ask, NAVIGATION, open } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig, TENANT } from '../support/ingress-rig.ts';

const SECURE = `secure.${DOMAIN}`;
const PROGRAM = { cookie: COOKIE, accept: 'application/json' };

const stepUp = (challenge: AccessChallengeView): AuthorizeReply => ({
  verdict: 'step-up',
  challenge,
  reason: 'step-up-required',
  detail: 'The policy Admin apps asks for more.',
  decisionId: 'dec_2',
  username: 'ada@example.com',
});
const DENIED: AuthorizeReply = {
  verdict: 'deny',
  reason: 'policy-blocked',
  detail: 'The policy No abroad blocks this.',
  decisionId: 'dec_3',
  username: 'ada@example.com',
};

describe('ingress: policies that ask for more', () => {
  let rig: IngressRig;
  let position = 1;
  before(async () => {
    rig = await startIngressRig({
      apps: [appView('secure', { preauthentication: 'oidc' })],
      onRequest: (exchange) => {
        exchange.respondHead(200, ['Content-Type', 'text/event-stream']);
        exchange.write(Buffer.from('data: 1\n\n'));
        return { onCancel: () => undefined };
      },
    });
    publishFeed(rig.services, TENANT, revocations, { position, sessionIds: [], appIds: [] });
    await rig.services.flush();
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
    rig.auth.authorize = () => stepUp({ contexts: ['c1'] });
  });

  it('leads a browser to a sign-in that asks for what is missing, and back to the very address', async () => {
    const answer = await ask(rig, '/reports/7?year=2026', { host: SECURE, headers: { cookie: COOKIE, ...NAVIGATION } });
    expect([answer.status, answer.headers.location]).to.deep.equal([302, `https://login.${DOMAIN}/begin`]);
    const begun = rig.auth.asked.find(({ name }) => name === 'begin')?.request;
    expect(begun?.challenge).to.deep.equal({ contexts: ['c1'] });
    expect(begun?.returnUrl).to.equal(`https://${SECURE}/reports/7?year=2026`);
    expect(await rig.recordOf(answer.requestId)).to.include({ decisionId: 'dec_2', username: 'ada@example.com' });
  });

  it('tells a program the claim to come back with, the reason and the receipt', async () => {
    const answer = await ask(rig, '/api', { host: SECURE, headers: PROGRAM });
    expect(answer.status).to.equal(401);
    const field = answer.headers['www-authenticate'] ?? '';
    expect(field).to.contain(`Sallyport realm="${SECURE}", error="step-up-required"`);
    const [, claims = ''] =
      /Bearer realm="secure\.sallyport\.localhost", error="insufficient_claims", claims="([^"]*)"/.exec(field) ?? [];
    expect(JSON.parse(Buffer.from(claims, 'base64').toString())).to.deep.equal({
      access_token: { acrs: { essential: true, value: 'c1' } },
    });
    expect(JSON.parse(answer.text)).to.deep.include({
      status: 401,
      code: 'SP-1216',
      reason: 'step-up-required',
      contexts: ['c1'],
      receipt: 'dec_2',
      signInUrl: `https://${SECURE}/`,
      detail: 'The policy Admin apps asks for more.',
    });
    expect(rig.auth.countOf('begin')).to.equal(0);
    expect(await rig.recordOf(answer.requestId)).to.include({ outcome: 'denied', reason: 'step-up-required' });
  });

  it('tells a program how old its sign-in may be', async () => {
    rig.auth.authorize = () => stepUp({ contexts: [], maxAgeMinutes: 15 });
    const answer = await ask(rig, '/api', { host: SECURE, headers: PROGRAM });
    expect(answer.headers['www-authenticate']).to.contain('error="insufficient_user_authentication", max_age="900"');
    expect(JSON.parse(answer.text)).to.deep.include({ contexts: [], maxAgeMinutes: 15 });
  });

  it('leads neither a frame nor a form that is posted away', async () => {
    const frame = { cookie: COOKIE, ...NAVIGATION, 'sec-fetch-dest': 'iframe' };
    const answers = [
      await ask(rig, '/', { host: SECURE, headers: frame }),
      await ask(rig, '/', { host: SECURE, method: 'POST', headers: { cookie: COOKIE, ...NAVIGATION }, body: 'a=1' }),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([401, 401]);
    for (const { text } of answers) expect(text).to.contain('SP-1216').and.contain('dec_2');
    expect(rig.auth.countOf('begin')).to.equal(0);
  });

  it('shows a denial by policy with its own number and the receipt', async () => {
    rig.auth.authorize = () => DENIED;
    const answer = await ask(rig, '/', { host: SECURE, headers: { cookie: COOKIE, ...NAVIGATION } });
    expect(answer.status).to.equal(403);
    expect(answer.text).to.contain('SP-1217').and.contain('dec_3').and.contain('The policy No abroad blocks this.');
    const italian = { cookie: COOKIE, ...NAVIGATION, 'accept-language': 'it' };
    const { text } = await ask(rig, '/', { host: SECURE, headers: italian });
    expect(text).to.contain('Un criterio non lo permette').and.contain('<p lang="en">The policy No abroad');
  });

  for (const [what, verdict, message] of [
    ['step up', stepUp({ contexts: ['c1'] }), { everything: true }],
    ['no', DENIED, { everything: true }],
    ['no, said by a second instance at the same position', DENIED, { everything: true, isSamePosition: true }],
  ] as const)
    it(`ends a running stream within a second when every decision is void and the new one is: ${what}`, async () => {
      rig.auth.authorize = () => allow();
      const req = open(rig, '/events', { host: SECURE, headers: { cookie: COOKIE } });
      req.end();
      const [res] = (await once(req, 'response')) as [IncomingMessage];
      res.on('error', () => undefined);
      await once(res, 'data');
      rig.auth.authorize = () => verdict;
      if (!('isSamePosition' in message)) position += 1;
      publishFeed(rig.services, TENANT, revocations, { position, sessionIds: [], appIds: [], everything: true });
      await until(() => res.destroyed, { what: 'the cut', deadlineMs: 1_000 });
      const answer = await ask(rig, '/api', { host: SECURE, headers: PROGRAM });
      expect(answer.status).to.equal(verdict.verdict === 'deny' ? 403 : 401);
    });

  it('asks about a cookie that moved to another program', async () => {
    rig.auth.authorize = () => allow();
    const headers = { cookie: COOKIE, 'user-agent': 'one' };
    const follow = async (userAgent: string) => {
      const req = open(rig, '/events', { host: SECURE, headers: { ...headers, 'user-agent': userAgent } });
      req.end();
      await once(req, 'response');
      req.destroy();
    };
    for (const userAgent of ['one', 'one', 'two']) await follow(userAgent);
    const clients = rig.auth.asked.filter(({ name }) => name === 'authorize').map(({ request }) => request.client);
    expect(clients).to.deep.equal([
      { address: '127.0.0.1', userAgent: 'one' },
      { address: '127.0.0.1', userAgent: 'two' },
    ]);
  });
});
