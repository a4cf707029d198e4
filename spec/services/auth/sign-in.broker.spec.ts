// long because every refusal of a sign-in stands beside the sign-in it refuses, in one world
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { ACCESS_COOKIE, type AuthReply, SESSION_COOKIE } from '#libs/contracts';
import { DEVICE_COOKIE } from '../../../services/auth/src/preauth/cookies.ts';
import { demoDirectory } from '../../support/identity-provider.ts';
import { until } from '../../support/until.ts';
import { APP_URL, type AuthWorld, PORTAL_URL, published, SIGN_IN_URL, startAuthWorld } from './support/auth-world.ts';
import { BrowserDouble, redirected } from './support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;

describe('sign-in', function signInSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [ALICE.oid], groups: [demoDirectory.groups.engineering] }));
    await world.appendApp('app_other', published({ url: 'https://other.sallyport.localhost:8443/' }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_other')));
  });
  beforeEach(() => {
    browser = new BrowserDouble(world.ingress, world.idp.ca);
  });
  after(() => world?.stop());

  const atCallback = async (from: BrowserDouble, username = 'bob', appId = 'app_wiki') => {
    const begun = redirected(await from.begin(appId));
    return from.authenticate(redirected(await from.continue(begun.location)).location, username);
  };

  it('brings a person from the app through the identity provider back to the very address', async () => {
    const returnUrl = `${APP_URL}pages/1?q=a%20b&x=#part`;
    const begun = redirected(await browser.begin('app_wiki', returnUrl));
    expect(begun.location).to.match(/^https:\/\/login\.sallyport\.localhost:8443\/\.sallyport\/sign-in\?t=/);
    expect(begun.setCookies).to.have.length(1);
    expect(begun.setCookies[0]).to.match(
      /^__Host-sallyport-bind-[\w-]{8}=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    const sent = redirected(await browser.continue(begun.location));
    const authorize = new URL(sent.location);
    expect(Object.fromEntries(authorize.searchParams)).to.include({
      response_type: 'code',
      response_mode: 'query',
      code_challenge_method: 'S256',
      redirect_uri: `${SIGN_IN_URL}/.sallyport/callback`,
      client_id: demoDirectory.clientIds.web,
    });
    expect(sent.setCookies[0]).to.match(
      /^__Host-sallyport-tx-[\w-]{16}=.*; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    const callback = await browser.authenticate(sent.location, 'bob');
    const completed = redirected(await browser.complete(callback));
    expect(completed.location).to.match(/^https:\/\/wiki\.sallyport\.localhost:8443\/\.sallyport\/complete\?ticket=/);
    expect(browser.cookies(SIGN_IN_URL)).to.have.all.keys(SESSION_COOKIE, DEVICE_COOKIE);
    const opened = redirected(await browser.open(completed.location, 'app_wiki'));
    expect(opened.location).to.equal(returnUrl);
    expect(browser.cookies(APP_URL)).to.have.all.keys(ACCESS_COOKIE);
    const decision = await browser.authorize('app_wiki');
    expect(decision.verdict).to.equal('allow');
  });

  it('records who signed in, from where and until when', async () => {
    await browser.signIn('alice', 'app_wiki');
    const started = (await world.factsNamed('SessionStarted')).at(-1);
    expect(started?.commit.metadata.actor).to.deep.equal({
      kind: 'user',
      id: ALICE.oid,
      name: 'alice@sallyport.example',
    });
    expect(started?.data).to.deep.include({ address: '192.0.2.7', userAgent: 'spec', authenticationContexts: ['p1'] });
    const instant = (name: string) => Date.parse(String(Reflect.get(Object(started?.data), name)));
    // The identity provider says when, in whole seconds.
    expect(instant('expiresAt') - instant('authenticatedAt')).to.be.within(8 * 3_600_000, 8 * 3_600_000 + 10_000);
    const opened = (await world.factsNamed('AppAccessOpened')).at(-1);
    expect(opened?.commit.id).to.equal(started?.commit.id);
  });

  it('asks the identity provider once for many apps', async () => {
    await browser.signIn('bob', 'app_wiki');
    const begun = redirected(await browser.begin('portal', PORTAL_URL));
    const sent = redirected(await browser.continue(begun.location));
    expect(sent.location).to.match(/^https:\/\/portal\.sallyport\.localhost:8443\/\.sallyport\/complete\?ticket=/);
    redirected(await browser.open(sent.location, 'portal'));
    expect((await browser.authorize('portal', PORTAL_URL)).verdict).to.equal('allow');
  });

  it('lets two tabs sign in at once, into one session', async () => {
    const [one, two] = [
      redirected(await browser.begin('app_wiki')),
      redirected(await browser.begin('app_wiki', `${APP_URL}two`)),
    ];
    const [sentOne, sentTwo] = [
      redirected(await browser.continue(one.location)),
      redirected(await browser.continue(two.location)),
    ];
    const callbackOne = await browser.authenticate(sentOne.location, 'bob');
    const callbackTwo = await browser.authenticate(sentTwo.location, 'bob');
    const ticketOne = redirected(await browser.complete(callbackOne));
    const ticketTwo = redirected(await browser.complete(callbackTwo));
    expect(redirected(await browser.open(ticketTwo.location, 'app_wiki')).location).to.equal(`${APP_URL}two`);
    expect(redirected(await browser.open(ticketOne.location, 'app_wiki')).location).to.equal(APP_URL);
    const opened = (await world.factsNamed('AppAccessOpened')).slice(-2);
    expect(opened[0]?.commit.id).to.equal(opened[1]?.commit.id);
  });

  it('replaces the session when another person signs in', async () => {
    const first = await atCallback(browser, 'bob');
    const other = redirected(await browser.begin('app_wiki'));
    const sent = redirected(await browser.continue(other.location));
    redirected(await browser.complete(first));
    const elsewhere = new BrowserDouble(world.ingress, world.idp.ca);
    redirected(await browser.complete(await elsewhere.authenticate(sent.location, 'alice')));
    expect((await world.factsNamed('SessionEnded')).at(-1)?.data).to.deep.equal({ reason: 'replaced' });
  });

  describe('refuses', () => {
    const denied = (reply: AuthReply, reason: string, status: number) => {
      expect(reply).to.include({ kind: 'denied', reason, status });
      expect(reply.kind === 'denied' && reply.detail).to.match(/^[A-Z].*\.$/);
    };

    it('a state that was used before, with and without its cookie, and changes nothing', async () => {
      const callback = await atCallback(browser);
      const jar = new Map(browser.jar(SIGN_IN_URL));
      redirected(await browser.complete(callback));
      const sessions = (await world.factsNamed('SessionStarted')).length;
      denied(await browser.complete(callback), 'state-replayed', 400);
      const thief = new BrowserDouble(world.ingress, world.idp.ca);
      for (const [name, value] of jar) thief.jar(SIGN_IN_URL).set(name, value);
      denied(await thief.complete(callback), 'state-replayed', 400);
      expect(await world.factsNamed('SessionStarted')).to.have.length(sessions);
    });

    it('an answer whose sign-in began in another browser', async () => {
      const callback = await atCallback(browser);
      denied(await new BrowserDouble(world.ingress, world.idp.ca).complete(callback), 'transaction-missing', 400);
    });

    it('a transaction cookie that was changed, or belongs to another state', async () => {
      const callback = await atCallback(browser);
      const [name = '', value = ''] = [...browser.jar(SIGN_IN_URL)].find(([key]) => key.includes('-tx-')) ?? [];
      browser.jar(SIGN_IN_URL).set(name, flip(value));
      denied(await browser.complete(callback), 'transaction-invalid', 400);
      const other = new BrowserDouble(world.ingress, world.idp.ca);
      const otherCallback = await atCallback(other);
      const [otherName = ''] = [...other.jar(SIGN_IN_URL).keys()];
      other.jar(SIGN_IN_URL).set(otherName, value);
      denied(await other.complete(otherCallback), 'state-mismatch', 400);
    });

    it('a sign-in that took longer than ten minutes', async () => {
      const begun = redirected(await browser.begin('app_wiki'));
      const callback = await browser.authenticate(redirected(await browser.continue(begun.location)).location, 'bob');
      world.clock.offsetMs = 601_000;
      try {
        denied(await browser.complete(callback), 'transaction-invalid', 400);
        denied(await browser.continue(begun.location), 'sign-in-link-invalid', 400);
      } finally {
        world.clock.offsetMs = 0;
      }
    });

    it('a sign-in link that was changed', async () => {
      const begun = redirected(await browser.begin('app_wiki'));
      denied(await browser.continue(flip(begun.location)), 'sign-in-link-invalid', 400);
      denied(await browser.continue(`${SIGN_IN_URL}/?t=`), 'sign-in-link-invalid', 400);
    });

    it('an app that is not there and a return address elsewhere', async () => {
      denied(await browser.begin('app_nowhere'), 'app-unknown', 404);
      denied(await browser.begin('APP.*.>'), 'app-unknown', 404);
      for (const address of [
        'https://evil.example/',
        'https://wiki.sallyport.localhost/',
        'javascript:1',
        '',
        'https://user@wiki.sallyport.localhost:8443/',
      ])
        denied(await browser.beginWith('app_wiki', address), 'return-url-foreign', 400);
    });

    it('a ticket in another browser, for another app, used twice, changed or late', async () => {
      const ticket = redirected(await browser.complete(await atCallback(browser))).location;
      denied(await new BrowserDouble(world.ingress, world.idp.ca).open(ticket, 'app_wiki'), 'binding-missing', 400);
      denied(await browser.open(ticket, 'app_other'), 'ticket-of-another-app', 400);
      denied(await browser.open(flip(ticket), 'app_wiki'), 'ticket-invalid', 400);
      const jar = new Map(browser.jar(APP_URL));
      redirected(await browser.open(ticket, 'app_wiki'));
      for (const [name, value] of jar) browser.jar(APP_URL).set(name, value);
      denied(await browser.open(ticket, 'app_wiki'), 'ticket-replayed', 400);
      world.clock.offsetMs = 61_000;
      try {
        denied(await browser.open(ticket, 'app_wiki'), 'ticket-invalid', 400);
      } finally {
        world.clock.offsetMs = 0;
      }
    });

    it('answers in shapes an identity provider does not send', async () => {
      const { state = '' } = Object.fromEntries(new URL(await atCallback(browser)).searchParams);
      const wrong: Record<string, string | string[]>[] = [
        {},
        { code: 'x' },
        { state: ['a', 'b'], code: 'x' },
        { state, code: ['x', 'y'] },
        { state: '../../x', code: 'x' },
        Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, 'x'])),
      ];
      for (const query of wrong) denied(await browser.complete(query), 'sign-in-response-invalid', 400);
      for (const extra of [
        { id_token: 'a' },
        { access_token: 'a' },
        { p: 'b2c' },
        { iss: 'https://evil.example' },
        { code: 'é' },
      ])
        denied(await completeFresh({ code: 'x', ...extra }), 'sign-in-response-invalid', 400);
      denied(await completeFresh({}), 'sign-in-response-invalid', 400);
    });

    it('what the identity provider refused, naming its error', async () => {
      const reply = await completeFresh({ error: 'access_denied', error_description: '\n<b>' });
      denied(reply, 'identity-provider-refused', 403);
      expect(reply.kind === 'denied' && reply.detail).to.include('error access_denied');
      const unknownCode = await completeFresh({ code: 'made-up' });
      denied(unknownCode, 'identity-provider-refused', 403);
      expect(unknownCode.kind === 'denied' && unknownCode.detail).to.include('invalid_grant');
    });

    it('with a record of each refusal', async () => {
      browser.requestId = 'req_refused';
      await browser.continue(`${SIGN_IN_URL}/?t=x`);
      const refusal = (await world.factsNamed('SignInRefused')).at(-1);
      expect(refusal?.data).to.deep.include({
        reason: 'sign-in-link-invalid',
        requestId: 'req_refused',
        address: '192.0.2.7',
      });
      expect(refusal?.commit.metadata.correlationId).to.equal('req_refused');
    });

    const completeFresh = async (query: Record<string, string>) => {
      const fresh = new BrowserDouble(world.ingress, world.idp.ca);
      const begun = redirected(await fresh.begin('app_wiki'));
      const sent = redirected(await fresh.continue(begun.location));
      return fresh.complete({ state: new URL(sent.location).searchParams.get('state') ?? '', ...query });
    };
  });

  describe('with the identity provider down', () => {
    it('names it, and signs in again when it is back', async () => {
      const callback = await atCallback(browser);
      await world.idp.halt();
      try {
        const reply = await browser.complete(callback);
        expect(reply).to.include({ kind: 'denied', reason: 'identity-provider-unreachable', status: 503 });
        expect(reply.kind === 'denied' && reply.detail).to.include(`localhost:${world.idp.port}`);
      } finally {
        await world.idp.restart();
      }
      expect(await new BrowserDouble(world.ingress, world.idp.ca).signIn('bob', 'app_wiki')).to.equal(APP_URL);
    });
  });

  it('signs out: ends the session everywhere, clears cookies, tells the ingress and the identity provider', async () => {
    await browser.signIn('bob', 'app_wiki');
    const decision = await browser.authorize('app_wiki');
    const sessionId = decision.verdict === 'allow' ? decision.identity.sessionId : '';
    const access = browser.jar(APP_URL).get(ACCESS_COOKIE) ?? '';
    const reply = redirected(await browser.signOut(APP_URL));
    const location = new URL(reply.location);
    expect(location.pathname).to.equal(`/${world.idp.tenantId}/oauth2/v2.0/logout`);
    // OpenID Connect RP-Initiated Logout 1.0, 2; Entra ID takes no username for a hint.
    expect(Object.fromEntries(location.searchParams)).to.deep.equal({
      client_id: world.idp.clientIds.web,
      post_logout_redirect_uri: `${SIGN_IN_URL}/.sallyport/signed-out`,
    });
    expect(browser.cookies(APP_URL)).to.deep.equal({});
    expect(await browser.authorize('app_wiki', APP_URL, access)).to.deep.equal({
      verdict: 'sign-in',
      reason: 'session-ended',
    });
    await until(() => world.revocations.some((message) => message.sessionIds.includes(sessionId)));
    expect((await browser.signOut(SIGN_IN_URL)).kind).to.equal('signed-out');
    expect(browser.cookies(SIGN_IN_URL), 'the browser stays known').to.have.all.keys(DEVICE_COOKIE);
    const again = redirected(await browser.continue(redirected(await browser.begin('app_wiki')).location));
    expect(again.location).to.include('/oauth2/v2.0/authorize?');
    expect(BOB.oid).to.be.a('string');
  });

  it('keeps sessions over a restart of auth', async () => {
    await browser.signIn('bob', 'app_wiki');
    await world.restart();
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
    await world.restart({ sealer: 'node-crypto' });
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
    await world.restart();
  });
});

function flip(text: string): string {
  const at = text.length - 12;
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}
