import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Target = { readonly name: string; readonly front: object };
type Outcome = { readonly samples: readonly unknown[]; readonly failure?: string; readonly notRun?: string };
const { runRounds } = await loadScript<{
  readonly runRounds: (input: Record<string, unknown>) => Promise<Map<string, Map<string, Outcome>>>;
}>('bench/rounds.mjs');

const TARGETS: readonly Target[] = [
  { name: 'a', front: {} },
  { name: 'b', front: {} },
];

/** Runs cases that note what is done, in order. */
async function run(rounds: number, cases: readonly ({ readonly name: string } & Record<string, unknown>)[]) {
  const done: string[] = [];
  const made = cases.map((one) => ({
    reports: [{ name: one.name, unit: 'ms' }],
    cpuUnit: '',
    prepare: async () => void done.push(`prepare ${one.name}`),
    finish: async () => void done.push(`finish ${one.name}`),
    measure: async ({ name }: Target) => {
      done.push(`${one.name} ${name}`);
      return { values: {} };
    },
    ...one,
  }));
  const loads: number[] = [];
  const warmUp = async (_front: object, { seconds }: { readonly seconds: number }) => {
    done.push('warm up');
    loads.push(seconds);
  };
  const outcomes = await runRounds({ targets: TARGETS, cases: made, rounds, log: () => undefined, warmUp });
  return { done, outcomes, loads };
}

describe('bench: rounds', () => {
  it('measures before load, then in rounds that begin with another target each, then after load', async () => {
    const phases = ['after', 'rounds', 'before'].map((when) => ({ name: when, when }));
    const { done } = await run(2, phases);
    expect(done.join(', ')).to.equal(
      ['before a, before b, warm up, warm up', 'rounds a, rounds b, rounds b, rounds a', 'after a, after b'].join(', '),
    );
  });

  it('runs what changes the system at the end: prepares it once, warms up, and measures all rounds in a row', async () => {
    const { done } = await run(2, [
      { name: 'many', when: 'last' },
      { name: 'more', when: 'last', whyNot: (target: string) => (target === 'b' ? 'not asked' : undefined) },
    ]);
    expect(done.join(', ')).to.equal(
      [
        'prepare many, warm up, warm up, many a, many b, many b, many a, finish many',
        'prepare more, warm up, more a, more a, finish more',
      ].join(', '),
    );
  });

  it('warms each target up for long before the first of these cases that it takes part in', async () => {
    const { done, loads } = await run(1, [
      { name: 'few', when: 'last', whyNot: (target: string) => (target === 'a' ? 'not asked' : undefined) },
      { name: 'many', when: 'last' },
    ]);
    expect(done.filter((step) => !step.endsWith('few') && !step.endsWith('many')).join(', ')).to.equal(
      'warm up, few b, warm up, warm up, many a, many b',
    );
    expect(loads, 'seconds for b, then a and b').to.deep.equal([8, 8, 2]);
  });

  it('says why a target is left out, and that a case which could not be prepared has failed', async () => {
    const { outcomes } = await run(1, [
      {
        name: 'many',
        when: 'last',
        whyNot: (target: string) => (target === 'b' ? 'not asked' : undefined),
        prepare: () => Promise.reject(new Error('no room')),
      },
    ]);
    expect(outcomes.get('many')?.get('a')).to.include({ failure: 'no room' });
    expect(outcomes.get('many')?.get('b')).to.include({ notRun: 'not asked', failure: undefined });
  });

  it('leaves a target that failed out of later rounds, and no other', async () => {
    const { done, outcomes } = await run(3, [
      {
        name: 'get',
        when: 'rounds',
        measure: async ({ name }: Target) => {
          if (name === 'a') throw new Error('refused');
          return { values: {} };
        },
      },
    ]);
    expect(outcomes.get('get')?.get('a')).to.deep.include({ failure: 'refused', samples: [] });
    expect(outcomes.get('get')?.get('b')?.samples).to.have.length(3);
    expect(done.filter((step) => step === 'warm up')).to.have.length(2);
  });
});
