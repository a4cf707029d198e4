import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  accessPolicy,
  changePolicySet,
  MANAGE_SCOPE,
  newId,
  type ServiceTokenView,
  serviceTokens,
  verifyToken,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { callEndpoint } from '#libs/messaging';
import { explainDecision } from '../../../../services/audit/src/decisions/explain-decision.ts';
import { until } from '../../../support/until.ts';
import { type Clients, createClients } from '../bearer/client-double.ts';
import { type AuthWorld, published, startAuthWorld, TENANT } from '../support/auth-world.ts';

const DAY_MS = 86_400_000;
const CLIENT = { address: '192.0.2.7', userAgent: 'spec' };

describe('service tokens', function serviceTokenSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let clients: Clients;
  before(async () => {
    world = await startAuthWorld();
    clients = createClients(world);
    await world.appendApp('app_one', published({ url: 'https://one.sallyport.localhost:8443/' }));
    await world.appendApp('app_two', published({ url: 'https://two.sallyport.localhost:8443/' }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_two')));
  });
  after(() => world?.stop());

  const codeOf = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    return isSallyportError(error) ? error.code : error;
  };
  const list = async (query: { id?: string; appId?: string } = {}): Promise<readonly ServiceTokenView[]> =>
    (await callEndpoint(world.console, TENANT, serviceTokens, query)).serviceTokens;
  const refused = (reason: string, error = 'invalid_token') => ({ verdict: 'refuse-token', reason, error });

  it('open the apps they name without any assignment, as themselves, and are recorded', async () => {
    const issued = await clients.issue(['app_one'], 'Nightly report');
    expect(issued.token).to.match(/^sallyport_stk_[a-z2-7]{24}_[a-z2-7]{32}$/);
    expect(Date.parse(issued.expiresAt)).to.be.within(Date.now() + 89.9 * DAY_MS, Date.now() + 90.1 * DAY_MS);
    const reply = await clients.ask('app_one', issued.token);
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    expect(reply.identity.sessionId).to.equal(issued.id);
    expect(reply.identity.principal).to.deep.include({
      subject: issued.id,
      username: issued.id,
      name: 'Nightly report',
      groups: [],
    });
    const view = await explainDecision(world.store, TENANT, reply.decisionId);
    expect(view).to.deep.include({ sessionId: null, credential: { kind: 'service-token', id: issued.id } });
    expect(view.reasons).to.deep.equal(['service-token-accepted', 'app-published', 'policies-passed']);
    expect(view.inputs).to.include({ clientKind: 'machine', isAssignedByToken: true });
    expect(view.replayed).to.include({ isSame: true });
    expect(await clients.ask('app_two', issued.token)).to.include(
      refused('service-token-of-another-app', 'insufficient_scope'),
    );
    expect(await clients.ask('portal', issued.token)).to.include(
      refused('service-token-of-another-app', 'insufficient_scope'),
    );
  });

  it('keep no secret: facts, answers and log hold its hash alone', async () => {
    const { token } = await clients.issue(['app_one']);
    const secret = token.slice(-32);
    expect(JSON.stringify(await world.factsNamed('ServiceTokenIssued'))).not.to.contain(secret);
    expect(JSON.stringify(await list())).not.to.contain(secret);
    expect(world.log.join('\n')).not.to.contain(secret);
  });

  it('rotate: the secret before is good until its overlap ends, and none when there is no overlap', async () => {
    const issued = await clients.issue(['app_one']);
    const rotated = await clients.change({ type: 'RotateServiceToken', id: issued.id, overlapHours: 1 });
    const token = rotated.token ?? '';
    expect(token).not.to.equal(issued.token);
    const good = [await clients.ask('app_one', issued.token), await clients.ask('app_one', token)];
    expect(good.map(({ verdict }) => verdict)).to.deep.equal(['allow', 'allow']);
    const [view] = await list({ id: issued.id });
    expect(Date.parse(view?.previousUntil ?? '')).to.be.within(Date.now() + 3_590_000, Date.now() + 3_600_000);
    world.clock.offsetMs = 3_600_001;
    expect(await clients.ask('app_one', issued.token)).to.include(refused('service-token-expired'));
    expect(await clients.ask('app_one', token)).to.include({ verdict: 'allow' });
    expect((await list({ id: issued.id }))[0]?.previousUntil).to.equal(null);
    world.clock.offsetMs = 0;
    const again = await clients.change({ type: 'RotateServiceToken', id: issued.id, overlapHours: 0 });
    for (const before of [issued.token, token])
      expect(await clients.ask('app_one', before)).to.include(refused('service-token-expired'));
    expect(await clients.ask('app_one', again.token ?? '')).to.include({ verdict: 'allow' });
  });

  it('end on their day', async () => {
    const name = newId('app');
    const short = await clients.change({ type: 'IssueServiceToken', name, appIds: ['app_one'], lifetimeDays: 1 });
    world.clock.offsetMs = DAY_MS + 1;
    expect(await clients.ask('app_one', short.token ?? '')).to.include(refused('service-token-expired'));
    expect((await list({ id: short.serviceToken.id }))[0]?.status).to.equal('expired');
    world.clock.offsetMs = 0;
  });

  it('end when they are revoked, for good, and the ingress is told', async () => {
    const issued = await clients.issue(['app_one']);
    await clients.ask('app_one', issued.token);
    const seen = world.revocations.length;
    const revoked = await clients.change({ type: 'RevokeServiceToken', id: issued.id });
    expect(revoked).to.deep.include({ token: null });
    expect(revoked.serviceToken.status).to.equal('revoked');
    await until(() => world.revocations.slice(seen).some(({ sessionIds }) => sessionIds.includes(issued.id)));
    expect(await clients.ask('app_one', issued.token)).to.include(refused('service-token-revoked'));
    const rotate = { type: 'RotateServiceToken', id: issued.id } as const;
    expect(await codeOf(clients.change(rotate))).to.equal('ERR_SERVICE_TOKEN_REVOKED');
    await clients.change({ type: 'RevokeServiceToken', id: issued.id });
  });

  it('change their apps at once', async () => {
    const issued = await clients.issue(['app_one']);
    expect(await clients.ask('app_one', issued.token)).to.include({ verdict: 'allow' });
    await clients.change({ type: 'ChangeServiceTokenApps', id: issued.id, appIds: ['app_two'] });
    expect((await clients.ask('app_one', issued.token)).verdict).to.equal('refuse-token');
    expect(await clients.ask('app_two', issued.token)).to.include({ verdict: 'allow' });
    expect((await list({ appId: 'app_two' })).map(({ id }) => id)).to.include(issued.id);
    expect((await list({ appId: 'app_one' })).map(({ id }) => id)).not.to.include(issued.id);
  });

  it('are guessed by nobody: what is wrong with one is told only to whoever knows its secret', async () => {
    const issued = await clients.issue(['app_one']);
    await clients.change({ type: 'RevokeServiceToken', id: issued.id });
    const guesses = [
      `sallyport_${issued.id}_${'a'.repeat(32)}`,
      `sallyport_stk_${'a'.repeat(24)}_${'a'.repeat(32)}`,
      `sallyport_${issued.id}_`,
      `sallyport_${issued.id}_${'A'.repeat(32)}`,
      `sallyport_${'*'.repeat(28)}_${'a'.repeat(32)}`,
      `sallyport_stk.>_${'a'.repeat(32)}`,
      `${issued.token}\n`,
      `${issued.token}a`,
      'sallyport_',
      `sallyport_${'a'.repeat(16_000)}`,
    ];
    for (const guess of guesses)
      expect(await clients.ask('app_one', guess), guess.slice(0, 80)).to.include(refused('service-token-invalid'));
  });

  it('are named where they are refused, to whoever knows the secret and on the record, and to nobody else', async () => {
    const issued = await clients.issue(['app_one']);
    await clients.change({ type: 'RevokeServiceToken', id: issued.id });
    const known = [await clients.ask('app_one', issued.token), await clients.ask('app_two', issued.token)];
    for (const reply of known) expect(reply).to.have.property('detail', `The service token ${issued.id} was revoked.`);
    const guess = await clients.ask('app_one', `sallyport_${issued.id}_${'a'.repeat(32)}`);
    expect(guess).to.have.property('detail').that.does.not.include('stk_');
    const details = (await world.factsNamed('TokenRefused')).map(({ data }) => Reflect.get(Object(data), 'detail'));
    expect(details).to.include(`The service token ${issued.id} was revoked.`);
  });

  it('leave a record when they are refused though others flood us with guesses', async () => {
    const issued = await clients.issue(['app_one']);
    await clients.change({ type: 'RevokeServiceToken', id: issued.id });
    world.clock.offsetMs = 1_020_000 - (Date.now() % 60_000);
    await Promise.all(Array.from({ length: 300 }, () => clients.ask('app_one', 'sallyport_guess')));
    const operator = { token: 'nonsense', scope: MANAGE_SCOPE, requestId: 'req_flood', client: CLIENT };
    await callEndpoint(world.console, TENANT, verifyToken, operator);
    await clients.ask('app_one', issued.token);
    world.clock.offsetMs = 0;
    const facts = (await world.factsNamed('TokenRefused')).map(({ data }) => Object(data) as Record<string, unknown>);
    expect(facts.filter(({ reason }) => reason === 'service-token-invalid')).to.have.length.within(120, 160);
    expect(facts.at(-1)?.detail).to.include(issued.id);
    expect(facts.at(-2)).to.include({ audience: MANAGE_SCOPE });
  });

  it('are subject to policies as everybody is, and a machine cannot bring more', async () => {
    const issued = await clients.issue(['app_one']);
    const policy = {
      id: 'mfa',
      name: 'mfa',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: ['app_one'] } },
      grant: { kind: 'require', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
    };
    const set = (policies: readonly unknown[]) =>
      callEndpoint(world.console, TENANT, changePolicySet, {
        commandId: newId('cmd'),
        actor: { kind: 'local-operator', id: 'local-operator' },
        correlationId: newId('req'),
        change: { kind: 'replace', policies: policies.map((one) => accessPolicy.parse(one)), locations: [] },
        force: true,
      });
    await set([policy]);
    expect(await clients.ask('app_one', issued.token)).to.include({ verdict: 'step-up' });
    const exclude = { clientKinds: ['browser', 'native'] };
    await set([{ ...policy, conditions: exclude }]);
    expect(await clients.ask('app_one', issued.token)).to.include({ verdict: 'allow' });
    await set([]);
  });

  it('are issued once for a command that comes twice, and their secret is told once', async () => {
    const commandId = newId('cmd');
    const command = { type: 'IssueServiceToken', name: newId('app'), appIds: ['app_one'] } as const;
    const [first, again] = [
      await clients.change({ ...command, appIds: ['app_one'] }, commandId),
      await clients.change({ ...command, appIds: ['app_one'] }, commandId),
    ];
    expect(again.serviceToken.id).to.equal(first.serviceToken.id);
    expect([typeof first.token, again.token]).to.deep.equal(['string', null]);
    expect(await clients.ask('app_one', first.token ?? '')).to.include({ verdict: 'allow' });
  });

  it('are refused for apps that are not there, for the portal, under a name that is taken, and under no id', async () => {
    const issue = (name: string, ...appIds: string[]) =>
      codeOf(clients.change({ type: 'IssueServiceToken', name, appIds }));
    expect(await issue('x', 'app_absent')).to.equal('ERR_SERVICE_TOKEN_APP');
    expect(await issue('x', 'portal')).to.equal('ERR_SERVICE_TOKEN_APP');
    expect(await issue('x', 'app_one', '*')).to.equal('ERR_SERVICE_TOKEN_APP');
    await clients.issue(['app_one'], 'Taken');
    expect(await issue('taken', 'app_one')).to.equal('ERR_SERVICE_TOKEN_NAME');
    for (const id of ['stk_none', 'a.b', '>'])
      expect(await codeOf(clients.change({ type: 'RevokeServiceToken', id })), id).to.equal('ERR_SERVICE_TOKEN_ABSENT');
  });

  it('are known again after a restart', async () => {
    const issued = await clients.issue(['app_one']);
    await world.restart();
    await until(async () => (await clients.ask('app_one', issued.token)).verdict === 'allow');
    expect((await list({ id: issued.id })).map(({ status }) => status)).to.deep.equal(['active']);
  });
});
