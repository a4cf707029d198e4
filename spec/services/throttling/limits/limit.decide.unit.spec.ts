import { expect } from 'chai';
import { describe, it } from 'mocha';
import { evolveLimit, initialLimitState, type LimitFact } from '#libs/contracts';
import { decideLimit, type LimitCommand } from '../../../../services/throttling/src/limits/limit.decide.ts';

const decideAfter = (given: readonly LimitFact[], command: LimitCommand) =>
  decideLimit(command, given.reduce(evolveLimit, initialLimitState));

describe('limit', () => {
  it('is set once', () => {
    const set: LimitFact = { type: 'LimitSet', data: { requestsPerSecond: 10 } };
    expect(decideAfter([], { type: 'SetLimit', requestsPerSecond: 10 })).to.deep.equal([set]);
    expect(decideAfter([set], { type: 'SetLimit', requestsPerSecond: 10 })).to.deep.equal([]);
  });

  it('returns to the default', () => {
    const set: LimitFact = { type: 'LimitSet', data: { requestsPerSecond: 10 } };
    expect(decideAfter([set], { type: 'ResetLimit' })).to.deep.equal([{ type: 'LimitReset', data: {} }]);
    expect(decideAfter([], { type: 'ResetLimit' })).to.deep.equal([]);
  });

  for (const requestsPerSecond of [0, -1, 1.5, 1_000_001, Number.NaN]) {
    it(`refuses ${requestsPerSecond}`, () => {
      expect(() => decideAfter([], { type: 'SetLimit', requestsPerSecond }))
        .to.throw()
        .with.property('code', 'ERR_LIMIT_RANGE');
    });
  }

  it('records the begin and the end of a breach once', () => {
    const raised: LimitFact = { type: 'LimitExceeded', data: { requestsPerSecond: 500, observedPerSecond: 800 } };
    const raise: LimitCommand = { type: 'RaiseBreach', requestsPerSecond: 500, observedPerSecond: 800 };
    expect(decideAfter([], raise)).to.deep.equal([raised]);
    expect(decideAfter([raised], raise)).to.deep.equal([]);
    expect(decideAfter([raised], { type: 'EndBreach', refusedRequests: 3 })).to.deep.equal([
      { type: 'LimitRecovered', data: { refusedRequests: 3 } },
    ]);
    expect(decideAfter([], { type: 'EndBreach', refusedRequests: 3 })).to.deep.equal([]);
  });
});
