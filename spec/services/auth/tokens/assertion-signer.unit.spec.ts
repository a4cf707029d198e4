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
  const claimsFor = async (change: Partial<Principal>) =>
    decodeJwt(
      await signer.sign({
        principal: { ...BOB, ...change },
        sessionId: 'ses_1',
        audience: 'https://wiki.example.com',
      }),
    );

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
});
