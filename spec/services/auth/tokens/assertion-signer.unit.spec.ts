import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, describe, it } from 'mocha';
import type { Principal } from '#libs/contracts';
import { createAssertionSigner, MAX_ASSERTED_GROUPS } from '../../../../services/auth/src/tokens/assertion-signer.ts';

const BOB: Principal = {
  subject: 'bob',
  directoryTenant: 't',
  username: 'bob@example.com',
  name: 'Bob',
  email: null,
  groups: ['g1'],
  roles: ['Wiki.Reader'],
  directoryRoles: [],
};
const many = (count: number) => Array.from({ length: count }, (_none, index) => `r${index}`);

describe('identity assertions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-assertion-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const signer = createAssertionSigner({
    keyFile: join(folder, 'assertion-key.pem'),
    issuer: 'https://login.example.com',
    nowMs: () => Date.parse('2026-11-22T11:00:00Z'),
  });
  const signFor = (change: Partial<Principal>) =>
    signer.sign({ principal: { ...BOB, ...change }, sessionId: 'ses_1', audience: 'https://wiki.example.com' });
  const claimsFor = async (change: Partial<Principal>) => decodeJwt(await signFor(change));
  const lengthFor = async (change: Partial<Principal>) => (await signFor(change)).length;

  it('list groups and app roles', async () => {
    const claims = await claimsFor({});
    expect(claims).to.deep.include({ groups: ['g1'], roles: ['Wiki.Reader'] });
    expect(claims).not.to.have.any.keys('hasgroups', 'hasroles');
  });

  it('say that there are groups when it is unknown which, and list none', async () => {
    const claims = await claimsFor({ groups: [], groupsOverage: true });
    expect(claims.hasgroups).to.equal(true);
    expect(claims).not.to.have.property('groups');
    expect(claims.roles).to.deep.equal(['Wiki.Reader']);
  });

  for (const kind of ['groups', 'roles'] as const) {
    it(`list up to ${MAX_ASSERTED_GROUPS} ${kind} whole, and of more none, and say so`, async () => {
      const full = await claimsFor({ [kind]: many(MAX_ASSERTED_GROUPS) });
      expect(full[kind]).to.have.length(MAX_ASSERTED_GROUPS);
      const over = await claimsFor({ [kind]: many(MAX_ASSERTED_GROUPS + 1) });
      expect(over).not.to.have.property(kind);
      expect(over[`has${kind}`]).to.equal(true);
    });
  }

  it('fit into a header line of 8 KiB whatever groups and roles somebody has, roles first', async () => {
    const long = (letter: string, count: number, length: number) =>
      Array.from({ length: count }, (_none, index) => `${letter.repeat(length - 3)}${String(index).padStart(3, '0')}`);
    const [guids, names] = [long('g', 100, 36), long('r', 12, 40)];
    const both = { ...BOB, groups: guids, roles: names };
    expect(await claimsFor(both)).to.deep.include({ groups: guids, roles: names });
    for (const change of [
      { groups: guids, roles: long('r', 60, 40) },
      { groups: long('g', 100, 128), roles: names },
      { groups: guids, roles: long('\u{1f600}', 15, 60) },
    ]) {
      const claims = await claimsFor(change);
      expect(claims).to.deep.include({ hasgroups: true, roles: change.roles });
      expect(claims).not.to.have.property('groups');
    }
    const claims = await claimsFor({ groups: guids, roles: long('r', 100, 128) });
    expect(claims).to.deep.include({ groups: guids, hasroles: true });
    expect(claims).not.to.have.property('roles');
    const widest = { ...BOB, name: 'n'.repeat(320), username: 'u'.repeat(320), email: 'e'.repeat(320) };
    for (const roles of [long('r', 100, 41), long('r', 100, 128)])
      expect(await lengthFor({ ...widest, groups: guids, roles })).to.be.lessThan(8192);
  });
});
