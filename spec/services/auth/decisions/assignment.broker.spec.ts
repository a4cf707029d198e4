import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import { accessPolicy, changePolicySet, newId, PORTAL_APP_ID } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { explainDecision } from '../../../../services/audit/src/decisions/explain-decision.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, PORTAL_URL, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';

const groupId = (index: number) => `a1a1a1a1-0000-4000-8000-${String(index).padStart(12, '0')}`;
const person = <T extends object>(username: string, last: number, change: T) => ({
  username,
  password: username,
  name: username,
  oid: `b2b2b2b2-0000-4000-8000-${String(last).padStart(12, '0')}`,
  ...change,
});
const GROUP = groupId(1);
/** In 201 groups: the provider lists none of them, as Entra does. */
const MANY = person('many', 1, { groups: Array.from({ length: 201 }, (_none, index) => groupId(index)) });
const READER = person('reader', 2, { roles: ['Wiki.Reader'] });
const BOTH = person('both', 3, { groups: MANY.groups, roles: ['Wiki.Reader', 'Other.Admin'] });

describe('assignment', function assignmentSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  before(async () => {
    world = await startAuthWorld({ users: [MANY, READER, BOTH] });
  });
  after(() => world?.stop());

  const publish = async (assigned: Parameters<typeof published>[0]) => {
    const id = newId('app');
    const url = `https://${id.slice(4)}.sallyport.localhost:8443/`;
    await world.appendApp(id, published({ url, ...assigned }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes(id)));
    return { id, url };
  };
  const open = async (username: string, { id, url }: { readonly id: string; readonly url: string }) => {
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn(username, id, url);
    return { browser, reply: await browser.authorize(id, url) };
  };
  const decision = async (type: string, id: string) =>
    Object((await world.factsNamed(type)).find(({ commit }) => commit.id === id)?.data) as Record<string, unknown>;

  it('by a group that the identity provider does not list denies, and says why and what helps', async () => {
    const { reply } = await open('many', await publish({ groups: [GROUP] }));
    if (reply.verdict !== 'deny') throw new Error(JSON.stringify(reply));
    expect(reply.reason).to.equal('groups-unknown');
    expect(reply.detail).to.contain('more groups than the identity provider lists');
    expect(reply.detail).to.contain('send only the groups assigned to the application');
    const fact = await decision('AccessDenied', reply.decisionId);
    expect(fact).to.deep.include({ reasons: ['session-active', 'app-published', 'groups-unknown'] });
    expect(fact.inputs).to.deep.include({ groups: null, roles: [] });
    const again = (await explainDecision(world.store, TENANT, reply.decisionId)).replayed;
    expect(again).to.deep.equal({ verdict: 'denied', reasons: fact.reasons, isSame: true });
    const started = (await world.factsNamed('SessionStarted')).map(({ data }) => Object(data).principal);
    expect(started.find(({ username }) => username.startsWith('many'))).to.deep.include({
      groups: [],
      groupsOverage: true,
    });
  });

  it('by user lets somebody with unknown groups in, and tells the origin that the list is not whole', async () => {
    const { reply } = await open('many', await publish({ users: [MANY.oid], groups: [GROUP] }));
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    expect(reply.identity.principal).to.deep.include({ groups: [], groupsOverage: true });
    const claims = decodeJwt(reply.identity.assertion);
    expect(claims.hasgroups).to.equal(true);
    expect(claims).not.to.have.property('groups');
  });

  it('where no group is assigned does not blame unknown groups', async () => {
    const { reply } = await open('many', await publish({ users: [READER.oid], roles: ['Wiki.Reader'] }));
    expect(reply).to.include({ verdict: 'deny', reason: 'user-unassigned' });
  });

  it('by app role lets its holder in, records it, and brings all roles to the origin', async () => {
    const app = await publish({ groups: [GROUP], roles: ['Wiki.Reader'] });
    for (const username of ['reader', 'both']) {
      const { reply } = await open(username, app);
      if (reply.verdict !== 'allow') throw new Error(`${username}: ${JSON.stringify(reply)}`);
      const fact = await decision('AccessGranted', reply.decisionId);
      expect(fact).to.deep.include({
        reasons: ['session-active', 'app-published', 'app-role-assigned', 'policies-passed'],
      });
      expect(fact.inputs).to.deep.include({ roles: ['Wiki.Reader'] });
      const { roles } = username === 'both' ? BOTH : READER;
      expect(reply.identity.principal.roles).to.deep.equal(roles);
      expect(decodeJwt(reply.identity.assertion).roles).to.deep.equal(roles);
    }
  });

  it('by another app role denies', async () => {
    const { reply } = await open('reader', await publish({ roles: ['wiki.reader', 'Other.Admin'] }));
    expect(reply).to.include({ verdict: 'deny', reason: 'user-unassigned' });
  });

  it('by app role ends at once when it is taken back', async () => {
    const app = await publish({ roles: ['Wiki.Reader'] });
    const { browser, reply } = await open('reader', app);
    expect(reply.verdict).to.equal('allow');
    const known = world.revocations.length;
    await world.appendApp(app.id, [{ type: 'AppRoleUnassigned', data: { role: 'Wiki.Reader' } }]);
    await until(() => world.revocations.slice(known).some(({ appIds }) => appIds.includes(app.id)));
    expect(await browser.authorize(app.id, app.url)).to.include({ verdict: 'deny', reason: 'user-unassigned' });
    if (reply.verdict !== 'allow') throw new Error(reply.verdict);
    const { replayed } = await explainDecision(world.store, TENANT, reply.decisionId);
    expect(replayed).to.deep.include({ verdict: 'granted', isSame: true });
  });

  it('of nobody leaves the portal open to somebody with unknown groups', async () => {
    const { reply } = await open('many', { id: PORTAL_APP_ID, url: PORTAL_URL });
    expect(reply.verdict).to.equal('allow');
  });

  it('by user is not enough where a policy is for a group that may be one of the unknown ones', async () => {
    const app = await publish({ users: [MANY.oid, READER.oid] });
    const block = accessPolicy.parse({
      id: 'block',
      name: 'Not for this group',
      state: 'on',
      assignments: { users: { include: { groups: [GROUP] } }, apps: { include: [app.id] } },
      grant: { kind: 'block' },
    });
    await callEndpoint(world.console, TENANT, changePolicySet, {
      commandId: newId('cmd'),
      actor: { kind: 'local-operator', id: 'local-operator' },
      correlationId: 'spec',
      force: true,
      change: { kind: 'replace', policies: [block], locations: [] },
    });
    await until(() => world.revocations.some(({ everything }) => everything));
    const { reply } = await open('many', app);
    expect(reply).to.include({ verdict: 'deny', reason: 'policy-input-missing' });
    expect((await open('reader', app)).reply.verdict).to.equal('allow');
  });
});
