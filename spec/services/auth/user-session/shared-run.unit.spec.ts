import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SharedRun } from '../../../../services/auth/src/user-session/shared-run.ts';

describe('work that is shared', () => {
  /** Each run says how many had begun with it, a turn later; the first may fail. */
  const given = (isFirstBad = false) => {
    const seen = { begun: 0, underWay: 0, mostUnderWay: 0 };
    const shared = new SharedRun(async () => {
      seen.begun += 1;
      seen.underWay += 1;
      seen.mostUnderWay = Math.max(seen.mostUnderWay, seen.underWay);
      const mine = seen.begun;
      await turn();
      seen.underWay -= 1;
      if (isFirstBad && mine === 1) throw new Error('away');
      return mine;
    });
    return { seen, shared };
  };

  it('is done again for who asked after it began, once for all of them', async () => {
    const { seen, shared } = given();
    const all = [shared.run(), shared.run(), shared.run(), shared.run()];
    expect(await Promise.all(all)).to.deep.equal([1, 2, 2, 2]);
    expect(await shared.run(), 'nothing was under way').to.equal(3);
    expect(seen.mostUnderWay).to.equal(1);
  });

  it('is never done twice at a time, whenever one asks', async () => {
    const { seen, shared } = given();
    const askers = Array.from({ length: 50 }, async (_none, i) => {
      for (let j = 0; j < i % 7; j += 1) await (j % 2 === 0 ? turn() : Promise.resolve());
      const begunBefore = seen.begun;
      expect(await shared.run()).to.be.greaterThan(begunBefore);
      expect(await shared.run()).to.be.greaterThan(begunBefore + 1);
    });
    await Promise.all(askers);
    expect(seen.mostUnderWay).to.equal(1);
  });

  it('fails for who shared it, and not for the next', async () => {
    const { shared } = given(true);
    const outcomes = await Promise.allSettled([shared.run(), shared.run()]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled']);
  });
});
