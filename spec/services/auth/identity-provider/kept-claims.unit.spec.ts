import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { MAX_KEPT_CLAIMS, principal as principalSchema } from '#libs/contracts';
import { keptClaimsOf, problemOfKeptClaim } from '../../../../services/auth/src/identity-provider/kept-claims.ts';

describe('further claims of a person', () => {
  const keep = (claims: Readonly<Record<string, unknown>>, keepClaims = Object.keys(claims)) => {
    const leftOut: string[] = [];
    const { claims: kept = {} } = keptClaimsOf(claims, { keepClaims, onLeftOut: (claim) => leftOut.push(claim) });
    return { kept, leftOut };
  };

  it('are those that were asked for, texts and lists as they are, numbers and truths as text', () => {
    const claims = { department: 'Sales', costCenters: ['1', '2'], level: 7, isManager: true, jobTitle: 'Clerk' };
    expect(keep(claims, ['department', 'costCenters', 'level', 'isManager', 'absent'])).to.deep.equal({
      kept: { department: 'Sales', costCenters: ['1', '2'], level: '7', isManager: 'true' },
      leftOut: [],
    });
    expect(keptClaimsOf(claims, {})).to.deep.equal({});
  });

  it('are left out, and told of, when they are neither, too long, too many or not fit for a header', () => {
    const odd = {
      object: {},
      null: null,
      mixed: ['a', 7],
      long: 'x'.repeat(1025),
      longInList: ['x'.repeat(1025)],
      many: Array.from({ length: 201 }, () => 'x'),
      newline: 'a\r\nSet-Cookie: b',
      newlineInList: ['a', 'b\n'],
    };
    const { kept, leftOut } = keep({ ...odd, edge: 'x'.repeat(1024), full: Array.from({ length: 200 }, () => 'x') });
    expect(Object.keys(kept)).to.deep.equal(['edge', 'full']);
    expect(leftOut).to.deep.equal(Object.keys(odd));
  });

  it('are 32 at most', () => {
    const claims = Object.fromEntries(Array.from({ length: 40 }, (_none, index) => [`claim${index}`, 'x']));
    expect(Object.keys(keep(claims).kept)).to.have.length(MAX_KEPT_CLAIMS);
  });

  it('are never secrets, nor what the token is checked by', () => {
    for (const name of [
      'nonce',
      'aud',
      'sid',
      'access_token',
      'userPassword',
      'Client-Secret',
      'apiKey',
      'api_key',
      'PIN',
    ])
      expect(problemOfKeptClaim(name), name).to.be.a('string');
    for (const name of ['department', 'extension_costCenter', 'employee_id', 'company.unit', 'shipping', 'upn'])
      expect(problemOfKeptClaim(name), name).to.equal(null);
    expect(keep({ access_token: 'x', __proto__: 'x' }).kept).to.deep.equal({});
  });

  it('fit into a fact, whatever a token says', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 40 }), fc.jsonValue()), (claims) => {
        const { kept } = keep(claims);
        expect(principalSchema.shape.claims.safeParse(kept).success).to.equal(true);
      }),
    ));
});
