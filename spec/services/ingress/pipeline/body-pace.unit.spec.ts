import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { BodyPace } from '../../../../services/ingress/src/pipeline/body-pace.ts';

describe('the pace of a request body', () => {
  let pace: BodyPace;
  beforeEach(() => {
    pace = new BodyPace({ minBytesPerSecond: 240, graceMs: 10_000, maxLeadMs: 120_000 });
    pace.start(1_000);
  });

  it('is judged after the grace', () => {
    expect([pace.isBehind(11_000), pace.isBehind(11_001)]).to.deep.equal([false, true]);
  });

  it('is kept by whoever sends at the rate, for hours', () => {
    let now = 1_000;
    for (let i = 0; i < 10_000; i += 1) {
      now += 5_000;
      expect(pace.isBehind(now)).to.equal(false);
      pace.took(1_200, now);
    }
    expect(pace.isBehind(now + 10_001)).to.equal(true);
  });

  it('is lost by one byte a minute, however much came before', () => {
    pace.took(1_000_000_000, 1_001);
    let now = 1_001;
    let minutes = 0;
    while (!pace.isBehind(now) && minutes < 10) {
      pace.took(1, now);
      now += 60_000;
      minutes += 1;
    }
    expect(minutes).to.equal(3);
  });

  it('is not lost while nobody reads', () => {
    pace.stop(6_000);
    expect(pace.isBehind(3_600_000)).to.equal(false);
    pace.start(3_600_000);
    expect([pace.isBehind(3_605_000), pace.isBehind(3_605_001)]).to.deep.equal([false, true]);
  });

  it('counts what arrives while the clock stands, and a start while it runs changes nothing', () => {
    pace.start(5_000);
    pace.stop(11_000);
    pace.took(240, 50_000);
    pace.start(60_000);
    expect([pace.isBehind(61_000), pace.isBehind(61_001)]).to.deep.equal([false, true]);
  });
});
