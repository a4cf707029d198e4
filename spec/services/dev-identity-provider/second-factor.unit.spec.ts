import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  createOneTimeCodes,
  grantedContexts,
  requestedContexts,
} from '../../../services/dev-identity-provider/src/second-factor.ts';

const asking = (acrs: unknown) => ({ id_token: { acrs } });

describe('second factor of the development identity provider', () => {
  it('reads what a claims request asks for, and nothing from one that is malformed', () => {
    expect(requestedContexts(asking({ essential: true, value: 'c1' }))).to.deep.equal(['c1']);
    expect(requestedContexts(asking({ essential: true, values: ['c1', 'c99'] }))).to.deep.equal(['c1', 'c99']);
    const malformed = [
      undefined,
      null,
      'c1',
      {},
      { id_token: null },
      asking(null),
      asking('c1'),
      asking({ value: 'c1' }),
      asking({ essential: 'true', value: 'c1' }),
      asking({ essential: true }),
      asking({ essential: true, value: ['c1'] }),
      asking({ essential: true, values: ['c0', 'c100', 'C1', '', 1, null, { c1: 1 }] }),
    ];
    for (const claims of malformed) expect(requestedContexts(claims), JSON.stringify(claims)).to.deep.equal([]);
  });

  it('grants c1 for a second factor alone, and every other context for the asking', () => {
    const both = asking({ essential: true, values: ['c1', 'c2'] });
    expect(grantedContexts(['pwd'], undefined)).to.deep.equal(['p1']);
    expect(grantedContexts(['pwd'], both)).to.deep.equal(['p1', 'c2']);
    expect(grantedContexts(['pwd', 'mfa'], undefined)).to.deep.equal(['p1', 'c1']);
    expect(grantedContexts(['pwd', 'mfa'], both)).to.deep.equal(['p1', 'c1', 'c2']);
    expect(grantedContexts(undefined, undefined)).to.deep.equal(['p1']);
  });

  it('has another code for each interaction', () => {
    const codes = createOneTimeCodes();
    const [one, two] = [codes.codeFor('one'), codes.codeFor('two')];
    expect(one).to.match(/^\d{6}$/);
    expect(codes.accepts('one', ` ${one.slice(0, 3)} ${one.slice(3)} `)).to.equal(true);
    for (const wrong of ['', '0', two === one ? 'x' : two, `${one}0`])
      expect(codes.accepts('one', wrong)).to.equal(false);
  });
});
