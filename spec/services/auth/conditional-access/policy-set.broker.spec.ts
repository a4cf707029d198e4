import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { z } from 'zod';
import {
  accessPolicy,
  changePolicySet,
  MAX_POLICIES,
  namedLocation,
  newId,
  type PolicySetView,
  policySet,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { callEndpoint } from '#libs/messaging';
import { type AuthWorld, startAuthWorld, TENANT } from '../support/auth-world.ts';

const policy = (id: string, change: Partial<z.input<typeof accessPolicy>> = {}) =>
  accessPolicy.parse({
    id,
    name: `Policy ${id}`,
    state: 'report-only',
    assignments: { users: { include: 'all' }, apps: { include: 'all' } },
    grant: { kind: 'require', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
    ...change,
  });
const office = namedLocation.parse({ id: 'office', name: 'Office', ranges: ['192.0.2.0/24'] });
const ADA = { kind: 'user', id: 'oid-ada', name: 'ada' } as const;
const BEN = { kind: 'user', id: 'oid-ben', name: 'ben' } as const;

type Change = z.input<typeof changePolicySet.request>;

describe('policy set of auth', function policySetSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  before(async () => {
    world = await startAuthWorld();
  });
  after(() => world?.stop());

  const send = (change: Change['change'], options: Partial<Change> = {}): Promise<PolicySetView> =>
    callEndpoint(world.console, TENANT, changePolicySet, {
      commandId: newId('cmd'),
      actor: ADA,
      correlationId: 'spec',
      change,
      ...options,
    });
  const read = () => callEndpoint(world.console, TENANT, policySet, {});
  const empty = async () => {
    await send({ kind: 'replace', policies: [], locations: [] });
  };
  const putsOf = async (id: string) =>
    (await world.factsNamed('AccessPolicyPut')).filter(
      ({ data }) => (data as { policy: { id: string } }).policy.id === id,
    );

  it('answers a change with the set that holds it, and records who made it', async () => {
    expect(await read()).to.deep.equal({ revision: 0, policies: [], locations: [], findings: [] });
    await send({ kind: 'put-location', location: office });
    const set = await send({
      kind: 'put-policy',
      policy: policy('mfa', { conditions: { locations: { include: ['office'] } } }),
    });
    expect(set.policies.map(({ version, policy: { id } }) => [id, version])).to.deep.equal([['mfa', 2]]);
    expect(set.locations.map(({ version, location: { id } }) => [id, version])).to.deep.equal([['office', 1]]);
    expect(await read()).to.deep.equal(set);
    const [fact] = await putsOf('mfa');
    expect(fact?.commit.metadata).to.deep.include({ actor: ADA, correlationId: 'spec' });
    expect(fact?.commit.position).to.equal(set.revision);
  });

  it('takes one of two admins who edit one policy at once, and tells the other', async () => {
    await empty();
    const { policies } = await send({ kind: 'put-policy', policy: policy('shared') });
    const expectedVersion = policies[0]?.version ?? 0;
    const edits = await Promise.allSettled([
      send({ kind: 'put-policy', policy: policy('shared', { name: 'By Ada' }) }, { expectedVersion }),
      send({ kind: 'put-policy', policy: policy('shared', { name: 'By Ben' }) }, { expectedVersion, actor: BEN }),
    ]);
    const taken = edits.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    const refused = edits.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
    expect([taken.length, refused.length]).to.deep.equal([1, 1]);
    const newer = taken[0]?.policies[0];
    expect(newer?.version).to.be.greaterThan(expectedVersion);
    const error = isSallyportError(refused[0], 'ERR_POLICY_STALE_VERSION') ? refused[0] : undefined;
    expect(error?.message).to.equal(
      `policy "shared" was changed since version ${expectedVersion}, to version ${newer?.version}: read it again, then decide again`,
    );
    expect((await read()).policies).to.deep.equal(taken[0]?.policies);
    expect(await putsOf('shared')).to.have.length(2);
  });

  it('takes both of two admins who edit different policies at once', async () => {
    await empty();
    await Promise.all([
      send({ kind: 'put-policy', policy: policy('one') }, { expectedVersion: 0 }),
      send({ kind: 'put-policy', policy: policy('two') }, { expectedVersion: 0, actor: BEN }),
    ]);
    expect((await read()).policies.map((one) => one.policy.id).sort()).to.deep.equal(['one', 'two']);
  });

  it('replaces on the revision that was read, in one commit, and only then', async () => {
    await empty();
    const first = await send({ kind: 'replace', policies: [policy('kept'), policy('gone')], locations: [office] });
    const documents = { policies: [policy('kept'), policy('new')], locations: [office] };
    const next = await send({ kind: 'replace', ...documents }, { expectedVersion: first.revision });
    const versionOf = (set: PolicySetView, id: string) => set.policies.find((one) => one.policy.id === id)?.version;
    expect(next.policies.map((one) => one.policy.id)).to.deep.equal(['kept', 'new']);
    expect(versionOf(next, 'kept')).to.equal(versionOf(first, 'kept'));
    const [added] = await putsOf('new');
    expect(added?.commit.facts.map(({ type }) => type)).to.deep.equal(['AccessPolicyPut', 'AccessPolicyRemoved']);
    const stale = send({ kind: 'replace', policies: [], locations: [] }, { expectedVersion: first.revision });
    expect(await codeOf(stale)).to.equal('ERR_EVENTS_STALE_REVISION');
    expect(await read()).to.deep.equal(next);
  });

  it('takes a repeated command once', async () => {
    await empty();
    const commandId = newId('cmd');
    const change: Change['change'] = { kind: 'put-policy', policy: policy('repeated') };
    const answers = [
      await send(change, { commandId, expectedVersion: 0 }),
      await send(change, { commandId, expectedVersion: 0 }),
    ];
    expect(answers[1]).to.deep.equal(answers[0]);
    await send({ kind: 'remove-policy', policyId: policy('repeated').id });
    expect((await send(change, { commandId, expectedVersion: 0 })).policies).to.deep.equal([]);
    expect(await putsOf('repeated')).to.have.length(1);
  });

  it('refuses with the reason, and stays as it was', async () => {
    await empty();
    const before = await read();
    const astray = policy('astray', { conditions: { locations: { include: ['nowhere'] } } });
    expect(await codeOf(send({ kind: 'put-policy', policy: astray }))).to.equal('ERR_LOCATION_UNKNOWN');
    expect(await codeOf(send({ kind: 'remove-policy', policyId: astray.id }))).to.equal('ERR_POLICY_ABSENT');
    expect(await read()).to.deep.equal(before);
  });

  it('keeps an administrator able to open the portal, unless forced, which is recorded', async () => {
    await empty();
    const stop = policy('stop', { name: 'Stop all', state: 'on', grant: { kind: 'block' } });
    const change: Change['change'] = { kind: 'put-policy', policy: stop };
    const [refused] = await Promise.allSettled([send(change)]);
    expect(refused).to.have.nested.property('reason.code', 'ERR_POLICY_LOCKOUT');
    expect(refused).to.have.nested.property('reason.message').that.contains('"Stop all"');
    expect((await read()).policies).to.deep.equal([]);
    expect((await send(change, { force: true })).policies).to.have.length(1);
    expect((await putsOf('stop')).map(({ data }) => Reflect.get(Object(data), 'isForced'))).to.deep.equal([true]);
    await send({ kind: 'remove-policy', policyId: stop.id });
  });

  it('tries a change without making it', async () => {
    await empty();
    const { revision } = await send({ kind: 'put-policy', policy: policy('there') });
    const documents = { policies: [policy('idle', { grant: { kind: 'allow' } })], locations: [] };
    const tried = await send({ kind: 'replace', ...documents }, { expectedVersion: revision, dryRun: true });
    expect([tried.revision, tried.policies.map((one) => one.policy.id), tried.findings.length]).to.deep.equal([
      revision,
      ['idle'],
      1,
    ]);
    expect((await read()).policies.map((one) => one.policy.id)).to.deep.equal(['there']);
    const stop = policy('stop', { state: 'on', grant: { kind: 'block' } });
    const lockout = send({ kind: 'put-policy', policy: stop }, { dryRun: true });
    expect(await codeOf(lockout)).to.equal('ERR_POLICY_LOCKOUT');
    const stale = send({ kind: 'replace', ...documents }, { expectedVersion: revision - 1, dryRun: true });
    expect(await codeOf(stale)).to.equal('ERR_POLICY_STALE_VERSION');
    expect((await read()).revision).to.equal(revision);
  });

  it('tells what an admin should know about a set that it takes', async () => {
    await empty();
    const idle = policy('idle', { grant: { kind: 'allow' } });
    const { findings } = await send({ kind: 'put-policy', policy: idle });
    expect(findings.map(({ policyId, clause }) => [policyId, clause])).to.deep.equal([['idle', 'grant']]);
    expect((await read()).findings).to.deep.equal(findings);
  });

  it('replaces a full set at once, in one fact, and reads it again after a restart', async () => {
    const full = (name: string) =>
      Array.from({ length: MAX_POLICIES }, (_one, index) => policy(`p${index}`, { name: `${name} ${index}` }));
    await send({ kind: 'replace', policies: full('First'), locations: [office] });
    const before = (await world.factsNamed('PolicySetReplaced')).length;
    const set = await send({ kind: 'replace', policies: full('Second'), locations: [office] });
    const facts = await world.factsNamed('PolicySetReplaced');
    expect(facts.length).to.equal(before + 1);
    expect(facts.at(-1)?.commit).to.deep.include({ position: set.revision });
    expect(facts.at(-1)?.commit.facts).to.have.length(1);
    expect(new Set(set.policies.map(({ version }) => version)).size, 'of all that changed').to.equal(1);
    expect(set.locations[0]?.version, 'of what has not').to.not.equal(set.policies[0]?.version);
    await world.restart();
    expect(await read()).to.deep.equal(set);
    await empty();
  });

  it('is the same after a restart', async () => {
    const set = await send({ kind: 'replace', policies: [policy('one'), policy('two')], locations: [office] });
    await world.restart();
    expect(await read()).to.deep.equal(set);
  });

  it('is open to the console only', async () => {
    expect(await codeOf(callEndpoint(world.ingress, TENANT, policySet, {}, { timeoutMs: 500 }))).to.match(
      /^ERR_MESSAGING_/,
    );
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return isSallyportError(error) ? error.code : String(error);
  }
}
