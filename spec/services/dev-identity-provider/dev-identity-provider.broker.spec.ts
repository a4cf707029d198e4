import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { parseConfig } from '#libs/config';
import { createLogger } from '#libs/telemetry';
import { devIdentityProviderConfig } from '../../../services/dev-identity-provider/src/config.ts';
import { DEVELOPMENT_NOTICE } from '../../../services/dev-identity-provider/src/pages.ts';
import { startDevIdentityProvider } from '../../../services/dev-identity-provider/src/service.ts';
import {
  obtainToken,
  type RunningIdentityProvider,
  ScriptedBrowser,
  signInByForm,
  startIdentityProvider,
} from '../../support/identity-provider.ts';

const REDIRECT = 'https://login.sallyport.localhost:8443/.sallyport/callback';
const AFTER = 'https://portal.sallyport.localhost:8443/';

describe('development identity provider', () => {
  let idp: RunningIdentityProvider;
  before(async () => {
    idp = await startIdentityProvider({ redirectUris: [REDIRECT], postLogoutRedirectUris: [AFTER] });
  });
  after(() => idp.stop());

  const browser = () => new ScriptedBrowser({ ca: idp.ca });
  const base = () => idp.issuer.replace(/\/v2\.0$/, '');
  const authorizeUrl = (extra: Record<string, string> = {}) =>
    `${base()}/oauth2/v2.0/authorize?${new URLSearchParams({
      client_id: idp.clientIds.web,
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: REDIRECT,
      scope: 'openid profile email',
      state: 'some-state',
      nonce: 'some-nonce',
      ...extra,
    }).toString()}`;
  const redeem = async (redirect: string) => {
    const answer = await browser().post(`${base()}/oauth2/v2.0/token`, {
      grant_type: 'authorization_code',
      client_id: idp.clientIds.web,
      client_secret: idp.clientSecret,
      redirect_uri: REDIRECT,
      code: new URL(redirect).searchParams.get('code') ?? '',
    });
    return JSON.parse(answer.body) as Record<string, string>;
  };
  const token = (username: string, scope = `api://${idp.clientIds.api}/Sallyport.Manage`) =>
    obtainToken({ issuer: idp.issuer, clientId: idp.clientIds.cli, scope, username, password: username, ca: idp.ca });

  it('publishes metadata in the places of Entra v2.0', async () => {
    const page = await browser().get(`${idp.issuer}/.well-known/openid-configuration`);
    const metadata = JSON.parse(page.body) as Record<string, string>;
    expect(metadata.issuer).to.equal(idp.issuer);
    expect(metadata.authorization_endpoint).to.equal(`${base()}/oauth2/v2.0/authorize`);
    expect(metadata.token_endpoint).to.equal(`${base()}/oauth2/v2.0/token`);
    expect(metadata.jwks_uri).to.equal(`${base()}/discovery/v2.0/keys`);
    expect(metadata.end_session_endpoint).to.equal(`${base()}/oauth2/v2.0/logout`);
  });

  it('gives an ID token with the claims of Entra and typ JWT', async () => {
    const redirect = await signInByForm({
      authorizeUrl: authorizeUrl(),
      username: 'alice',
      password: 'alice',
      ca: idp.ca,
    });
    expect(redirect.startsWith(`${REDIRECT}?`)).to.equal(true);
    expect(new URL(redirect).searchParams.get('state')).to.equal('some-state');
    const { id_token: idToken = '' } = await redeem(redirect);
    expect(part(idToken, 0)).to.include({ alg: 'RS256', typ: 'JWT' });
    const claims = part(idToken, 1);
    expect(claims).to.include({
      iss: idp.issuer,
      aud: idp.clientIds.web,
      tid: idp.tenantId,
      ver: '2.0',
      nonce: 'some-nonce',
    });
    expect(claims).to.include({ name: 'Alice Admin', preferred_username: 'alice@sallyport.example' });
    expect(claims.wids).to.deep.equal(['62e90394-69f5-4237-9190-012177145e10']);
    expect(claims).to.have.any.keys('groups');
    expect(claims).not.to.have.any.keys('amr');
  });

  it('accepts the e-mail address as user name', async () => {
    const options = { authorizeUrl: authorizeUrl(), username: 'Bob@sallyport.example', password: 'bob', ca: idp.ca };
    expect(await signInByForm(options)).to.include('code=');
  });

  it('gives access tokens for the API with short scope names, by code and PKCE', async () => {
    const api = `api://${idp.clientIds.api}`;
    const claims = part(await token('bob', `${api}/Sallyport.Manage ${api}/Connector.Register`), 1);
    expect(claims).to.include({
      aud: idp.clientIds.api,
      scp: 'Sallyport.Manage Connector.Register',
      name: 'Bob Employee',
    });
    expect(claims.wids).to.deep.equal([]);
  });

  it('gives access tokens by device code, without script', async () => {
    const client = browser();
    const scope = `api://${idp.clientIds.api}/Connector.Register`;
    const started = await client.post(`${base()}/oauth2/v2.0/devicecode`, { client_id: idp.clientIds.cli, scope });
    const device = JSON.parse(started.body) as Record<string, string>;
    const poll = () =>
      client.post(`${base()}/oauth2/v2.0/token`, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: idp.clientIds.cli,
        device_code: device.device_code ?? '',
      });
    expect((await poll()).body).to.include('authorization_pending');
    const authorize = device.verification_uri_complete ?? '';
    const ended = await signInByForm({
      authorizeUrl: authorize,
      username: 'alice',
      password: 'alice',
      browser: client,
    }).catch((error: Error) => error.message);
    expect(ended).to.include('shows no form');
    const answer = JSON.parse((await poll()).body) as Record<string, string>;
    expect(part(answer.access_token ?? '', 1)).to.include({ scp: 'Connector.Register' });
  });

  it('says what is wrong on wrong credentials and keeps the typed name', async () => {
    const client = browser();
    const start = await client.get(authorizeUrl());
    const form = await client.post(start.location ?? '', { username: '<b>bob', password: 'wrong' });
    expect(form.status).to.equal(403);
    expect(form.body).to.include('role="alert"').and.include('User name or password is wrong.');
    expect(form.body).to.include('value="&lt;b&gt;bob"');
    const failure = await signInByForm({
      authorizeUrl: authorizeUrl(),
      username: 'bob',
      password: 'no',
      ca: idp.ca,
    }).catch((error: { code: string }) => error.code);
    expect(failure).to.equal('ERR_IDENTITY_SIGN_IN');
  });

  it('asks for the password again on prompt=login, and not without', async () => {
    const client = browser();
    await signInByForm({ authorizeUrl: authorizeUrl(), username: 'bob', password: 'bob', browser: client });
    const again = await client.get(authorizeUrl());
    expect(again.location).to.include(`${REDIRECT}?`);
    const forced = await client.get(authorizeUrl({ prompt: 'login' }));
    expect((await client.get(forced.location ?? '')).body).to.include('name="password"');
  });

  it('signs out and sends the browser back', async () => {
    const client = browser();
    await signInByForm({ authorizeUrl: authorizeUrl(), username: 'bob', password: 'bob', browser: client });
    const query = new URLSearchParams({ client_id: idp.clientIds.web, post_logout_redirect_uri: AFTER });
    const signOut = `${base()}/oauth2/v2.0/logout?${query.toString()}`;
    expect(await signInByForm({ authorizeUrl: signOut, username: '', password: '', browser: client })).to.equal(AFTER);
    expect((await client.get(authorizeUrl())).location).to.include('/login/');
  });

  it('says on every page that it is for development', async () => {
    const client = browser();
    const start = await client.get(authorizeUrl());
    const pages = [
      await client.get(start.location ?? ''),
      await client.post(start.location ?? '', { username: 'x', password: 'y' }),
      await client.get(authorizeUrl({ redirect_uri: 'https://evil.example/' })),
      await client.get(`${base()}/oauth2/deviceauth`),
      await client.get(`${base()}/oauth2/deviceauth?user_code=AAAA-BBBB`),
      await client.get(`${base()}/oauth2/v2.0/logout`),
      await client.get(`${base()}/oauth2/v2.0/logout/success`),
      await client.get(`${base()}/login/unknown`),
      await client.get(`https://localhost:${idp.port}/`),
      await client.get(`https://localhost:${idp.port}/elsewhere`),
    ];
    for (const page of pages) {
      expect(page.body, page.url).to.include(DEVELOPMENT_NOTICE);
      expect(page.body, page.url).to.include('prefers-color-scheme: dark');
      expect(page.body, page.url).not.to.include('<script');
    }
  });

  it('keeps its signing key over a restart', async () => {
    const kid = part(await token('alice'), 0).kid;
    await idp.restart();
    expect(part(await token('alice'), 0).kid).to.equal(kid);
  });

  it('refuses an oversized form and lives on', async () => {
    const client = browser();
    const start = await client.get(authorizeUrl());
    const answer = await client.post(start.location ?? '', { username: 'x'.repeat(20_000), password: 'y' });
    expect(answer.status).to.equal(400);
    expect((await client.get(`https://localhost:${idp.port}/`)).status).to.equal(200);
  });
});

describe('configuration of the development identity provider', () => {
  const valid = {
    tls: { certFile: '/nowhere/cert', keyFile: '/nowhere/key' },
    keyFile: '/nowhere/signing',
    clients: { web: { clientSecret: 'sixteen-characters-and-more', redirectUris: [REDIRECT] } },
  };
  const cases: readonly [string, Record<string, unknown>, RegExp][] = [
    ['a port out of range', { port: 70_000 }, /port:/],
    ['a tenant that is no GUID', { tenantId: 'contoso' }, /tenantId: expected a GUID/],
    [
      'a redirect URI without https',
      { clients: { web: { ...valid.clients.web, redirectUris: ['http://x/'] } } },
      /redirectUris\.0: expected an https address/,
    ],
    [
      'no secret',
      { clients: { web: { redirectUris: [REDIRECT] } } },
      /clients\.web: expected either clientSecret or clientSecretFile/,
    ],
    ['two users of one name', { users: [user('a'), user('a')] }, /users: usernames must differ/],
    ['an oid that is no GUID', { users: [{ ...user('a'), oid: '7' }] }, /users\.0\.oid: expected a GUID/],
  ];
  for (const [name, change, message] of cases) {
    it(`names the option for ${name}`, () => {
      expect(() => parseConfig(devIdentityProviderConfig, { ...valid, ...change }, 'file')).to.throw(message);
    });
  }

  it('names a certificate file that cannot be read', async () => {
    const logger = createLogger({ service: 'spec', write: () => {} });
    const failure = await startDevIdentityProvider(parseConfig(devIdentityProviderConfig, valid, 'file'), {
      logger,
    }).catch((error: { code: string; message: string }) => `${error.code} ${error.message}`);
    expect(failure).to.equal('ERR_DEV_IDP_FILE certificate /nowhere/cert cannot be used');
  });
});

function user(username: string): Record<string, unknown> {
  return { username, password: 'x', name: 'X', oid: 'b2b2b2b2-0000-4000-8000-00000000000f' };
}

function part(token: string, index: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString('utf8')) as Record<
    string,
    unknown
  >;
}
