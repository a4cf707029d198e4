import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { COOKIE } from '../support/fake-auth.ts';
import { ask, NAVIGATION } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const LOGIN = `login.${DOMAIN}`;
const PORTAL = `portal.${DOMAIN}`;
const SECURE = `secure.${DOMAIN}`;

describe('ingress: sign-in paths', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({
      apps: [
        appView('secure', { preauthentication: 'oidc' }),
        appView('hall', { preauthentication: 'oidc', externalUrl: `https://shared.${DOMAIN}/` }),
        appView('room', { preauthentication: 'oidc', externalUrl: `https://shared.${DOMAIN}/room/` }),
      ],
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
  });

  const lastAsked = () => rig.auth.asked.at(-1);

  it('continues a sign-in on the sign-in host, with our cookies and no others', async () => {
    const cookie = 'a=1; __Host-sallyport-session=s; __Host-sallyport-tx-1=t';
    const answer = await ask(rig, '/.sallyport/sign-in?t=sealed', { host: LOGIN, headers: { ...NAVIGATION, cookie } });
    expect(answer.status).to.equal(302);
    expect(lastAsked()).to.deep.include({ name: 'continue' });
    expect(lastAsked()?.request).to.deep.include({
      token: 'sealed',
      cookies: { '__Host-sallyport-session': 's', '__Host-sallyport-tx-1': 't' },
    });
  });

  it('hands the answer of the identity provider to auth, repeated parameters as lists', async () => {
    await ask(rig, '/.sallyport/callback?code=c&state=1&state=2&__proto__=x', { host: LOGIN });
    expect(lastAsked()?.name).to.equal('complete');
    const query = lastAsked()?.request.query;
    expect(query).to.deep.include({ code: 'c', state: ['1', '2'] });
  });

  it('opens access on the host of the app', async () => {
    await ask(rig, '/.sallyport/complete?ticket=tkt', { host: SECURE });
    expect(lastAsked()).to.deep.include({ name: 'open' });
    expect(lastAsked()?.request).to.include({ appId: 'app_secure', ticket: 'tkt' });
    await ask(rig, `/.sallyport/complete?ticket=${'t'.repeat(8193)}`, { host: SECURE });
    expect(rig.auth.asked.at(-1)?.request).to.include({ ticket: '' });
    await ask(rig, '/.sallyport/complete?ticket=tkt', { host: PORTAL });
    expect(lastAsked()?.request).to.include({ appId: 'portal' });
  });

  it('remembers for which app of a shared host a sign-in began', async () => {
    const host = `shared.${DOMAIN}`;
    const begun = await ask(rig, '/room/1', { host, headers: NAVIGATION });
    const hint = begun.headers['set-cookie']?.find((it) => it.startsWith('__Host-sallyport-for='));
    expect(hint).to.match(/^__Host-sallyport-for=app_room; Path=\/; Secure; HttpOnly; SameSite=Lax/);
    await ask(rig, '/.sallyport/complete?ticket=t', { host, headers: { cookie: '__Host-sallyport-for=app_room' } });
    expect(lastAsked()?.request).to.include({ appId: 'app_room' });
    rig.auth.asked.length = 0;
    const foreign = { cookie: '__Host-sallyport-for=app_secure' };
    expect((await ask(rig, '/.sallyport/complete?ticket=t', { host, headers: foreign })).status).to.equal(404);
    expect(rig.auth.asked).to.deep.equal([]);
  });

  it('shows a refused sign-in with its source and the request id', async () => {
    rig.auth.reply = () => ({
      kind: 'denied',
      status: 403,
      reason: 'state-replayed',
      detail: 'This sign-in was already used.',
      setCookies: ['__Host-sallyport-tx-1=; Path=/; Secure; Max-Age=0'],
    });
    const answer = await ask(rig, '/.sallyport/callback?state=1', { host: LOGIN, headers: NAVIGATION });
    rig.auth.reply = (name) => ({ kind: 'redirect', location: `https://${LOGIN}/${name}`, setCookies: [] });
    expect(answer.status).to.equal(403);
    expect(answer.text).to.contain('This sign-in was already used.').and.to.contain(answer.requestId);
    expect(answer.headers['set-cookie']).to.have.length(1);
    expect(await rig.recordOf(answer.requestId)).to.include({ outcome: 'denied', reason: 'state-replayed' });
  });

  it('publishes the keys of identity assertions', async () => {
    for (const host of [LOGIN, SECURE, PORTAL, DOMAIN, 'localhost']) {
      const answer = await ask(rig, '/.sallyport/jwks.json', { host });
      expect(answer.status).to.equal(200);
      expect(answer.headers['content-type']).to.equal('application/jwk-set+json');
      expect(JSON.parse(answer.text)).to.deep.equal({ keys: [{ kty: 'EC', kid: 'k1' }] });
    }
  });

  for (const [host, path, location] of [
    [LOGIN, '/', 'portal'],
    [DOMAIN, '/', 'portal'],
    ['localhost', '/', 'portal'],
  ] as const) {
    it(`leads from ${host}${path} to the ${location}`, async () => {
      const answer = await ask(rig, path, { host, headers: NAVIGATION });
      expect(answer.status).to.equal(302);
      expect(answer.headers.location).to.equal(`https://${PORTAL}:${rig.port}/`);
    });
  }

  for (const [host, path, method, status] of [
    [LOGIN, '/other', 'GET', 404],
    ['localhost', '/.sallyport/sign-in', 'GET', 404],
    [LOGIN, '/.sallyport/callback', 'POST', 405],
    [LOGIN, '/.sallyport/complete', 'GET', 404],
    [SECURE, '/.sallyport/callback', 'GET', 404],
    [SECURE, '/.sallyport/sign-in', 'GET', 404],
    [SECURE, '/.sallyport/jwks.json', 'DELETE', 405],
    [SECURE, '/.sallyport/sign-out', 'PUT', 405],
  ] as const) {
    it(`answers ${status} to ${method} ${host}${path}`, async () => {
      const answer = await ask(rig, path, { host, method });
      expect(answer.status).to.equal(status);
      expect(rig.auth.asked).to.deep.equal([]);
    });
  }
});

describe('ingress: signing out', () => {
  let rig: IngressRig;
  const signOut = (headers: Readonly<Record<string, string>>) =>
    ask(rig, '/.sallyport/sign-out', {
      host: PORTAL,
      method: 'POST',
      headers: { ...NAVIGATION, cookie: COOKIE, ...headers },
    });
  before(async () => {
    rig = await startIngressRig();
  });
  after(() => rig.stop());

  it('follows a form of this very site', async () => {
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: `https://${PORTAL}` }]) {
      const answer = await signOut(headers);
      expect(answer.status).to.equal(303);
    }
    expect(rig.auth.countOf('sign-out')).to.equal(2);
  });

  it('does not follow another site', async () => {
    rig.auth.asked.length = 0;
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      {},
    ])
      expect((await signOut(headers)).status).to.equal(403);
    expect(rig.auth.asked).to.deep.equal([]);
  });

  it('only asks when somebody follows a link', async () => {
    const answer = await ask(rig, '/.sallyport/sign-out', { host: PORTAL, headers: { ...NAVIGATION, cookie: COOKIE } });
    expect(answer.status).to.equal(200);
    expect(answer.text).to.contain('<form method="post" action="/.sallyport/sign-out">');
    expect(rig.auth.asked).to.deep.equal([]);
  });

  it('shows that it is done', async () => {
    rig.auth.reply = () => ({
      kind: 'signed-out',
      setCookies: ['__Host-sallyport-access=; Path=/; Secure; Max-Age=0'],
    });
    const answer = await signOut({ 'sec-fetch-site': 'same-origin' });
    expect(answer.status).to.equal(200);
    expect(answer.text).to.contain('You are signed out');
    expect(answer.headers['set-cookie']).to.have.length(1);
    const later = await ask(rig, '/.sallyport/signed-out', { host: LOGIN, headers: NAVIGATION });
    expect(later.text).to.contain('You are signed out');
  });
});

describe('ingress: the portal', () => {
  let rig: IngressRig;
  before(async () => {
    const oidc = { preauthentication: 'oidc' } as const;
    rig = await startIngressRig({
      apps: [
        appView('zebra', { ...oidc, name: 'Zebra & <Co>', users: ['oid-ada'] }),
        appView('grouped', { ...oidc, name: 'Grouped', groups: ['g-2'] }),
        appView('open', { name: 'Status' }),
        appView('foreign', { ...oidc, name: 'Foreign', users: ['oid-bob'], groups: ['g-9'] }),
        appView('gone', { name: 'Gone', status: 'retired' }),
      ],
    });
  });
  after(() => rig.stop());
  const portal = (headers: Record<string, string> = {}) =>
    ask(rig, '/', { host: PORTAL, headers: { ...NAVIGATION, cookie: COOKIE, ...headers } });

  it('shows the apps a person may open, by name, and who that is', async () => {
    const { text, status } = await portal();
    expect(status).to.equal(200);
    const names = [...text.matchAll(/<span class="name">([^<]*)</g)].map((it) => it[1]);
    expect(names).to.deep.equal(['Grouped', 'Status', 'Zebra &amp; &lt;Co&gt;']);
    expect(text).to.contain('Ada Lovelàce').and.to.contain('ada@example.com');
    expect(text).to.contain(`href="https://grouped.${DOMAIN}/"`);
    expect(text).to.contain('<form method="post" action="/.sallyport/sign-out">');
  });

  it('asks for a decision about the portal itself', async () => {
    await portal();
    expect(rig.auth.asked.find((it) => it.name === 'authorize')?.request).to.include({ appId: 'portal' });
  });

  it('sends a stranger to sign in', async () => {
    const answer = await portal({ cookie: '' });
    expect(answer.status).to.equal(302);
    expect(rig.auth.asked.at(-1)?.request).to.include({ appId: 'portal', returnUrl: `https://${PORTAL}:${rig.port}/` });
  });

  it('knows nothing but its one page', async () => {
    expect((await ask(rig, '/x', { host: PORTAL, headers: { cookie: COOKIE } })).status).to.equal(404);
    expect((await ask(rig, '/', { host: PORTAL, method: 'POST', headers: { cookie: COOKIE } })).status).to.equal(405);
  });
});
