import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Pulse, TICK_MS } from '../../../../services/ingress/src/hub/pulse.ts';

/** States of ticks until this instant, each with when it was first said. */
function ticks(pulse: Pulse, fromMs: number, untilMs: number): string[] {
  const seen: string[] = [];
  for (let now = fromMs; now <= untilMs; now += TICK_MS) seen.push(`${pulse.tick(now)} ${now}`);
  return seen.filter((one, index) => index === 0 || one.split(' ')[0] !== seen[index - 1]?.split(' ')[0]);
}

describe('pulse of the hub', () => {
  it('asks once after half a second without a word, and is silent 750 ms later', () => {
    expect(ticks(new Pulse(0), 0, 2_000)).to.deep.equal(['fine 0', 'ask 500', 'fine 625', 'silent 1250']);
  });

  it('is fine again with any word', () => {
    const pulse = new Pulse(0);
    ticks(pulse, 0, 1_500);
    pulse.heard(1_600);
    expect(ticks(pulse, 1_625, 2_000)).to.deep.equal(['fine 1625']);
  });

  it('does not take a standstill of its own process for silence', () => {
    const pulse = new Pulse(0);
    ticks(pulse, 0, 625);
    expect(ticks(pulse, 9_000, 9_250)).to.deep.equal(['fine 9000']);
  });
});
