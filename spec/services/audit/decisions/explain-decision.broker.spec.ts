import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  type AccessDecisionFact,
  type AccessPolicy,
  accessDecisionAggregate,
  accessPolicy,
  changePolicySet,
  type DecisionMadeFact,
  type DecisionView,
  newId,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { callEndpoint } from '#libs/messaging';
import { explainDecision } from '../../../../services/audit/src/decisions/explain-decision.ts';
import { AUTH_AGGREGATES } from '../../../../services/auth/src/ports.ts';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, published, startAuthWorld, TENANT } from '../../auth/support/auth-world.ts';
import { BrowserDouble } from '../../auth/support/browser-double.ts';

const [ALICE, BOB] = demoDirectory.users;
const actor = { kind: 'local-operator', id: 'local-operator' } as const;

function policyOf(id: string, change: Partial<Omit<AccessPolicy, 'id'>> = {}): AccessPolicy {
  return accessPolicy.parse({
    id,
    name: `Policy ${id}`,
    state: 'on',
    assignments: { users: { include: { users: [BOB.oid] } }, apps: { include: 'all' } },
    grant: { kind: 'block' },
    ...change,
  });
}
const MFA = policyOf('mfa', {
  name: 'Second method',
  grant: { kind: 'require', operator: 'all', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
});

/** Decisions that auth made and recorded with the real hub, read with the rights of audit. */
describe('decisions explained', function explainSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [BOB.oid] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_wiki');
  });
  after(() => world?.stop());

  async function put(...policies: AccessPolicy[]): Promise<number> {
    const told = world.revocations.filter(({ everything }) => everything).length;
    const change = { kind: 'replace' as const, policies, locations: [] };
    const request = { commandId: newId('cmd'), actor, correlationId: 'spec', force: true, change };
    const { revision } = await callEndpoint(world.console, TENANT, changePolicySet, request);
    await until(() => world.revocations.filter(({ everything }) => everything).length > told);
    return revision;
  }
  const explained = async (): Promise<DecisionView> => {
    const reply = await browser.authorize('app_wiki');
    if (reply.verdict === 'sign-in' || reply.verdict === 'refuse-token') throw new Error(JSON.stringify(reply));
    return explainDecision(world.store, TENANT, reply.decisionId);
  };

  it('names who, what and when, and comes to the same verdict again: granted', async () => {
    await put(policyOf('trial', { state: 'report-only' }));
    const decision = await explained();
    expect(decision).to.deep.include({ verdict: 'granted', appName: 'Wiki', subject: BOB.oid, requestId: 'req_spec' });
    expect(decision.reasons.at(-1)).to.equal('policies-passed');
    expect(decision.policies[0]).to.include({ policyId: 'trial', isReportOnly: true, says: 'blocks it' });
    expect(decision.replayed).to.deep.equal({ verdict: 'granted', reasons: decision.reasons, isSame: true });
  });

  it('speaks of the policy as it was, also after it was renamed, changed and removed', async () => {
    const revision = await put(MFA);
    const then = await explained();
    await put(policyOf('mfa', { name: 'Nobody at all' }));
    const blocked = await explained();
    await put();
    for (const made of [then, blocked])
      expect(await explainDecision(world.store, TENANT, made.decisionId)).to.deep.equal(made);
    expect(then).to.deep.include({
      verdict: 'challenged',
      policySetRevision: revision,
      challenge: { contexts: ['c1'] },
    });
    expect(then.policies).to.deep.equal([
      {
        policyId: 'mfa',
        policyVersion: then.policies[0]?.policyVersion,
        isReportOnly: false,
        result: 'unsatisfied',
        clauses: [{ clause: 'grant.controls.0', reason: then.policies[0]?.clauses[0]?.reason }],
        name: 'Second method',
        says: 'asks for a sign-in with authentication context c1',
        remedy: 'with a sign-in with authentication context c1',
      },
    ]);
    expect(blocked.policies[0]).to.include({ name: 'Nobody at all', result: 'blocked' });
    expect([then.replayed?.isSame, blocked.replayed?.isSame]).to.deep.equal([true, true]);
  });

  it('makes a denial by assignment again by the app as it was', async () => {
    await world.appendApp('app_wiki', [{ type: 'AppUserUnassigned', data: { userId: BOB.oid } }]);
    await until(async () => (await browser.authorize('app_wiki')).verdict === 'deny');
    const denied = await explained();
    expect(denied).to.deep.include({ verdict: 'denied', policies: [] });
    expect(denied.reasons.at(-1)).to.equal('user-unassigned');
    await world.appendApp('app_wiki', [{ type: 'AppUserAssigned', data: { userId: BOB.oid } }]);
    const later = await explainDecision(world.store, TENANT, denied.decisionId);
    expect(later.replayed).to.deep.equal({ verdict: 'denied', reasons: denied.reasons, isSame: true });
  });

  it('says so when the record does not lead to its verdict, and when it is too old to tell', async () => {
    const store = new InMemoryEventStore({ types: AUTH_AGGREGATES });
    const granted = (await world.factsNamed('AccessGranted')).at(-1);
    const fact = { type: granted?.type, data: granted?.data } as DecisionMadeFact;
    const { inputs: _inputs, outcomes: _outcomes, policySetRevision: _revision, ...old } = fact.data;
    const append = (id: string, ...facts: AccessDecisionFact[]) =>
      store.append({ tenant: TENANT, type: accessDecisionAggregate, id }, 0, facts, metadataOf(id));
    await append('dec_forged', fact);
    await append('dec_old', { type: 'AccessGranted', data: old });
    const { appId, subject, username, requestId } = fact.data;
    const refused = { appId, subject, username, requestId, reason: 'single-sign-on-refused' };
    await append('dec_refused', fact, { type: 'SignOnRefused', data: refused });
    expect((await explainDecision(store, TENANT, 'dec_refused')).signOnRefused).to.include({
      reason: 'single-sign-on-refused',
    });
    expect((await explainDecision(store, TENANT, 'dec_forged')).signOnRefused).to.equal(null);
    // This store knows no app: nobody is assigned to it.
    const forged = await explainDecision(store, TENANT, 'dec_forged');
    expect(forged.replayed).to.deep.include({ verdict: 'denied', isSame: false });
    expect(await explainDecision(store, TENANT, 'dec_old')).to.deep.include({
      replayed: null,
      policySetRevision: null,
      inputs: null,
    });
  });

  for (const id of ['dec_unknown', '', 'dec.*', '>', 'x'.repeat(64), ALICE.oid])
    it(`knows no decision ${JSON.stringify(id.slice(0, 20))}`, async () => {
      const error = await explainDecision(world.store, TENANT, id).catch((reason: unknown) => reason);
      expect(isSallyportError(error, 'ERR_DECISION_ABSENT'), String(error)).to.equal(true);
    });
});
