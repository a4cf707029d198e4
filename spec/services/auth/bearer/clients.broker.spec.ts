import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  ACCESS_COOKIE,
  type AccessPolicy,
  type AppFact,
  accessPolicy,
  changePolicySet,
  changeUser,
  newId,
  userIdOf,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { explainDecision } from '../../../../services/audit/src/decisions/explain-decision.ts';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { APP_URL, type AuthWorld, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';
import { BEARER_TOKENS, type Clients, createClients } from './client-double.ts';

const [, BOB] = demoDirectory.users;
const [DAEMON] = demoDirectory.daemons;
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140';
const ADMIN = { kind: 'local-operator', id: 'local-operator' } as const;
const command = () => ({ commandId: newId('cmd'), actor: ADMIN, correlationId: newId('req') });
const TAKES: AppFact = { type: 'AppBearerTokensChanged', data: { bearerTokens: BEARER_TOKENS } };

describe('clients without a browser', function clientSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let clients: Clients;
  before(async () => {
    world = await startAuthWorld();
    clients = createClients(world);
    await publish('app_api', [...published({ users: [BOB.oid], roles: ['Task.Run'] }), TAKES]);
    await publish('app_plain', published({ url: 'https://plain.sallyport.localhost:8443/', users: [BOB.oid] }));
  });
  after(() => world?.stop());

  const publish = async (id: string, facts: readonly AppFact[]) => {
    const seen = world.revocations.length;
    await world.appendApp(id, facts);
    await until(() => world.revocations.slice(seen).some(({ appIds }) => appIds.includes(id)));
  };
  const policies = async (given: readonly Record<string, unknown>[]) => {
    const set: AccessPolicy[] = given.map((one) =>
      accessPolicy.parse({
        name: one.id,
        state: 'on',
        assignments: { users: { include: 'all' }, apps: { include: 'all' } },
        ...one,
      }),
    );
    await callEndpoint(world.console, TENANT, changePolicySet, {
      ...command(),
      change: { kind: 'replace', policies: set, locations: [] },
      force: true,
    });
  };
  const change = (user: string, type: 'DisableUser' | 'EnableUser' | 'SignOutUserEverywhere') =>
    callEndpoint(world.console, TENANT, changeUser, {
      ...command(),
      user,
      directoryTenant: world.idp.tenantId,
      command: { type },
    });
  const decisionOf = (reply: object): string => String(Reflect.get(reply, 'decisionId'));
  /** The decision as it was recorded; it must come to the same when it is made again. */
  const explained = async (decisionId: string) => {
    const view = await explainDecision(world.store, TENANT, decisionId);
    expect(view.replayed, decisionId).to.deep.include({ isSame: true, verdict: view.verdict });
    return view;
  };

  it('of an assigned user open the app, as that person, and are recorded without a session', async () => {
    clients.userAgent = BROWSER;
    const token = await clients.tokenOf('bob');
    const reply = await clients.ask('app_api', token);
    clients.userAgent = 'curl/8';
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    const id = userIdOf({ directoryTenant: world.idp.tenantId, subject: BOB.oid });
    expect(reply.identity.sessionId).to.equal(id);
    expect(reply.identity.principal).to.include({ subject: BOB.oid, username: 'bob@sallyport.example' });
    expect(Date.parse(reply.expiresAt)).to.be.within(Date.now() + 3_500_000, Date.now() + 3_600_000);
    const view = await explained(reply.decisionId);
    expect(view).to.deep.include({ sessionId: null, credential: { kind: 'user-token', id } });
    expect(view.reasons).to.deep.equal(['token-accepted', 'app-published', 'user-assigned', 'policies-passed']);
    expect(view.inputs).to.include({
      clientKind: 'native',
      platform: 'linux',
      address: '192.0.2.9',
      sessionAddress: 'unknown',
      sessionStartedAtMs: view.inputs?.authenticatedAtMs,
    });
    expect(JSON.stringify(await world.factsNamed('AccessGranted'))).not.to.contain(token);
  });

  it('of somebody who is not assigned are denied with a receipt', async () => {
    const reply = await clients.ask('app_api', await clients.tokenOf('carol'));
    expect(reply).to.include({ verdict: 'deny', reason: 'user-unassigned', username: 'carol@sallyport.example' });
    if (reply.verdict === 'deny') await explained(reply.decisionId);
  });

  it('of nobody but themselves are let in by an app role, or by their own id, and are machines whatever they say', async () => {
    clients.userAgent = BROWSER;
    const token = await clients.tokenOfDaemon();
    const reply = await clients.ask('app_api', token);
    clients.userAgent = 'curl/8';
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    const view = await explained(reply.decisionId);
    expect(view.credential?.kind).to.equal('app-token');
    expect(view.reasons).to.include('app-role-assigned');
    expect(view.inputs).to.include({ clientKind: 'machine', isGuest: false });
    expect(reply.identity.principal).to.include({ username: `app:${DAEMON.clientId}`, name: DAEMON.clientId });
    const url = 'https://by-id.sallyport.localhost:8443/';
    await publish('app_by_id', [...published({ url, users: [DAEMON.oid] }), TAKES]);
    expect(await clients.ask('app_by_id', token)).to.include({ verdict: 'allow' });
    await publish('app_other_role', [
      ...published({ url: 'https://role.sallyport.localhost:8443/', roles: ['Task.Else'] }),
      TAKES,
    ]);
    expect(await clients.ask('app_other_role', token)).to.include({ verdict: 'deny', reason: 'user-unassigned' });
  });

  it('are taken only where the app says so, for its audience and scope, as long as it says so', async () => {
    const token = await clients.tokenOf('bob');
    const refused = (reason: string, error = 'invalid_token') => ({ verdict: 'refuse-token', reason, error });
    expect(await clients.ask('app_plain', token)).to.include(refused('access-tokens-not-taken'));
    expect(await clients.ask('portal', token)).to.include(refused('access-tokens-not-taken'));
    expect(await clients.ask('app_absent', token)).to.include(refused('access-tokens-not-taken'));
    const url = 'https://scope.sallyport.localhost:8443/';
    const wants = (change: object): AppFact => ({
      type: 'AppBearerTokensChanged',
      data: { bearerTokens: { ...BEARER_TOKENS, ...change } },
    });
    await publish('app_scope', [...published({ url, users: [BOB.oid] }), wants({ scope: 'Other.Scope' })]);
    const missing = await clients.ask('app_scope', token);
    expect(missing).to.include(refused('access-token-scope-missing', 'insufficient_scope'));
    await publish('app_scope', [wants({})]);
    expect(await clients.ask('app_scope', token)).to.include({ verdict: 'allow' });
    await publish('app_scope', [wants({ audience: world.idp.clientIds.api })]);
    expect(await clients.ask('app_scope', token)).to.include(refused('access-token-invalid'));
    await publish('app_scope', [
      wants({}),
      { type: 'AppIdentityProviderChanged', data: { identityProvider: 'another' } },
    ]);
    expect(await clients.ask('app_scope', token)).to.include(refused('access-token-provider-unknown'));
    const records = await world.factsNamed('TokenRefused');
    expect(records.map(({ data }) => Reflect.get(data as object, 'audience'))).to.include.members([
      'app_plain',
      'app_scope',
    ]);
    expect(JSON.stringify(records)).not.to.contain(token.slice(-40));
  });

  it('get one decision for many requests, and are verified without the identity provider for a while', async () => {
    const token = await clients.tokenOf('bob');
    const first = await clients.ask('app_api', token);
    await world.idp.halt();
    const replies = await Promise.all(Array.from({ length: 20 }, () => clients.ask('app_api', token)));
    await world.idp.restart();
    expect(new Set(replies.map((reply) => ('decisionId' in reply ? reply.decisionId : reply.verdict))).size).to.equal(
      1,
    );
    expect(replies[0]).to.include({ decisionId: 'decisionId' in first ? first.decisionId : '' });
  });

  it('are told what a policy asks for as a challenge, and are machines to it or not', async () => {
    const tokens = [await clients.tokenOf('bob'), await clients.tokenOfDaemon()];
    await policies([{ id: 'machines', conditions: { clientKinds: ['machine'] }, grant: { kind: 'block' } }]);
    const blocked = await Promise.all(tokens.map((token) => clients.ask('app_api', token)));
    expect(blocked.map(({ verdict }) => verdict)).to.deep.equal(['allow', 'deny']);
    const strong = { kind: 'require', controls: [{ kind: 'authentication-strength', context: 'c1' }] };
    await policies([{ id: 'strong', grant: strong }]);
    const asked = await Promise.all(tokens.map((token) => clients.ask('app_api', token)));
    for (const reply of asked) {
      expect(reply).to.deep.include({ verdict: 'step-up', challenge: { contexts: ['c1'] } });
      if (reply.verdict === 'step-up') await explained(reply.decisionId);
    }
    await policies([]);
  });

  it('are bound by the longest session and by the network as sessions are, whatever made them new', async () => {
    const bob = await clients.tokenOf('bob');
    const tokens = [bob, await clients.tokenOfDaemon(), (await clients.issue(['app_api'])).token];
    const asked = async (session: Record<string, unknown>) => {
      await policies([{ id: 'bound', grant: { kind: 'allow' }, session }]);
      const replies = await Promise.all(tokens.map((token) => clients.ask('app_api', token)));
      for (const reply of replies) if (reply.verdict !== 'refuse-token') await explained(decisionOf(reply));
      return replies.map((reply) => ('reason' in reply ? reply.reason : reply.verdict));
    };
    const [ofBob, ...ofMachines] = await asked({ maxSessionMinutes: 60 });
    const { authenticatedAtMs = 0 } = (await explained(decisionOf(await clients.ask('app_api', bob)))).inputs ?? {};
    expect(ofBob).to.equal(Date.now() - authenticatedAtMs < 3_600_000 ? 'allow' : 'step-up-required');
    expect(ofMachines).to.deep.equal(['step-up-required', 'step-up-required']);
    expect(await asked({ bindToNetwork: true })).to.deep.equal(Array(3).fill('policy-input-missing'));
    await policies([]);
  });

  it('are denied while their user is disabled, and refused once everything of theirs was signed out', async () => {
    const token = await clients.tokenOf('bob');
    expect(await clients.ask('app_api', token)).to.include({ verdict: 'allow' });
    const id = userIdOf({ directoryTenant: world.idp.tenantId, subject: BOB.oid });
    const seen = world.revocations.length;
    await change(BOB.oid, 'DisableUser');
    await until(() => world.revocations.slice(seen).some(({ sessionIds }) => sessionIds.includes(id)));
    const denied = await clients.ask('app_api', token);
    expect(denied).to.include({ verdict: 'deny', reason: 'user-disabled' });
    if (denied.verdict === 'deny')
      expect((await explained(denied.decisionId)).reasons).to.deep.equal(['token-accepted', 'user-disabled']);
    await change(BOB.oid, 'EnableUser');
    await until(async () => (await clients.ask('app_api', token)).verdict === 'allow');
    await change(BOB.oid, 'SignOutUserEverywhere');
    await until(async () => (await clients.ask('app_api', token)).verdict === 'refuse-token');
    expect(await clients.ask('app_api', token)).to.include({
      error: 'invalid_token',
      reason: 'access-token-signed-out',
    });
    // `iat` has whole seconds: a token of the very second counts as one from before.
    await until(async () => (await clients.ask('app_api', await clients.tokenOf('bob'))).verdict === 'allow');
  });

  it('bring no cookie as a token, nor a token as a cookie', async () => {
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_api');
    expect(await browser.authorize('app_api')).to.include({ verdict: 'allow' });
    const cookie = browser.jar(APP_URL).get(ACCESS_COOKIE) ?? '';
    expect(cookie.length).to.be.greaterThan(100);
    expect(await clients.ask('app_api', cookie)).to.include({
      verdict: 'refuse-token',
      reason: 'access-token-invalid',
    });
    browser.jar(APP_URL).set(ACCESS_COOKIE, await clients.tokenOf('bob'));
    expect(await browser.authorize('app_api')).to.include({ verdict: 'sign-in' });
  });
});
