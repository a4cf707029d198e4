import { expect } from 'chai';
import { describe, it } from 'mocha';
import { BREACH_QUIET_MS, BreachWatch } from '../../../../services/throttling/src/admission/breach-watch.ts';

describe('BreachWatch', () => {
  it('raises one verdict for a breach and one when it is over', () => {
    const watch = new BreachWatch();
    expect(watch.record('app_1', 5, 600, 0)).to.deep.equal({ kind: 'raised', scope: 'app_1', observedPerSecond: 600 });
    expect(watch.record('app_1', 7, 700, 1000)).to.equal(null);
    expect(watch.ended(1000 + BREACH_QUIET_MS - 1)).to.deep.equal([]);
    expect(watch.ended(1000 + BREACH_QUIET_MS)).to.deep.equal([{ kind: 'ended', scope: 'app_1', refusedRequests: 12 }]);
    expect(watch.ended(1000 + BREACH_QUIET_MS)).to.deep.equal([]);
  });

  it('says nothing while nothing is refused', () => {
    expect(new BreachWatch().record('app_1', 0, 499, 0)).to.equal(null);
  });
});
