import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { COOKIE, OWN_SESSION, shownPortal } from '../support/fake-auth.ts';
import { ask, NAVIGATION } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const PORTAL = `portal.${DOMAIN}`;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const OWN = { 'sec-fetch-site': 'same-origin', origin: `https://${PORTAL}` };
const OTHER = { ...OWN_SESSION, id: 'ses_2', isCurrent: false, address: '198.51.100.4', userAgent: 'curl/8.5.0' };

describe('ingress: my apps', () => {
  let rig: IngressRig;
  before(async () => {
    const oidc = { preauthentication: 'oidc' as const, users: ['oid-ada'] };
    rig = await startIngressRig({
      apps: [
        appView('wiki', { ...oidc, name: 'Wikì of Engineering' }),
        appView('payroll', { ...oidc, name: 'Payroll' }),
        appView('closed', { ...oidc, name: 'Closed by policy' }),
        appView('status', { name: 'Status' }),
      ],
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
    rig.auth.portal = ({ appIds }) => ({ ...shownPortal(appIds), sessions: [OWN_SESSION, OTHER] });
    rig.auth.endOwnSessions = () => ({ status: 'ended', sessionIds: ['ses_2'] });
  });

  const page = (path = '/', headers = {}) =>
    ask(rig, path, { host: PORTAL, headers: { ...NAVIGATION, cookie: COOKIE, ...headers } });
  const tiles = (text: string) =>
    [...text.matchAll(/<li data-find="[^"]*"( hidden)?>.*?<span class="name">([^<]*)</g)]
      .filter(([, hidden]) => hidden === undefined)
      .map(([, , name]) => name);
  const post = (body: string, headers: Record<string, string> = OWN) =>
    ask(rig, '/sessions/end', {
      host: PORTAL,
      method: 'POST',
      headers: { ...NAVIGATION, ...FORM, cookie: COOKIE, ...headers },
      body,
    });
  const asked = () => rig.auth.asked.find(({ name }) => name === 'end-own-sessions')?.request;

  it('shows what auth says is open now, and says which apps ask for more', async () => {
    rig.auth.portal = ({ appIds }) => ({
      ...shownPortal(appIds),
      apps: [
        { id: 'app_wiki', verdict: 'granted' },
        { id: 'app_payroll', verdict: 'step-up' },
      ],
    });
    const { text } = await page();
    expect(tiles(text)).to.deep.equal(['Payroll', 'Status', 'Wikì of Engineering']);
    expect(text.match(/Asks for further confirmation/g)).to.have.length(1);
    expect(rig.auth.asked.find(({ name }) => name === 'portal')?.request).to.deep.include({
      accessCookie: 'sealed-1',
      appIds: ['app_closed', 'app_payroll', 'app_wiki'],
    });
  });

  it('searches without script, in names and addresses, whatever case and accents', async () => {
    for (const [query, found] of [
      ['wiki', ['Wikì of Engineering']],
      ['ENGINEERING%20wik%C3%AC', ['Wikì of Engineering']],
      [`payroll.${DOMAIN}`, ['Payroll']],
      ['nothing', []],
    ] as const)
      expect(tiles((await page(`/?q=${query}`)).text), query).to.deep.equal(found);
    const { text } = await page('/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E');
    expect(text).to.contain('value="&quot;&gt;&lt;script&gt;').and.not.to.contain('<script>alert');
  });

  it('allows exactly the one script the page carries', async () => {
    const { text, headers } = await page();
    const scripts = [...text.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => script ?? '');
    expect(scripts).to.have.length(1);
    const hash = createHash('sha256')
      .update(scripts[0] ?? '')
      .digest('base64');
    expect(headers['content-security-policy']).to.contain(`script-src 'sha256-${hash}'`).and.not.to.contain('unsafe');
    expect(text).not.to.match(/ (?:src|on[a-z]+)=/);
  });

  it('shows the own sessions in words, with the way to end each', async () => {
    const { text } = await page();
    expect(text).to.contain('<b>Chrome on Linux</b><span class="mark good">This session</span>');
    expect(text).to.contain('<b>curl</b>').and.to.contain('name="session" value="ses_2"');
    expect(text).to.contain('End session<span class="hidden">: curl, 198.51.100.4</span>');
    expect(text).not.to.contain('value="ses_1"');
    expect((await page('/', { 'accept-language': 'it' })).text).to.contain('Chrome su Linux');
  });

  it('refuses the page and the end of a session as policies refuse the portal, with a receipt', async () => {
    const reasons = { reason: 'policy-blocked', detail: 'A policy says no.' };
    const decision = { verdict: 'deny', ...reasons, decisionId: 'dec_9', username: 'ada@example.com' } as const;
    const refused = { status: 'refused', decision } as const;
    rig.auth.portal = () => refused;
    rig.auth.endOwnSessions = () => refused;
    for (const answer of [await page(), await post('form=sealed-form&session=ses_2')]) {
      expect(answer.status).to.equal(403);
      expect(answer.text).to.contain('SP-1217').and.contain('dec_9').and.contain('A policy says no.');
    }
  });

  it('asks for more, as policies ask before the portal', async () => {
    const reasons = { reason: 'step-up-required', detail: 'More is asked.', challenge: { contexts: ['c1'] } };
    const decision = { verdict: 'step-up', ...reasons, decisionId: 'dec_9', username: 'ada@example.com' } as const;
    rig.auth.portal = () => ({ status: 'refused', decision });
    rig.auth.endOwnSessions = () => ({ status: 'refused', decision });
    const { headers, text } = await page();
    expect(`${headers.location} ${text}`).to.contain('https://login.sallyport.localhost/begin');
    expect(rig.auth.asked.at(-1)?.request).to.deep.include({ challenge: { contexts: ['c1'] } });
    const ended = await post('form=sealed-form&session=ses_2');
    expect(ended.status).to.be.within(401, 403);
    expect(ended.text).to.contain('SP-1216');
  });

  it('says that auth does not answer rather than guess', async () => {
    rig.auth.portal = () => {
      throw new Error('policies are not known');
    };
    expect((await page()).status).to.equal(503);
  });

  it('sends to sign in when the session ended since the last decision', async () => {
    rig.auth.portal = () => ({ status: 'sign-in', reason: 'session-ended' });
    expect((await page()).status).to.equal(302);
    expect(rig.auth.countOf('begin')).to.equal(1);
  });

  it('ends another own session with the token of the page, and comes back to the list', async () => {
    const answer = await post('form=sealed-form&session=ses_2');
    expect(answer.status).to.equal(303);
    expect(answer.headers.location).to.match(/\/\?ended=1#sessions$/);
    expect(asked()).to.deep.include({
      accessCookie: 'sealed-1',
      formToken: 'sealed-form',
      target: { kind: 'one', sessionId: 'ses_2' },
    });
    expect((await page('/?ended=1')).text).to.contain('The session is ended.');
  });

  it('signs out everywhere: the others first, then this one', async () => {
    const answer = await post('form=sealed-form&everywhere=1');
    expect(answer.status).to.equal(303);
    const order = rig.auth.asked.map(({ name }) => name).filter((name) => name !== 'authorize');
    expect(order).to.deep.equal(['end-own-sessions', 'sign-out']);
    expect(asked()).to.deep.include({ target: { kind: 'others' } });
  });

  it('refuses forms of other sites before auth is asked to end anything', async () => {
    const forged: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: `https://wiki.${DOMAIN}` },
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', origin: `https://${PORTAL}` },
      { origin: 'null' },
      { origin: `http://${PORTAL}` },
      {},
    ];
    for (const headers of forged) {
      const answer = await post('form=sealed-form&session=ses_2', headers);
      expect(answer.status, JSON.stringify(headers)).to.equal(403);
    }
    expect(asked()).to.equal(undefined);
  });

  for (const [what, reply, status, says] of [
    ['a token that was made for another session', { status: 'forged' }, 403, 'SP-1205'],
    ['a session that is not the own one', { status: 'absent' }, 404, 'You have no such session.'],
    ['a cookie whose session has ended', { status: 'sign-in', reason: 'session-ended' }, 401, 'SP-1206'],
  ] as const)
    it(`refuses ${what}`, async () => {
      rig.auth.endOwnSessions = () => reply;
      const answer = await post('form=sealed-form&session=ses_9');
      expect(answer.status).to.equal(status);
      expect(answer.text).to.contain(says);
    });

  it('takes no form without a cookie, none that is too large, and no other method', async () => {
    expect((await post('form=x&session=ses_2', { ...OWN, cookie: '' })).status).to.equal(401);
    expect((await post(`form=${'x'.repeat(17_000)}`)).status).to.equal(413);
    expect((await page('/sessions/end')).status).to.equal(405);
    expect(asked()).to.equal(undefined);
  });
});
