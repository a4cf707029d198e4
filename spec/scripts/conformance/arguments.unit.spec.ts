import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = {
  readonly parseConformanceArguments: (argv: readonly string[], suites: readonly string[]) => unknown;
};
const { parseConformanceArguments } = await loadScript<Module>('conformance/arguments.mjs');
const { UsageError } = await loadScript<{ readonly UsageError: new () => Error }>('bootstrap/options.mjs');
const SUITES = ['git', 'litmus'];

describe('conformance: options', () => {
  it('runs everything and writes nothing unless told otherwise', () => {
    expect(parseConformanceArguments([], SUITES)).to.deep.equal({
      jsonFile: undefined,
      writesDocument: false,
      only: [],
      idleSeconds: 300,
    });
  });

  it('reads file, suites, time and document', () => {
    const argv = ['--json', 'out.json', '--only', 'git,litmus', '--idle-seconds', '3600', '--document'];
    expect(parseConformanceArguments(argv, SUITES)).to.deep.equal({
      jsonFile: 'out.json',
      writesDocument: true,
      only: ['git', 'litmus'],
      idleSeconds: 3600,
    });
  });

  for (const argv of [['--only', 'nothing'], ['--idle-seconds', '0'], ['--idle-seconds', 'x'], ['--fast'], ['stray']]) {
    it(`refuses ${argv.join(' ')}`, () => {
      expect(() => parseConformanceArguments(argv, SUITES)).to.throw(UsageError);
    });
  }
});
