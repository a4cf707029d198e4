import { expect } from 'chai';
import { describe, it } from 'mocha';
import { userConfig } from '../../../services/dev-identity-provider/src/config.ts';
import { claimNamesOf, createDirectory, entraClaims } from '../../../services/dev-identity-provider/src/directory.ts';

const TENANT_ID = '7f3a1c9e-5a0b-4c0e-9d52-0d6a3b1c2e4f';
const eve = { username: 'eve', password: 'eve', name: 'Eve', oid: 'b2b2b2b2-0000-4000-8000-00000000000e' };

function claimsOf(change: object): Record<string, unknown> {
  const person = createDirectory([userConfig.parse({ ...eve, ...change })]).find(eve.oid);
  return person === undefined ? {} : entraClaims(person, TENANT_ID);
}

describe('people of the development identity provider', () => {
  it('are members, guests, or not said to be either', () => {
    expect(claimsOf({ isGuest: true }).acct).to.equal(1);
    expect(claimsOf({ isGuest: false }).acct).to.equal(0);
    expect(claimsOf({})).not.to.have.property('acct');
  });

  it('in more than 200 groups have tokens that list none and say so, as at Entra', () => {
    const groups = (count: number) =>
      Array.from({ length: count }, (_none, index) => `a1a1a1a1-0000-4000-8000-${String(index).padStart(12, '0')}`);
    expect(claimsOf({ groups: groups(200) }).groups).to.have.length(200);
    const many = claimsOf({ groups: groups(201) });
    expect(many).not.to.have.property('groups');
    expect(many._claim_names).to.deep.equal({ groups: 'src1' });
    expect(claimNamesOf([])).to.include.members(Object.keys(many));
  });

  it('have no claim that the provider was not told of', () => {
    const change = { isGuest: true, roles: ['reader'], claims: { department: 'Sales', signin_state: ['dvc_cmp'] } };
    const claims = claimsOf(change);
    expect(claims).to.deep.include({ department: 'Sales', signin_state: ['dvc_cmp'] });
    expect(claimNamesOf([userConfig.parse({ ...eve, ...change })])).to.include.members(Object.keys(claims));
  });

  it('cannot be somebody else by a further claim', () => {
    expect(claimsOf({ claims: { oid: 'x', sub: 'x', tid: 'x' } })).to.include({ oid: eve.oid, tid: TENANT_ID });
  });
});
