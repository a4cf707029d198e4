import { expect } from 'chai';
import { describe, it } from 'mocha';
import { directoryRolesOf, groupsOf, type Principal, principal as principalSchema } from '#libs/contracts';
import type { TokenClaims } from '../../../../services/auth/src/identity-provider/check-token.ts';
import { principalOf } from '../../../../services/auth/src/identity-provider/principal-of-claims.ts';

const claims = (change: object = {}) =>
  ({ oid: 'b2b2b2b2-0000-4000-8000-000000000002', tid: 't', name: 'Bob', ...change }) as unknown as TokenClaims;
const principalFrom = (change: object = {}) => principalOf(claims(change)).principal;

describe('the principal of a token', () => {
  it('has the groups that the token lists, unknown ones when it has no such claim, none where the claim is expected', () => {
    expect(groupsOf(principalFrom({ groups: ['g1'] }))).to.deep.equal(['g1']);
    expect(principalFrom({ groups: [] })).not.to.have.property('groupsOverage');
    expect(groupsOf(principalFrom())).to.equal(null);
    const expected = (change: object) => groupsOf(principalOf(claims(change), { sendsGroups: true }).principal);
    expect(expected({})).to.deep.equal([]);
    expect(expected({ hasgroups: true })).to.equal(null);
  });

  it('has the directory roles that the token lists, and unknown ones when it does not list them', () => {
    expect(directoryRolesOf(principalFrom({ wids: ['r1'] }))).to.deep.equal(['r1']);
    expect(directoryRolesOf(principalFrom({ wids: [] }))).to.deep.equal([]);
    for (const change of [{}, { wids: ['r1'], _claim_names: { wids: 'src1' } }]) {
      const principal = principalFrom(change);
      expect(principal).to.deep.include({ directoryRoles: [], directoryRolesUnknown: true });
      expect(directoryRolesOf(principal)).to.equal(null);
      expect(principalSchema.parse(principal)).to.deep.equal(principal);
    }
  });

  for (const [name, change] of [
    ['_claim_names', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'x' } } }],
    ['hasgroups', { hasgroups: true }],
    ['hasgroups beside a list', { hasgroups: true, groups: ['g1'] }],
    ['_claim_names beside a list', { _claim_names: { groups: 'src1' }, groups: ['g1'] }],
    ['hasgroups as text', { hasgroups: 'true' }],
    ['hasgroups as text that says false', { hasgroups: 'false' }],
    ['hasgroups as number', { hasgroups: 0 }],
    ['hasgroups as null', { hasgroups: null }],
    ['_claim_names with a source that is none', { _claim_names: { groups: null } }],
  ] as const) {
    it(`has unknown groups by ${name}, and none of those listed`, () => {
      const principal = principalFrom(change);
      expect(principal).to.deep.include({ groups: [], groupsOverage: true });
      expect(groupsOf(principal)).to.equal(null);
      expect(principalSchema.parse(principal)).to.deep.equal(principal);
    });
  }

  it('has known groups when another claim stands elsewhere, or hasgroups is false', () => {
    expect(groupsOf(principalFrom({ _claim_names: { roles: 'src1' }, groups: ['g1'] }))).to.deep.equal(['g1']);
    expect(groupsOf(principalFrom({ hasgroups: false, groups: ['g1'] }))).to.deep.equal(['g1']);
  });

  it('of a refresh has no groups only while it had none, where the claim is expected', () => {
    const signedIn = (change: object) => principalOf(claims(change), { sendsGroups: true }).principal;
    const refreshed = (refreshes: Principal | null, change: object = {}) =>
      groupsOf(principalOf(claims(change), { sendsGroups: true, refreshes }).principal);
    expect(refreshed(signedIn({ groups: ['g1'] }))).to.equal(null);
    expect(refreshed(signedIn({ hasgroups: true }))).to.equal(null);
    expect(refreshed(null)).to.equal(null);
    expect(refreshed(signedIn({}))).to.deep.equal([]);
    expect(refreshed(signedIn({ groups: ['g1'] }), { groups: [] })).to.deep.equal([]);
    expect(refreshed(signedIn({}), { groups: ['g2'] })).to.deep.equal(['g2']);
  });

  it('is named by preferred_username, then upn, then oid, and never by an address', () => {
    const email = 'administrator@corp.example';
    expect(principalFrom({ preferred_username: 'bob@x', upn: 'b@x', email }).username).to.equal('bob@x');
    expect(principalFrom({ upn: 'b@x', email }).username).to.equal('b@x');
    expect(principalFrom({ email, name: undefined })).to.include({
      username: 'b2b2b2b2-0000-4000-8000-000000000002',
      name: 'b2b2b2b2-0000-4000-8000-000000000002',
      email,
    });
    const refreshes = principalFrom({ preferred_username: 'bob@x' });
    expect(principalOf(claims({ email }), { refreshes }).principal.username).to.equal('bob@x');
  });

  it('has the app roles of the token', () => {
    expect(principalFrom({ roles: ['Wiki.Reader', 'Writer'] }).roles).to.deep.equal(['Wiki.Reader', 'Writer']);
    expect(principalFrom().roles).to.deep.equal([]);
  });

  for (const [name, value] of [
    ['groups', 'g1'],
    ['groups', [1]],
    ['groups', null],
    ['groups', Array.from({ length: 1001 }, (_none, index) => `g${index}`)],
    ['roles', 'Reader'],
    ['roles', { 0: 'Reader' }],
    ['roles', [['Reader']]],
    ['roles', ['x'.repeat(129)]],
    ['_claim_names', 'groups'],
    ['_claim_names', ['groups']],
    ['_claim_names', null],
  ] as const) {
    it(`is refused for ${name} of ${JSON.stringify(value).slice(0, 30)}`, () => {
      expect(() => principalFrom({ [name]: value })).to.throw(`claim ${name} is of a wrong kind`);
    });
  }

  it('of a session of before reads as one with known groups', () => {
    const { groupsOverage: _absent, ...older } = principalFrom({ groups: ['g1'], wids: ['r1'] });
    expect(directoryRolesOf(principalSchema.parse(older))).to.deep.equal(['r1']);
    expect(groupsOf(principalSchema.parse(older))).to.deep.equal(['g1']);
  });
});
