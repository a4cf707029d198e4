import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import {
  ACCESS_COOKIE,
  type AccessChallengeView,
  type AccessPolicy,
  accessPolicy,
  assessSession,
  changePolicySet,
  newId,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../support/identity-provider.ts';
import { until } from '../../support/until.ts';
import { APP_URL, type AuthWorld, published, startAuthWorld, TENANT } from './support/auth-world.ts';
import { BrowserDouble, redirected } from './support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;
const WANTED = `${APP_URL}payroll/2026?month=11#total`;
const OPERATOR = { kind: 'local-operator', id: 'local-operator' } as const;
const C1 = { contexts: ['c1'] };

describe('step-up', function stepUpSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ groups: [demoDirectory.groups.everyone] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
  });
  beforeEach(async () => {
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_wiki');
    expect(browser.asked.splice(0)).to.deep.equal(['password']);
  });
  afterEach(() => {
    world.clock.offsetMs = 0;
  });
  after(() => world?.stop());

  /** Where the sign-in host sends a browser that was challenged. */
  const challenged = async (challenge: AccessChallengeView, from = browser) => {
    const begun = redirected(await from.begin('app_wiki', WANTED, challenge));
    return redirected(await from.continue(begun.location)).location;
  };
  const last = async (fact: string) => (await world.factsNamed(fact)).at(-1);
  const isTicket = (location: string) => location.startsWith(`${APP_URL}.sallyport/complete?ticket=`);

  it('asks for the one-time code and nothing else, and leads to the page that was wanted', async () => {
    const before = await last('SessionStarted');
    const location = await challenged(C1);
    const asked = new URL(location).searchParams;
    expect(asked.get('claims')).to.equal(
      '{"id_token":{"acrs":{"essential":true,"value":"c1"},"auth_time":{"essential":true}}}',
    );
    expect(asked.get('login_hint')).to.equal('bob@sallyport.example');
    expect([...asked.keys()]).not.to.include.oneOf(['prompt', 'max_age']);
    const callback = await browser.authenticate(location, 'bob');
    expect(browser.asked).to.deep.equal(['one-time-code']);
    const ticket = redirected(await browser.complete(callback));
    expect(redirected(await browser.open(ticket.location, 'app_wiki')).location).to.equal(WANTED);
    const after = await last('SessionStarted');
    expect(after?.commit.id).not.to.equal(before?.commit.id);
    expect(after?.data).to.deep.include({ authenticationContexts: ['p1', 'c1'] });
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
  });

  it('ends the session before, at once for its access cookies', async () => {
    const old = browser.jar(APP_URL).get(ACCESS_COOKIE) ?? '';
    const before = await last('SessionStarted');
    redirected(await browser.complete(await browser.authenticate(await challenged(C1), 'bob')));
    const ended = await last('SessionEnded');
    expect(ended?.data).to.deep.equal({ reason: 'replaced' });
    expect(ended?.commit.id).to.equal(before?.commit.id);
    expect(await browser.authorize('app_wiki', APP_URL, old)).to.deep.equal({
      verdict: 'sign-in',
      reason: 'session-ended',
    });
    await until(() => world.revocations.some(({ sessionIds }) => sessionIds.includes(before?.commit.id ?? '?')));
  });

  it('makes neither the sign-in younger nor the session longer', async () => {
    const before = await last('SessionStarted');
    world.clock.offsetMs = 60_000;
    redirected(await browser.complete(await browser.authenticate(await challenged(C1), 'bob')));
    const after = await last('SessionStarted');
    for (const instant of ['authenticatedAt', 'expiresAt'])
      expect(Reflect.get(Object(after?.data), instant), instant).to.equal(Reflect.get(Object(before?.data), instant));
  });

  it('does not move the session to another network; a fresh sign-in does', async () => {
    browser.client = { address: '198.51.100.9', userAgent: 'spec' };
    redirected(await browser.complete(await browser.authenticate(await challenged(C1), 'bob')));
    expect((await last('SessionStarted'))?.data).to.deep.include({ address: '192.0.2.7' });
    world.clock.offsetMs = 20 * 60_000;
    const fresh = await challenged({ contexts: [], maxAgeMinutes: 10 });
    redirected(await browser.complete(await browser.authenticate(fresh, 'bob')));
    expect((await last('SessionStarted'))?.data).to.deep.include({ address: '198.51.100.9' });
  });

  it('keeps the risk of the sign-in; a fresh one has one of its own', async () => {
    const before = await last('SessionStarted');
    const sessionId = before?.commit.id ?? '';
    const said = { commandId: newId('cmd'), actor: OPERATOR, correlationId: 'req_spec', detail: 'spec' };
    await callEndpoint(world.console, TENANT, assessSession, { ...said, sessionId, level: 'medium' });
    redirected(await browser.complete(await browser.authenticate(await challenged(C1), 'bob')));
    expect((await last('SessionStarted'))?.data).to.include({ signInRisk: 'medium' });
    world.clock.offsetMs = 20 * 60_000;
    const fresh = await challenged({ contexts: [], maxAgeMinutes: 10 });
    redirected(await browser.complete(await browser.authenticate(fresh, 'bob')));
    expect((await last('SessionStarted'))?.data).not.to.have.property('signInRisk');
  });

  it('goes straight on when the session has what is asked, also in a second tab that began earlier', async () => {
    const slowTab = await challenged(C1);
    const answer = await browser.authenticate(await challenged(C1), 'bob');
    redirected(await browser.complete(answer));
    expect(isTicket(await challenged(C1))).to.equal(true);
    const sessions = (await world.factsNamed('SessionStarted')).length;
    const ticket = redirected(await browser.complete(await browser.authenticate(slowTab, 'bob')));
    expect(isTicket(ticket.location)).to.equal(true);
    expect(await world.factsNamed('SessionStarted')).to.have.length(sessions);
    expect(browser.asked).to.deep.equal(['one-time-code']);
  });

  it('asks for several contexts together and keeps those the session had', async () => {
    redirected(await browser.complete(await browser.authenticate(await challenged(C1), 'bob')));
    const location = await challenged({ contexts: ['c7', 'c8', 'c7'] });
    expect(new URL(location).searchParams.get('claims')).to.equal(
      '{"id_token":{"acrs":{"essential":true,"values":["c7","c8"]},"auth_time":{"essential":true}}}',
    );
    redirected(await browser.complete(await browser.authenticate(location, 'bob')));
    expect((await last('SessionStarted'))?.data)
      .to.have.property('authenticationContexts')
      .with.members(['p1', 'c1', 'c7', 'c8']);
    expect(isTicket(await challenged(C1))).to.equal(true);
  });

  it('asks for a sign-in anew when it is too old, and not when it is young', async () => {
    expect(isTicket(await challenged({ contexts: [], maxAgeMinutes: 10 }))).to.equal(true);
    world.clock.offsetMs = 20 * 60_000;
    const location = await challenged({ contexts: [], maxAgeMinutes: 10 });
    const asked = new URL(location).searchParams;
    expect(asked.get('prompt')).to.equal('login');
    expect(asked.get('claims')).to.equal('{"id_token":{"auth_time":{"essential":true}}}');
    const before = await last('SessionStarted');
    const ticket = redirected(await browser.complete(await browser.authenticate(location, 'bob')));
    expect(browser.asked).to.deep.equal(['password']);
    expect(redirected(await browser.open(ticket.location, 'app_wiki')).location).to.equal(WANTED);
    const after = await last('SessionStarted');
    expect(
      String(Reflect.get(Object(after?.data), 'expiresAt')) > String(Reflect.get(Object(before?.data), 'expiresAt')),
    ).to.equal(true);
  });

  it('asks for the one-time code alone when the sign-in is young enough but the factor is missing', async () => {
    const location = await challenged({ contexts: ['c1'], maxAgeMinutes: 10 });
    expect(new URL(location).searchParams.has('prompt')).to.equal(false);
    redirected(await browser.complete(await browser.authenticate(location, 'bob')));
    expect(browser.asked).to.deep.equal(['one-time-code']);
  });

  it('asks whoever is not signed in for everything in one go', async () => {
    const stranger = new BrowserDouble(world.ingress, world.idp.ca);
    const location = await challenged(C1, stranger);
    expect(new URL(location).searchParams.has('login_hint')).to.equal(false);
    redirected(await stranger.complete(await stranger.authenticate(location, 'bob')));
    expect(stranger.asked).to.deep.equal(['password', 'one-time-code']);
  });

  it('asks for nothing when the challenge is empty', async () => {
    expect(isTicket(await challenged({ contexts: [] }))).to.equal(true);
  });

  it('begins a new session where the old one is over, once for two tabs', async () => {
    const over = { contexts: [], maxAgeMinutes: 0, needsNewSession: true };
    const [one, two] = [await challenged(over), redirected(await browser.begin('app_wiki', WANTED, over)).location];
    expect(new URL(one).searchParams.get('prompt')).to.equal('login');
    const before = await last('SessionStarted');
    // The identity provider tells whole seconds: the sign-in must not seem older than the question.
    const askedAt = Math.floor(Date.now() / 1000);
    await until(() => Math.floor(Date.now() / 1000) > askedAt);
    redirected(await browser.complete(await browser.authenticate(one, 'bob')));
    expect(browser.asked).to.deep.equal(['password']);
    expect((await last('SessionStarted'))?.commit.id).not.to.equal(before?.commit.id);
    expect(isTicket(redirected(await browser.continue(two)).location)).to.equal(true);
  });

  describe('asked by a policy', () => {
    const put = async (...policies: readonly AccessPolicy[]) => {
      const told = world.revocations.filter(({ everything }) => everything).length;
      const context = { commandId: newId('cmd'), actor: OPERATOR, correlationId: 'spec', force: true };
      const change = { kind: 'replace' as const, policies: [...policies], locations: [] };
      await callEndpoint(world.console, TENANT, changePolicySet, { ...context, change });
      await until(() => world.revocations.filter(({ everything }) => everything).length > told);
    };
    const require = (control: object) =>
      accessPolicy.parse({
        id: 'step-up',
        name: 'Step-up',
        state: 'on',
        assignments: { users: { include: 'all' }, apps: { include: ['app_wiki'] } },
        grant: { kind: 'require', operator: 'all', controls: [control] },
      });
    /** As the ingress does: asks, follows the challenge, comes back. Returns the page it leads to. */
    const comply = async () => {
      const decision = await browser.authorize('app_wiki');
      if (decision.verdict !== 'step-up') throw new Error(`expected step-up: ${JSON.stringify(decision)}`);
      const callback = await browser.authenticate(await challenged(decision.challenge), 'bob');
      const ticket = redirected(await browser.complete(callback));
      return redirected(await browser.open(ticket.location, 'app_wiki')).location;
    };
    afterEach(() => put());

    it('for a context: one code later the app is open', async () => {
      await put(require({ kind: 'authentication-strength', context: 'c1' }));
      expect(await comply()).to.equal(WANTED);
      expect(browser.asked).to.deep.equal(['one-time-code']);
      expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
    });

    it('for a sign-in that is not old: the app is open until it is', async () => {
      await put(require({ kind: 'reauthentication', maxAgeMinutes: 30 }));
      expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
      world.clock.offsetMs = 20 * 60_000;
      await put(require({ kind: 'reauthentication', maxAgeMinutes: 21 }));
      expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
      world.clock.offsetMs = 22 * 60_000;
      expect((await browser.authorize('app_wiki')).verdict).to.equal('step-up');
    });
  });

  describe('that is not met', () => {
    const without = (location: string, name: string) => {
      const url = new URL(location);
      url.searchParams.delete(name);
      return url.href;
    };

    it('is denied with a page that says what is missing, and the session stays as it was', async () => {
      const callback = await browser.authenticate(without(await challenged(C1), 'claims'), 'bob');
      const reply = await browser.complete(callback);
      expect(reply).to.include({ kind: 'denied', reason: 'step-up-not-met', status: 403 });
      expect(reply.kind === 'denied' && reply.detail).to.equal(
        'This app asks for more than your sign-in brought: the identity provider did not confirm authentication context c1.',
      );
      expect((await last('SignInRefused'))?.data).to.deep.include({ reason: 'step-up-not-met' });
      expect(browser.asked).to.deep.equal([]);
      expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
      expect(await browser.complete(callback)).to.include({ reason: 'transaction-missing' });
    });

    it('stays not met when somebody else comes back, who brought no more', async () => {
      const location = without(await challenged(C1), 'claims');
      const elsewhere = new BrowserDouble(world.ingress, world.idp.ca);
      const reply = await browser.complete(await elsewhere.authenticate(location, 'alice'));
      expect(reply).to.include({ kind: 'denied', reason: 'step-up-not-met' });
      expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
    });
  });

  it('starts a session of somebody else with what they brought, and nothing of the one before', async () => {
    redirected(await browser.complete(await browser.authenticate(await challenged({ contexts: ['c9'] }), 'bob')));
    const location = await challenged(C1);
    const elsewhere = new BrowserDouble(world.ingress, world.idp.ca);
    redirected(await browser.complete(await elsewhere.authenticate(location, 'alice')));
    const started = await last('SessionStarted');
    expect(started?.commit.metadata.actor).to.deep.include({ id: ALICE.oid });
    expect(started?.commit.metadata.actor).not.to.deep.include({ id: BOB.oid });
    expect(started?.data).to.deep.include({ authenticationContexts: ['p1', 'c1'] });
  });
});
