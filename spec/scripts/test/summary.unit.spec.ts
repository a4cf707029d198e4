import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Step = {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  durationMs: number;
  note?: string;
  failures?: string[];
  retried?: string[];
};
type Module = {
  readonly summarize: (steps: readonly Step[]) => string;
  readonly conclude: (steps: readonly Step[]) => { line: string; exitCode: number };
  readonly withNote: (step: Step, note: string | undefined) => Step;
};

const { conclude, summarize, withNote } = await loadScript<Module>('test/summary.mjs');

const step = (name: string, passed: number, failed: number, skipped = 0): Step => ({
  name,
  passed,
  failed,
  skipped,
  durationMs: 1_234,
});

describe('summary of a test run', () => {
  it('adds up every step', () => {
    expect(conclude([step('types', 1, 0), step('unit specs', 40, 0)])).to.deep.equal({
      line: '41 passed, 0 failed',
      exitCode: 0,
    });
  });

  it('fails for one failure anywhere, and names the skipped only when there are some', () => {
    expect(conclude([step('types', 0, 1), step('unit specs', 40, 0, 2)])).to.deep.equal({
      line: '40 passed, 1 failed, 2 skipped',
      exitCode: 1,
    });
  });

  it('fails when nothing was proven', () => {
    expect(conclude([]).exitCode).to.equal(1);
    expect(conclude([step('unit specs', 0, 0, 3)]).exitCode).to.equal(1);
  });

  it('shows each step with its time, counts and note', () => {
    const text = summarize([step('types', 1, 0), { ...step('unit specs', 2, 1), note: 'mocha hung' }]);
    expect(text.split('\n')).to.deep.equal([
      'ok    types          1.2 s  1 passed, 0 failed',
      'FAIL  unit specs     1.2 s  2 passed, 1 failed  (mocha hung)',
    ]);
  });

  it('names what failed below, ten of them', () => {
    const failures = Array.from({ length: 12 }, (_, index) => `spec ${index}: why`);
    const lines = summarize([{ ...step('unit specs', 2, 12), failures }]).split('\n');
    expect(lines[1]).to.equal('failed: spec 0: why');
    expect(lines.length).to.equal(12);
    expect(lines[11]).to.equal('and 2 more');
  });

  it('names what passed at the second try only', () => {
    const lines = summarize([{ ...step('broker specs', 2, 0), retried: ['spec: starved'] }]).split('\n');
    expect(lines.slice(1)).to.deep.equal(['first try failed: spec: starved']);
  });

  it('adds a note to that of the step, and none where there is nothing to say', () => {
    const noted = withNote(step('broker specs', 9, 0, 8), 'ACME specs skipped: no pebble');
    expect(noted.note).to.equal('ACME specs skipped: no pebble');
    expect(withNote(noted, 'more').note).to.equal('ACME specs skipped: no pebble, more');
    expect(withNote(step('broker specs', 9, 0), undefined)).to.not.have.property('note');
  });
});
