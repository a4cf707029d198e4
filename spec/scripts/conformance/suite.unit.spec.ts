import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Outcome = { readonly passed: number; readonly failed: number; readonly unexplained: readonly string[] };
type Module = {
  readonly SuiteUnavailable: new (message: string) => Error;
  readonly Checks: new () => {
    check(isRight: boolean, what: string): void;
    attempt(what: string, work: () => Promise<void>): Promise<void>;
    outcome(version: string): Outcome;
  };
  readonly runSuite: (suite: object, context: object) => Promise<Outcome & { ran: boolean; reason?: string }>;
};
const { Checks, runSuite, SuiteUnavailable } = await loadScript<Module>('conformance/suite.mjs');
const { renderDocument } = await loadScript<{ readonly renderDocument: (run: object) => string }>(
  'conformance/document.mjs',
);

const suiteOf = (run: () => Promise<unknown>, limitMs = 1000) => ({ name: 'x', judges: 'nothing', limitMs, run });

describe('conformance: suites', () => {
  it('counts a suite that cannot run as not run, with the reason, never as passed', async () => {
    const result = await runSuite(
      suiteOf(() => Promise.reject(new SuiteUnavailable('no tool'))),
      {},
    );
    expect(result).to.include({ ran: false, reason: 'no tool', passed: 0, failed: 0 });
  });

  it('counts a suite that breaks off as failed', async () => {
    const result = await runSuite(
      suiteOf(() => Promise.reject(new Error('it broke'))),
      {},
    );
    expect(result).to.include({ ran: true, failed: 1 });
    expect(result.unexplained).to.deep.equal(['the suite broke off: it broke']);
  });

  it('ends the wait for a suite at its limit', async () => {
    const result = await runSuite(
      suiteOf(() => delay(60_000, undefined, { ref: false }), 20),
      {},
    );
    expect(result).to.include({ ran: true, failed: 1 });
  });

  it('keeps what failed, a bounded number of it', async () => {
    const checks = new Checks();
    checks.check(true, 'right');
    for (let i = 0; i < 50; i += 1) checks.check(false, `wrong ${i}`);
    await checks.attempt('thrown', () => Promise.reject(new Error('x')));
    const { passed, failed, unexplained } = checks.outcome('1');
    expect([passed, failed, unexplained.length, unexplained.at(-1)]).to.deep.equal([1, 51, 41, 'and 11 more']);
  });

  it('writes what ran and what did not into the document, harmless for Markdown', () => {
    const text = renderDocument({
      date: '2026-01-01',
      commit: 'abcdef0123456789+changes',
      machine: { cores: 2, os: 'Debian', kernel: '6.1.2-x', node: '20', loadAverageBefore: 9 },
      results: [
        {
          suite: 'a',
          judges: 'x',
          version: '1',
          ran: true,
          passed: 2,
          failed: 1,
          unexplained: ['a|b <c>'],
          notes: [],
          seconds: 3,
        },
        {
          suite: 'b',
          judges: 'y',
          version: '',
          ran: false,
          reason: 'no tool',
          passed: 0,
          failed: 0,
          unexplained: [],
          notes: [],
          seconds: 0,
        },
      ],
    });
    expect(text).to.contain('| a | x | 1 | 2 | **1** | 3 s |');
    expect(text).to.contain('- failed: a\\|b &lt;c>');
    expect(text).to.contain('| b | y | no tool |');
    expect(text).to.contain(
      'commit abcdef012345 with changes; 2 cores, Debian, kernel 6.1, Node.js 20, load average 9',
    );
    expect(text).to.contain('other work kept the machine busy');
  });
});
