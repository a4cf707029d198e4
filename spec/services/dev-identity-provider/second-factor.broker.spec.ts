import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { AskedFor } from '#libs/identity';
import { DEVELOPMENT_NOTICE } from '../../../services/dev-identity-provider/src/pages.ts';
import {
  type RunningIdentityProvider,
  ScriptedBrowser,
  signInByForm,
  startIdentityProvider,
} from '../../support/identity-provider.ts';

const REDIRECT = 'https://login.sallyport.localhost:8443/.sallyport/callback';

describe('second factor at the development identity provider', function secondFactorSpecs() {
  this.timeout(20_000);
  let idp: RunningIdentityProvider;
  let browser: ScriptedBrowser;
  let asked: AskedFor[];
  before(async () => {
    idp = await startIdentityProvider({ redirectUris: [REDIRECT] });
  });
  beforeEach(() => {
    browser = new ScriptedBrowser({ ca: idp.ca });
    asked = [];
  });
  after(() => idp?.stop());

  const base = () => idp.issuer.replace(/\/v2\.0$/, '');
  const authorizeUrl = (contexts: readonly string[] = [], extra: Record<string, string> = {}) =>
    `${base()}/oauth2/v2.0/authorize?${new URLSearchParams({
      client_id: idp.clientIds.web,
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: REDIRECT,
      scope: 'openid profile email',
      state: 'some-state',
      nonce: 'some-nonce',
      ...(contexts.length > 0 && {
        claims: JSON.stringify({ id_token: { acrs: { essential: true, values: contexts } } }),
      }),
      ...extra,
    }).toString()}`;
  const signIn = async (url: string) => {
    const onAsked = (what: AskedFor) => asked.push(what);
    const options = { authorizeUrl: url, username: 'bob', password: 'bob', browser, onAsked };
    const code = new URL(await signInByForm(options)).searchParams.get('code') ?? '';
    const answer = await browser.post(`${base()}/oauth2/v2.0/token`, {
      grant_type: 'authorization_code',
      client_id: idp.clientIds.web,
      client_secret: idp.clientSecret,
      redirect_uri: REDIRECT,
      code,
    });
    return claimsOf((JSON.parse(answer.body) as { id_token: string }).id_token);
  };

  it('is asked for with c1 only, once, and is all that is asked of who is signed in', async () => {
    const first = await signIn(authorizeUrl());
    expect(first.acrs).to.deep.equal(['p1']);
    const second = await signIn(authorizeUrl(['c1']));
    expect(second.acrs).to.deep.equal(['p1', 'c1']);
    expect(second.auth_time).to.equal(first.auth_time);
    expect((await signIn(authorizeUrl(['c1']))).acrs).to.deep.equal(['p1', 'c1']);
    expect(asked).to.deep.equal(['password', 'one-time-code']);
    expect(second).not.to.have.any.keys('amr');
  });

  it('grants a context without a policy for the asking, as Entra does', async () => {
    expect((await signIn(authorizeUrl(['c5']))).acrs).to.deep.equal(['p1', 'c5']);
    expect(asked).to.deep.equal(['password']);
  });

  it('follows a new password on prompt=login', async () => {
    await signIn(authorizeUrl(['c1']));
    asked.length = 0;
    expect((await signIn(authorizeUrl(['c1'], { prompt: 'login' }))).acrs).to.deep.equal(['p1', 'c1']);
    expect(asked).to.deep.equal(['password', 'one-time-code']);
  });

  it('shows the form with the name filled in on prompt=login with a hint', async () => {
    await signIn(authorizeUrl());
    const started = await browser.get(authorizeUrl([], { prompt: 'login', login_hint: 'bob@sallyport.example' }));
    const { body } = await browser.get(started.location ?? '');
    expect(body).to.include('name="password"').and.include('value="bob@sallyport.example"');
  });

  it('is refused with a wrong code, and says so on the same page', async () => {
    await signIn(authorizeUrl());
    const { location } = await browser.get(authorizeUrl(['c1']));
    const page = await browser.get(location ?? '');
    expect(page.body).to.include(DEVELOPMENT_NOTICE).and.include('Development only. Your one-time code is');
    expect(page.body).to.include('autocomplete="one-time-code"').and.include('bob@sallyport.example');
    expect(page.body).not.to.include('<script').and.not.include('name="password"');
    const shown = /data-one-time-code="(\d{6})"/.exec(page.body)?.[1] ?? '';
    const wrong = shown === '000000' ? '111111' : '000000';
    const refused = await browser.post(location ?? '', { otp: wrong });
    expect(refused.status).to.equal(403);
    expect(refused.body).to.include('role="alert"').and.include('That is not the code shown above.');
    expect((await browser.post(location ?? '', { otp: shown })).status).to.be.within(302, 303);
  });

  it('cannot be had by posting a password in its place', async () => {
    await signIn(authorizeUrl());
    const { location } = await browser.get(authorizeUrl(['c1']));
    const answer = await browser.post(location ?? '', { username: 'bob', password: 'bob' });
    expect(answer.status).to.equal(403);
  });

  it('serves a program that an API asked for more: claims for the access token, by code and PKCE', async () => {
    const acrs = { acrs: { essential: true, value: 'c1' } };
    const verifier = 'v'.repeat(43);
    const cli = { client_id: idp.clientIds.cli, redirect_uri: 'http://localhost:8400/' };
    const url = authorizeUrl([], {
      ...cli,
      scope: `openid api://${idp.clientIds.api}/Sallyport.Manage`,
      claims: JSON.stringify({ access_token: acrs }),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const onAsked = (what: AskedFor) => asked.push(what);
    const redirect = await signInByForm({ authorizeUrl: url, username: 'bob', password: 'bob', browser, onAsked });
    const code = new URL(redirect).searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', ...cli, code, code_verifier: verifier };
    const answer = await browser.post(`${base()}/oauth2/v2.0/token`, form);
    const { access_token: token } = JSON.parse(answer.body) as { access_token: string };
    expect(claimsOf(token)).to.deep.include({ acrs: ['p1', 'c1'], scp: 'Sallyport.Manage' });
    expect(asked).to.deep.equal(['password', 'one-time-code']);
  });

  it('answers a claims request that is malformed with an error, and lives on', async () => {
    for (const claims of ['{', '[]', '7', '{"id_token":{"acrs":7}}', '{"id_token":[]}']) {
      const { status, location } = await browser.get(authorizeUrl([], { claims }));
      expect(status, claims).to.be.within(302, 303);
      expect(location, claims).to.be.a('string');
    }
    expect((await signIn(authorizeUrl())).acrs).to.deep.equal(['p1']);
  });
});

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}
