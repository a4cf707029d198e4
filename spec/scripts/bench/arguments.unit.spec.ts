import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = {
  readonly parseBenchArguments: (argv: readonly string[]) => unknown;
  readonly UsageError: new () => Error;
};
const { parseBenchArguments, UsageError } = await loadScript<Module>('bench/arguments.mjs');
const { listCases } = await loadScript<{
  readonly listCases: (plan: { bytes: number }, only: readonly string[]) => { readonly name: string }[];
}>('bench/cases.mjs');

describe('bench: options', () => {
  it('measures everything in three rounds unless told otherwise', () => {
    expect(parseBenchArguments([])).to.deep.equal({ jsonFile: undefined, rounds: 3, only: [], isQuick: false });
  });

  it('reads file, rounds and cases', () => {
    const argv = ['--json', 'out.json', '--rounds', '5', '--only', 'download', '--only', 'upload,get-1kib-32'];
    expect(parseBenchArguments(argv)).to.deep.equal({
      jsonFile: 'out.json',
      rounds: 5,
      only: ['download', 'upload', 'get-1kib-32'],
      isQuick: false,
    });
  });

  it('takes one round when quick', () => {
    expect(parseBenchArguments(['--quick'])).to.include({ rounds: 1, isQuick: true });
  });

  for (const argv of [['--rounds', '0'], ['--rounds', '1e9'], ['--only', 'nothing'], ['--fast'], ['stray']]) {
    it(`refuses ${argv.join(' ')}`, () => {
      expect(() => parseBenchArguments(argv)).to.throw(UsageError);
    });
  }

  it('names transfers after what they move, so that a quick run cannot pass for a full one', () => {
    const names = (bytes: number, only: readonly string[]) => listCases({ bytes }, only).map(({ name }) => name);
    expect(names(1_000_000_000, ['download', 'upload'])).to.deep.equal(['download-1gb', 'upload-1gb']);
    expect(names(100_000_000, ['download'])).to.deep.equal(['download-100mb']);
    expect(names(1_000_000_000, [])).to.have.length(6);
  });
});
