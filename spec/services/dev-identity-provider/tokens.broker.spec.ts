import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { after, before, describe, it } from 'mocha';
import { callHttps } from '../../support/https-call.ts';
import {
  demoDirectory,
  obtainToken,
  type RunningIdentityProvider,
  ScriptedBrowser,
  signInByForm,
  startIdentityProvider,
} from '../../support/identity-provider.ts';
import { writeTlsCertificate } from '../../support/tls-certificate.ts';
import { until } from '../../support/until.ts';

const REDIRECT = 'https://login.sallyport.localhost:8443/.sallyport/callback';
const [api] = demoDirectory.apis;
const [daemon] = demoDirectory.daemons;

type Answer = Readonly<Record<string, string>>;

describe('tokens of the development identity provider', function tokenSpecs() {
  this.timeout(20_000);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-dev-idp-'));
  const logoutTokens: string[] = [];
  let relyingParty: Server;
  let idp: RunningIdentityProvider;

  before(async () => {
    const tls = await writeTlsCertificate(folder);
    relyingParty = createServer({ cert: tls.cert, key: tls.key }, (req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
        logoutTokens.push(form.get('logout_token') ?? '');
        res.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => {
      relyingParty.listen(0, '127.0.0.1', resolve);
    });
    const uri = `https://localhost:${(relyingParty.address() as AddressInfo).port}/logout`;
    idp = await startIdentityProvider({ redirectUris: [REDIRECT], backChannelLogout: { uri, caFile: tls.certFile } });
  });
  after(async () => {
    await idp?.stop();
    relyingParty?.closeAllConnections();
    await new Promise((resolve) => {
      relyingParty.close(resolve);
    });
    rmSync(folder, { recursive: true, force: true });
  });

  const base = () => idp.issuer.replace(/\/v2\.0$/, '');
  const post = async (form: Record<string, string>): Promise<Answer> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const body = new URLSearchParams(form).toString();
    const answer = await callHttps(`${base()}/oauth2/v2.0/token`, { method: 'POST', ca: idp.ca, headers, body });
    return JSON.parse(answer.text) as Answer;
  };
  const web = () => ({ client_id: idp.clientIds.web, client_secret: idp.clientSecret });
  const signIn = async (scope: string, extra: Record<string, string> = {}, browser?: ScriptedBrowser) => {
    const parameters = { response_type: 'code', redirect_uri: REDIRECT, scope, state: 's', nonce: 'n', ...extra };
    const authorizeUrl = `${base()}/oauth2/v2.0/authorize?${new URLSearchParams({ client_id: idp.clientIds.web, ...parameters }).toString()}`;
    const callback = await signInByForm({
      authorizeUrl,
      username: 'bob',
      password: 'bob',
      browser: browser ?? new ScriptedBrowser({ ca: idp.ca }),
    });
    const code = new URL(callback).searchParams.get('code') ?? '';
    return post({ ...web(), grant_type: 'authorization_code', redirect_uri: REDIRECT, code });
  };
  const refresh = (token: string, scope = 'openid profile email offline_access') =>
    post({ ...web(), grant_type: 'refresh_token', refresh_token: token, scope });

  it('include a refresh token only when offline access is asked for, and nobody is asked for consent', async () => {
    expect(await signIn('openid profile email')).not.to.have.property('refresh_token');
    expect(await signIn('openid profile email offline_access')).to.have.property('refresh_token');
    expect(await signIn('openid offline_access', { prompt: 'login' })).to.have.property('refresh_token');
  });

  it('rotate: each refresh token is good once, and used twice it takes back its whole line', async () => {
    const first = await signIn('openid profile email offline_access');
    const second = await refresh(first.refresh_token ?? '');
    expect(second.refresh_token).to.be.a('string').and.not.equal(first.refresh_token);
    const before = decodeJwt(first.id_token ?? '');
    const now = decodeJwt(second.id_token ?? '');
    for (const claim of ['iss', 'sub', 'aud', 'oid', 'tid', 'sid', 'auth_time', 'department'])
      expect(now[claim], claim).to.equal(before[claim]);
    expect(await refresh(first.refresh_token ?? '')).to.include({ error: 'invalid_grant' });
    expect(await refresh(second.refresh_token ?? '')).to.include({ error: 'invalid_grant' });
  });

  it('name the session at the provider and further claims of the person', async () => {
    const claims = decodeJwt((await signIn('openid profile')).id_token ?? '');
    expect(claims.sid).to.be.a('string').and.not.equal('');
    expect(claims.department).to.equal('Engineering');
  });

  it('for the API of a published app carry its audience and scope', async () => {
    const token = await obtainToken({
      issuer: idp.issuer,
      clientId: idp.clientIds.cli,
      scope: `api://${api.clientId}/user_impersonation`,
      username: 'bob',
      password: 'bob',
      ca: idp.ca,
    });
    const claims = decodeJwt(token);
    expect(claims).to.include({ aud: api.clientId, scp: 'user_impersonation', azp: idp.clientIds.cli, idtyp: 'user' });
    expect(claims).to.include({ ver: '2.0', tid: idp.tenantId, department: 'Engineering' });
    expect(claims).not.to.have.property('nonce');
  });

  it('of a program alone carry its roles at that API, and neither scope nor person', async () => {
    const credentials = { client_id: daemon.clientId, client_secret: daemon.clientSecret };
    const ask = (scope: string) => post({ ...credentials, grant_type: 'client_credentials', scope });
    const claims = decodeJwt((await ask(`api://${api.clientId}/.default`)).access_token ?? '');
    expect(claims).to.include({ aud: api.clientId, azp: daemon.clientId, oid: daemon.oid, idtyp: 'app', ver: '2.0' });
    expect(claims.roles).to.deep.equal(['Task.Run']);
    expect(claims).not.to.have.any.keys('scp', 'name', 'preferred_username');
    const foreign = decodeJwt((await ask(`api://${idp.clientIds.api}/.default`)).access_token ?? '');
    expect(foreign).not.to.have.property('roles');
    const guess = { ...credentials, client_secret: 'not-the-secret-of-it', scope: 'x' };
    expect(await post({ ...guess, grant_type: 'client_credentials' })).to.include({ error: 'invalid_client' });
  });

  it('of a sign-out go to the back channel, naming session and person', async () => {
    const browser = new ScriptedBrowser({ ca: idp.ca });
    const claims = decodeJwt((await signIn('openid', {}, browser)).id_token ?? '');
    const page = await browser.get(`${base()}/oauth2/v2.0/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? '';
    await browser.post(action, { xsrf, logout: 'yes' });
    await until(() => logoutTokens.length > 0);
    const [token = ''] = logoutTokens;
    expect(decodeProtectedHeader(token)).to.include({ alg: 'RS256', typ: 'logout+jwt' });
    const said = decodeJwt(token);
    expect(said).to.include({ iss: idp.issuer, aud: idp.clientIds.web, sub: claims.sub, sid: claims.sid });
    expect(said.events).to.deep.equal({ 'http://schemas.openid.net/event/backchannel-logout': {} });
    expect(said.jti).to.be.a('string');
    expect(said).not.to.have.property('nonce');
  });
});
