import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { z } from 'zod';
import { accessPolicy, changePolicySet, namedLocation, type PolicySetView, policySet } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { type ConsoleWorld, startConsoleWorld } from './support.ts';

const BODY = {
  name: 'Closed',
  state: 'report-only',
  assignments: { users: { include: 'all' }, apps: { include: 'all' } },
  grant: { kind: 'block' },
} as const;
const CLOSED = accessPolicy.parse({ ...BODY, id: 'closed' });
const OTHER = accessPolicy.parse({ ...BODY, id: 'other', name: 'Other' });
const OFFICE = namedLocation.parse({ id: 'office', name: 'Office', ranges: ['192.0.2.0/24'] });
const finding = (policyId: string) => ({ policyId, clause: 'grant', text: 'blocks everybody' });
const SET: PolicySetView = {
  revision: 42,
  policies: [
    { version: 3, policy: CLOSED },
    { version: 4, policy: OTHER },
  ],
  locations: [{ version: 2, location: OFFICE }],
  findings: [finding('closed'), finding('other')],
};

describe('policies in the console API', () => {
  let world: ConsoleWorld;
  const asked: z.infer<typeof changePolicySet.request>[] = [];
  let refusal: Error | undefined;
  before(async () => {
    world = await startConsoleWorld();
    await world.fake(policySet, () => SET);
    await world.fake(changePolicySet, (request) => {
      asked.push(request);
      if (refusal !== undefined) throw refusal;
      return SET;
    });
  });
  beforeEach(() => {
    asked.length = 0;
    refusal = undefined;
  });
  after(() => world.stop());

  it('lists policies with findings, locations, and the set with the revision as its ETag', async () => {
    const policies = await world.call('GET', '/v1/policies');
    expect(policies.json).to.deep.equal({ revision: 42, policies: SET.policies, findings: SET.findings });
    const locations = await world.call('GET', '/v1/locations');
    expect(locations.json).to.deep.equal({ revision: 42, locations: SET.locations });
    const set = await world.call('GET', '/v1/policy-set');
    expect([set.json, set.headers.etag]).to.deep.equal([SET, '"42"']);
  });

  it('reads one with its version as the ETag, and its own findings', async () => {
    const policy = await world.call('GET', '/v1/policies/closed');
    expect(policy.json).to.deep.equal({ version: 3, policy: CLOSED, findings: [finding('closed')] });
    expect(policy.headers.etag).to.equal('"3"');
    const location = await world.call('GET', '/v1/locations/office');
    expect([location.json, location.headers.etag]).to.deep.equal([{ version: 2, location: OFFICE }, '"2"']);
    const absent = await world.call('GET', '/v1/policies/nothing');
    expect([absent.status, absent.json.code]).to.deep.equal([404, 'ERR_POLICY_ABSENT']);
    expect((await world.call('GET', '/v1/locations/nothing')).json.code).to.equal('ERR_LOCATION_ABSENT');
  });

  it('puts a policy in the version that If-Match names, by the one who calls', async () => {
    const answer = await world.call('PUT', '/v1/policies/closed', { body: BODY, headers: { 'if-match': '"3"' } });
    expect([answer.status, answer.headers.etag, answer.json.version]).to.deep.equal([200, '"3"', 3]);
    expect(asked[0]).to.deep.include({
      change: { kind: 'put-policy', policy: CLOSED },
      expectedVersion: 3,
      force: false,
      dryRun: false,
    });
    expect(asked[0]?.actor).to.include({ kind: 'user', name: 'ada' });
    await world.call('PUT', '/v1/policies/closed?force=true&dryRun=true', { body: { ...BODY, id: 'closed' } });
    expect(asked[1]).to.include({ force: true, dryRun: true }).and.not.have.property('expectedVersion');
  });

  it('puts a location, removes both, and replaces the set', async () => {
    const { id: _id, ...location } = OFFICE;
    await world.call('PUT', '/v1/locations/office', { body: location, headers: { 'if-match': '"0"' } });
    const removed = await world.call('DELETE', '/v1/policies/other', { headers: { 'if-match': '"4"' } });
    await world.call('DELETE', '/v1/locations/office');
    const body = { policies: [CLOSED], locations: [OFFICE] };
    const replaced = await world.call('PUT', '/v1/policy-set', { body, headers: { 'if-match': '"42"' } });
    expect(removed.json).to.deep.equal({ id: 'other', removed: true });
    expect(replaced.headers.etag).to.equal('"42"');
    expect(asked.map(({ change, expectedVersion }) => [change, expectedVersion])).to.deep.equal([
      [{ kind: 'put-location', location: OFFICE }, 0],
      [{ kind: 'remove-policy', policyId: 'other' }, 4],
      [{ kind: 'remove-location', locationId: 'office' }, undefined],
      [{ kind: 'replace', ...body }, 42],
    ]);
  });

  it('removes a location by force, and a policy never needs it', async () => {
    await world.call('DELETE', '/v1/locations/office?force=true');
    expect(asked[0]).to.deep.include({ change: { kind: 'remove-location', locationId: 'office' }, force: true });
    expect((await world.call('DELETE', '/v1/policies/other?force=true')).json.code).to.equal('ERR_API_INVALID');
  });

  it('answers refusals with their status', async () => {
    const table = [
      ['ERR_POLICY_ABSENT', 404],
      ['ERR_POLICY_NAME_TAKEN', 409],
      ['ERR_POLICY_LOCKOUT', 409],
      ['ERR_LOCATION_IN_USE', 409],
      ['ERR_POLICY_STALE_VERSION', 412],
      ['ERR_EVENTS_STALE_REVISION', 412],
      ['ERR_LOCATION_UNKNOWN', 422],
    ] as const;
    for (const [code, status] of table) {
      refusal = new SallyportError(code, `because of ${code}`, { expose: true });
      const answer = await world.call('PUT', '/v1/policies/closed', { body: BODY });
      expect([answer.status, answer.json.code, answer.json.detail]).to.deep.equal([status, code, `because of ${code}`]);
      expect(answer.headers['content-type']).to.contain('application/problem+json');
    }
  });

  it('refuses what is not a policy, an id that is none, and two ids, without asking', async () => {
    const wrong = await world.call('PUT', '/v1/policies/closed', { body: { ...BODY, state: 'enabled', color: 'red' } });
    expect([wrong.status, wrong.json.code]).to.deep.equal([400, 'ERR_API_INVALID']);
    expect(wrong.text).to.contain('state: ').and.contain('color');
    const other = await world.call('PUT', '/v1/policies/closed', { body: { ...BODY, id: 'other' } });
    expect([other.status, other.json.detail]).to.deep.equal([
      400,
      'body is not valid: id: "other" is not the id of the path, "closed": leave it out',
    ]);
    const bad = await world.call('DELETE', '/v1/locations/Not.An.Id');
    expect([bad.status, bad.json.code]).to.deep.equal([400, 'ERR_API_INVALID']);
    expect(asked).to.deep.equal([]);
  });
});
