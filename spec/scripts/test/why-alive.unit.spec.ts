import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Seen = { cpuMs: number | undefined; elapsedMs: number; open: readonly string[] };
type Module = { readonly whyAlive: (seen: Seen) => string };

const { whyAlive } = await loadScript<Module>('test/why-alive.mjs');

describe('why a mocha has not exited', () => {
  const open = ['Timeout', 'TCPSocketWrap', 'Timeout'];
  const cases: readonly (readonly [string, Seen, RegExp])[] = [
    [
      'waits for what is open',
      { cpuMs: 20, elapsedMs: 1000, open },
      /^a spec left something open: Timeout 2 TCPSocketWrap 1$/,
    ],
    ['waits and cannot say', { cpuMs: 20, elapsedMs: 1000, open: [] }, /^a spec left something open$/],
    ['cannot be measured', { cpuMs: undefined, elapsedMs: 1000, open: [] }, /^a spec left something open$/],
    [
      'is busy while something is open',
      { cpuMs: 990, elapsedMs: 1000, open: ['Immediate'] },
      /^it is busy \(990 ms .*\): Immediate 1$/,
    ],
    [
      'is busy with nothing open',
      { cpuMs: 250, elapsedMs: 1000, open: [] },
      /^it is busy .* and nothing is open: a loop/,
    ],
  ];
  for (const [name, seen, sentence] of cases)
    it(`is said when it ${name}`, () => expect(whyAlive(seen)).to.match(sentence));
});
