import { expect } from 'chai';
import { describe, it } from 'mocha';
import { traceState } from '../../../../services/ingress/src/listener/trace-state.ts';

describe('tracestate for an origin', () => {
  for (const [what, earlier, expected] of [
    ['alone in a new trace', '', 'sallyport=req_1'],
    ['in front of what others say', 'a=1, b=2', 'sallyport=req_1,a=1,b=2'],
    ['in place of an earlier one', 'a=1,sallyport=req_0,b=2', 'sallyport=req_1,a=1,b=2'],
    ['beside names that only begin like it', 'sallyport2=x', 'sallyport=req_1,sallyport2=x'],
    ['without empty members', ',, a=1,', 'sallyport=req_1,a=1'],
  ] as const) {
    it(`names the request ${what}`, () => expect(traceState('req_1', earlier)).to.equal(expected));
  }

  it('has at most 32 members', () => {
    const members = traceState('req_1', Array.from({ length: 40 }, (_, i) => `k${i}=v`).join(',')).split(',');
    expect(members).to.have.length(32);
    expect(members[1]).to.equal('k0=v');
  });
});
