import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { shareLimits } from '../../../../services/throttling/src/admission/share-limits.ts';

const limitOf = () => 500;

describe('shareLimits', () => {
  it('gives a single ingress the whole limit', () => {
    const shares = shareLimits([{ ingressId: 'a', scope: 'app_1', perSecond: 20 }], ['a'], limitOf);
    expect(shares).to.deep.equal([{ ingressId: 'a', scope: 'app_1', requestsPerSecond: 500 }]);
  });

  it('lets a busy ingress have what a quiet one leaves', () => {
    const shares = shareLimits(
      [
        { ingressId: 'a', scope: 'app_1', perSecond: 1000 },
        { ingressId: 'b', scope: 'app_1', perSecond: 100 },
      ],
      ['a', 'b'],
      limitOf,
    );
    expect(new Map(shares.map((share) => [share.ingressId, share.requestsPerSecond]))).to.deep.equal(
      new Map([
        ['b', 100],
        ['a', 400],
      ]),
    );
  });

  it('halves the limit between two that both want more', () => {
    const wanted = ['a', 'b'].map((ingressId) => ({ ingressId, scope: 'tenant', perSecond: 9000 }));
    for (const share of shareLimits(wanted, ['a', 'b'], limitOf)) expect(share.requestsPerSecond).to.equal(250);
  });

  it('never hands out more or less than the limit', () => {
    const rates = fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rates, (perSecond) => {
        const ids = perSecond.map((_, index) => `ing_${index}`);
        const shares = shareLimits(
          perSecond.map((rate, index) => ({ ingressId: `ing_${index}`, scope: 's', perSecond: rate })),
          ids,
          limitOf,
        );
        const total = shares.reduce((sum, share) => sum + share.requestsPerSecond, 0);
        expect(total).to.be.closeTo(500, 1e-6);
        for (const share of shares) expect(share.requestsPerSecond).to.be.at.least(0);
      }),
    );
  });
});
