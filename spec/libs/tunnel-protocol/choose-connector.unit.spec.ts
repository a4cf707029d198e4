import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { type ConnectorLoad, chooseConnector } from '#libs/tunnel-protocol';

const load = (connectorId: string, inFlight = 0, openElsewhere = 0): ConnectorLoad => ({
  connectorId,
  inFlight,
  openElsewhere,
});
const some = (count: number): ConnectorLoad[] => Array.from({ length: count }, (_, index) => load(`con_${index}`));

describe('choosing a connector', () => {
  it('leaves it to the queue when nobody is known', () => {
    expect(chooseConnector({ candidates: [], affinityKey: undefined, random: [0, 0] })).to.equal(undefined);
    expect(chooseConnector({ candidates: [], affinityKey: 'session', random: [0, 0] })).to.equal(undefined);
  });

  it('takes the only one', () => {
    expect(chooseConnector({ candidates: some(1), affinityKey: undefined, random: [0.9, 0.9] })).to.equal('con_0');
  });

  it('takes the less busy of two different ones, counting what others have there', () => {
    const candidates = [load('a', 5, 0), load('b', 0, 6)];
    for (const random of [
      [0, 0],
      [0.99, 0.99],
    ] as const) {
      expect(chooseConnector({ candidates, affinityKey: undefined, random })).to.equal('a');
    }
  });

  it('never takes the busiest of several, whatever is drawn', () => {
    const unit = fc.double({ min: 0, max: 0.999999, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), unit, unit, (count, first, second) => {
        const candidates = [...some(count - 1), load('busiest', 1)];
        const chosen = chooseConnector({ candidates, affinityKey: undefined, random: [first, second] });
        expect(chosen).to.be.a('string').that.does.not.equal('busiest');
      }),
    );
  });

  it('gives a busy one less: loads stay close together', () => {
    const candidates = Array.from({ length: 20 }, (_, index) => ({ ...load(`con_${index}`), inFlight: 0 }));
    let seed = 1;
    const next = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed / 2 ** 32;
    };
    for (let count = 0; count < 10_000; count++) {
      const chosen = chooseConnector({ candidates, affinityKey: undefined, random: [next(), next()] });
      const target = candidates.find(({ connectorId }) => connectorId === chosen);
      if (target !== undefined) target.inFlight++;
    }
    const loads = candidates.map(({ inFlight }) => inFlight);
    expect(loads.reduce((sum, each) => sum + each, 0)).to.equal(10_000);
    expect(Math.max(...loads) - Math.min(...loads)).to.be.lessThan(15);
  });

  it('sends the same key to the same connector, and moves only the keys of one that is gone', () => {
    const all = some(10);
    const without = all.filter(({ connectorId }) => connectorId !== 'con_3');
    const choose = (candidates: ConnectorLoad[], affinityKey: string) =>
      chooseConnector({ candidates, affinityKey, random: [Math.random(), Math.random()] });
    const counts = new Map<string | undefined, number>();
    for (let session = 0; session < 2_000; session++) {
      const key = `session-${session}`;
      const chosen = choose(all, key);
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
      expect(choose([...all].reverse(), key)).to.equal(chosen);
      if (chosen === 'con_3') expect(choose(without, key)).to.not.equal('con_3');
      else expect(choose(without, key)).to.equal(chosen);
    }
    expect(counts.size).to.equal(10);
    expect(Math.min(...counts.values())).to.be.greaterThan(130);
  });
});
