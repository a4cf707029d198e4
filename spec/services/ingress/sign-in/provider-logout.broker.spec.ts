import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { ask } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const LOGIN = `login.${DOMAIN}`;
const WIKI = `wiki.${DOMAIN}`;
const BACK = '/.sallyport/back-channel-logout';
const FRONT = '/.sallyport/front-channel-logout';
const ISSUER = 'https://idp.example:8443/realms/staff';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('ingress: sign-out by the identity provider', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({ apps: [appView('wiki', { preauthentication: 'passthrough' })] });
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
    rig.auth.providerLogout = () => ({ status: 'ended', sessionIds: ['ses_secret'], issuers: [ISSUER] });
  });

  const post = (body: string, options: { path?: string; headers?: Record<string, string>; host?: string } = {}) =>
    ask(rig, options.path ?? BACK, {
      host: options.host ?? LOGIN,
      method: 'POST',
      headers: { ...FORM, 'content-length': Buffer.byteLength(body), ...options.headers },
      body,
    });
  const open = (query: string, method = 'GET') => ask(rig, `${FRONT}?${query}`, { host: LOGIN, method });

  it('hands the token to auth, and says that it is done, and nothing of whom', async () => {
    const answer = await post('logout_token=a.b.c', { headers: { cookie: '__Host-sallyport-session=s' } });
    expect(answer.status).to.equal(200);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.headers['set-cookie']).to.equal(undefined);
    expect(answer.text).not.to.include('ses_secret');
    expect(rig.auth.asked).to.have.length(1);
    expect(rig.auth.asked[0]?.request).to.deep.include({
      message: { kind: 'back-channel', providerId: null, logoutToken: 'a.b.c' },
    });
    expect(JSON.stringify(rig.auth.asked), 'no cookie counts').not.to.include('cookie');
  });

  it('takes further providers at an address of their own', async () => {
    await post('logout_token=a.b.c', { path: `${BACK}/staff-2` });
    expect(rig.auth.asked[0]?.request).to.deep.include({
      message: { kind: 'back-channel', providerId: 'staff-2', logoutToken: 'a.b.c' },
    });
    for (const path of [`${BACK}/`, `${BACK}/Staff`, `${BACK}/a/b`, `${BACK}x`])
      expect((await post('logout_token=a', { path })).status, path).to.equal(404);
  });

  it('says with an error of the protocol that a token is refused', async () => {
    rig.auth.providerLogout = () => ({ status: 'refused', reason: 'token-invalid', detail: 'it carries a “nonce”' });
    const answer = await post('logout_token=a.b.c');
    expect(answer.status).to.equal(400);
    expect(answer.headers['content-type']).to.equal('application/json');
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(JSON.parse(answer.text)).to.deep.equal({
      error: 'invalid_request',
      error_description: 'token-invalid: it carries a  nonce ',
    });
  });

  it('asks the provider to come again when nothing could be checked', async () => {
    rig.auth.providerLogout = () => ({ status: 'refused', reason: 'identity-provider-unreachable', detail: 'no keys' });
    const answer = await post('logout_token=a.b.c');
    expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '5']);
  });

  for (const [what, body, headers] of [
    ['no token', 'other=1', {}],
    ['an empty token', 'logout_token=', {}],
    ['two tokens', 'logout_token=a&logout_token=b', {}],
    ['a token that is too long', `logout_token=${'a'.repeat(16_385)}`, {}],
    ['JSON', '{"logout_token":"a"}', { 'content-type': 'application/json' }],
  ] as const)
    it(`refuses ${what} without asking auth`, async () => {
      const answer = await post(body, { headers });
      expect(answer.status).to.equal(400);
      expect(JSON.parse(answer.text)).to.include({ error: 'invalid_request' });
      expect(rig.auth.asked).to.deep.equal([]);
    });

  it('reads 32 KiB and no more', async () => {
    const answer = await post(`logout_token=a&pad=${'x'.repeat(33_000)}`);
    expect(answer.status).to.equal(413);
    expect(rig.auth.asked).to.deep.equal([]);
  });

  it('is there for POST on the sign-in host alone, and opens to no other origin', async () => {
    expect((await ask(rig, BACK, { host: LOGIN })).headers.allow).to.equal('POST');
    expect((await post('logout_token=a.b.c', { host: WIKI })).status).to.equal(404);
    const preflight = await ask(rig, BACK, {
      host: LOGIN,
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).to.equal(405);
    const posted = await post('logout_token=a.b.c', { headers: { origin: 'https://evil.example' } });
    for (const { headers } of [preflight, posted])
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).to.deep.equal([]);
  });

  it('in a frame ends the session of iss and sid, and may be framed by that provider alone', async () => {
    const answer = await open(`iss=${encodeURIComponent(ISSUER)}&sid=sid-1`);
    expect(rig.auth.asked[0]?.request).to.deep.include({
      message: { kind: 'front-channel', issuer: ISSUER, providerSessionId: 'sid-1' },
    });
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-security-policy']).to.include('frame-ancestors https://idp.example:8443');
    expect(answer.headers['x-frame-options']).to.equal(undefined);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.headers['set-cookie']).to.equal(undefined);
    rig.auth.providerLogout = () => ({ status: 'ended', sessionIds: [], issuers: [ISSUER] });
    expect((await open(`iss=${encodeURIComponent(ISSUER)}&sid=sid-2`)).text, 'whether or not there was one').to.equal(
      answer.text,
    );
  });

  it('in a frame takes sid alone, as Entra ID sends it', async () => {
    await open('sid=007e3899-e104-731f-b675-0617c1f2dd72');
    expect(rig.auth.asked[0]?.request).to.deep.include({
      message: { kind: 'front-channel', issuer: null, providerSessionId: '007e3899-e104-731f-b675-0617c1f2dd72' },
    });
  });

  it('in a frame is refused for an unknown issuer, and that may not be framed', async () => {
    rig.auth.providerLogout = () => ({ status: 'refused', reason: 'identity-provider-unknown', detail: 'not ours' });
    const answer = await open('iss=https%3A%2F%2Fevil.example&sid=sid-1');
    expect(answer.status).to.equal(400);
    expect(answer.text).not.to.include('evil.example');
  });

  for (const query of [
    '',
    'iss=https%3A%2F%2Fidp.example',
    'sid=',
    'sid=1&sid=2',
    'iss=a&iss=b&sid=1',
    `sid=${'x'.repeat(257)}`,
  ])
    it(`in a frame is refused without asking auth: ?${query.slice(0, 40)}`, async () => {
      expect((await open(query)).status).to.equal(400);
      expect(rig.auth.asked).to.deep.equal([]);
    });

  it('in a frame does nothing for HEAD and POST', async () => {
    expect((await open('sid=1', 'HEAD')).status).to.equal(200);
    expect((await open('sid=1', 'POST')).status).to.equal(405);
    expect(rig.auth.asked).to.deep.equal([]);
  });
});
