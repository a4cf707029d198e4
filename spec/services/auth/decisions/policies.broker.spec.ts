import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import {
  type AccessPolicy,
  type AuthorizeReply,
  accessPolicy,
  changePolicySet,
  newId,
  PORTAL_APP_ID,
  policySet,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, PORTAL_URL, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;
const actor = { kind: 'local-operator', id: 'local-operator' } as const;
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';

type Written = Partial<Omit<AccessPolicy, 'assignments' | 'id' | 'conditions'>> & {
  readonly id: string;
  readonly conditions?: object;
  readonly apps?: 'all' | readonly string[];
};
/** For Bob, on the wiki, on. */
const policyOf = ({ apps = ['app_wiki'], ...written }: Written): AccessPolicy =>
  accessPolicy.parse({
    name: `Policy ${written.id}`,
    state: 'on',
    assignments: { users: { include: { users: [BOB.oid] } }, apps: { include: apps } },
    grant: { kind: 'block' },
    ...written,
  });

describe('access by policies', function policySpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [ALICE.oid, BOB.oid] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
  });
  beforeEach(async () => {
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_wiki');
  });
  afterEach(async () => {
    world.clock.offsetMs = 0;
    await put();
  });
  after(() => world?.stop());

  /** The set from now on; resolves when the ingresses have been told. */
  async function put(...policies: AccessPolicy[]): Promise<number> {
    const told = world.revocations.filter(({ everything }) => everything).length;
    const before = await callEndpoint(world.console, TENANT, policySet, {});
    const request = { commandId: newId('cmd'), actor, correlationId: 'spec', force: true };
    const change = { kind: 'replace' as const, policies, locations: [] };
    const { revision } = await callEndpoint(world.console, TENANT, changePolicySet, { ...request, change });
    if (revision !== before.revision)
      await until(() => world.revocations.filter(({ everything }) => everything).length > told);
    return revision;
  }

  const only = <Verdict extends AuthorizeReply['verdict']>(reply: AuthorizeReply, verdict: Verdict) => {
    if (reply.verdict !== verdict) throw new Error(`expected ${verdict}: ${JSON.stringify(reply)}`);
    return reply as Extract<AuthorizeReply, { verdict: Verdict }>;
  };
  const factOf = async (type: string, decisionId: string) =>
    (await world.factsNamed(type)).find(({ commit }) => commit.id === decisionId)?.data as Record<string, unknown>;

  it('blocks with a sentence that names the policy, and records set, inputs and outcome', async () => {
    const revision = await put(
      policyOf({ id: 'no-windows', name: 'No Windows', conditions: { platforms: { include: ['windows'] } } }),
      policyOf({ id: 'secret', name: 'Secret plans', conditions: { platforms: { include: ['ios'] } } }),
    );
    browser.client = { address: '192.0.2.7', userAgent: WINDOWS };
    const reply = only(await browser.authorize('app_wiki'), 'deny');
    expect(reply.reason).to.equal('policy-blocked');
    expect(reply.detail).to.equal(
      'bob@sallyport.example is signed in, but for Wiki the policy “No Windows” blocks it; it would be allowed from another platform.',
    );
    const fact = await factOf('AccessDenied', reply.decisionId);
    expect(fact).to.deep.include({
      reasons: ['session-active', 'app-published', 'user-assigned', 'policy-blocked'],
      policySetRevision: revision,
    });
    expect(fact.inputs).to.include({ subject: BOB.oid, platform: 'windows', clientKind: 'browser', isGuest: null });
    expect(fact.outcomes).to.have.length(1);
    expect((fact.outcomes as object[])[0]).to.include({
      policyId: 'no-windows',
      result: 'blocked',
      isReportOnly: false,
    });
  });

  it('asks again where a session moves: what it may in one program it may not in another', async () => {
    await put(policyOf({ id: 'no-windows', conditions: { platforms: { include: ['windows'] } } }));
    browser.client = { address: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' };
    const linux = only(await browser.authorize('app_wiki'), 'allow');
    expect(only(await browser.authorize('app_wiki'), 'allow').decisionId).to.equal(linux.decisionId);
    browser.client = { address: '192.0.2.7', userAgent: WINDOWS };
    only(await browser.authorize('app_wiki'), 'deny');
    browser.client = { address: '192.0.2.8', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' };
    expect(only(await browser.authorize('app_wiki'), 'allow').decisionId).not.to.equal(linux.decisionId);
  });

  it('asks for what a sign-in can bring, with a recorded challenge', async () => {
    await put(
      policyOf({
        id: 'mfa',
        name: 'Second method',
        grant: { kind: 'require', operator: 'all', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
      }),
    );
    const reply = only(await browser.authorize('app_wiki'), 'step-up');
    expect(reply.challenge).to.deep.equal({ contexts: ['c1'] });
    expect(reply.reason).to.equal('step-up-required');
    expect(reply.detail).to.contain('Second method').and.contain('authentication context c1');
    expect(await factOf('AccessChallenged', reply.decisionId)).to.deep.include({ challenge: { contexts: ['c1'] } });
    expect(only(await browser.authorize('app_wiki'), 'step-up').decisionId).to.equal(reply.decisionId);
  });

  it('records what report-only policies would have said, and lets pass', async () => {
    await put(policyOf({ id: 'trial', state: 'report-only' }));
    const reply = only(await browser.authorize('app_wiki'), 'allow');
    const { outcomes } = await factOf('AccessGranted', reply.decisionId);
    expect(outcomes).to.have.length(1);
    expect((outcomes as object[])[0]).to.include({ policyId: 'trial', isReportOnly: true, result: 'blocked' });
  });

  it('records of the groups of a user only those that app or policies name', async () => {
    const { engineering, everyone } = demoDirectory.groups;
    const bare = only(await browser.authorize('app_wiki'), 'allow');
    expect((await factOf('AccessGranted', bare.decisionId)).inputs).to.deep.include({ groups: [] });
    const written = policyOf({ id: 'trial', state: 'report-only' });
    const exclude = { users: [], groups: [engineering], directoryRoles: [], guests: false };
    const { users, apps } = written.assignments;
    await put({ ...written, assignments: { apps, users: { ...users, exclude } } });
    const named = only(await browser.authorize('app_wiki'), 'allow');
    const { inputs, outcomes } = await factOf('AccessGranted', named.decisionId);
    expect(BOB.groups).to.include.members([engineering, everyone]);
    expect(inputs).to.deep.include({ groups: [engineering] });
    expect(outcomes).to.deep.equal([]);
  });

  it('denies what cannot be looked up, whatever the policy grants', async () => {
    await put(policyOf({ id: 'risk', conditions: { signInRisk: ['high'] } }));
    const reply = only(await browser.authorize('app_wiki'), 'deny');
    expect(reply.reason).to.equal('policy-input-missing');
    expect(reply.detail).to.contain('needs to know the risk of your sign-in');
  });

  it('applies to the portal as to any app, and to nobody else', async () => {
    await put(policyOf({ id: 'no-portal', apps: [PORTAL_APP_ID] }));
    await browser.signIn('bob', PORTAL_APP_ID, PORTAL_URL);
    only(await browser.authorize(PORTAL_APP_ID, PORTAL_URL), 'deny');
    only(await browser.authorize('app_wiki'), 'allow');
    const other = new BrowserDouble(world.ingress, world.idp.ca);
    await other.signIn('alice', PORTAL_APP_ID, PORTAL_URL);
    only(await other.authorize(PORTAL_APP_ID, PORTAL_URL), 'allow');
  });

  it('lets no cache outlive the instant at which a sign-in becomes too old', async () => {
    await put(
      policyOf({
        id: 'fresh',
        grant: { kind: 'require', operator: 'all', controls: [{ kind: 'reauthentication', maxAgeMinutes: 5 }] },
      }),
    );
    world.clock.offsetMs = 280_000;
    const last = only(await browser.authorize('app_wiki'), 'allow');
    expect(last.cacheSeconds).to.be.within(1, 20);
    world.clock.offsetMs = 301_000;
    expect(only(await browser.authorize('app_wiki'), 'step-up').challenge).to.deep.equal({
      contexts: [],
      maxAgeMinutes: 5,
    });
  });

  it('voids every decision within a second of a change, and decides by the new set at once', async () => {
    const allowed = only(await browser.authorize('app_wiki'), 'allow');
    const startedAt = Date.now();
    await put(policyOf({ id: 'closed' }));
    expect(Date.now() - startedAt).to.be.lessThan(1_000);
    only(await browser.authorize('app_wiki'), 'deny');
    await put();
    const again = only(await browser.authorize('app_wiki'), 'allow');
    expect(again.decisionId).not.to.equal(allowed.decisionId);
  });

  it('keeps to the policies over a restart', async () => {
    await put(policyOf({ id: 'closed' }));
    await world.restart();
    only(await browser.authorize('app_wiki'), 'deny');
  });
});
