import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = {
  readonly parseTestArguments: (args: readonly string[]) => {
    kinds: readonly string[];
    grep: string | undefined;
    help: boolean;
  };
};

const { parseTestArguments } = await loadScript<Module>('test/arguments.mjs');

describe('arguments of npm test', () => {
  it('are all kinds by default', () => {
    expect(parseTestArguments([])).to.deep.equal({
      kinds: ['checks', 'unit', 'broker', 'journey'],
      grep: undefined,
      help: false,
    });
  });

  it('choose kinds in the order of a run', () => {
    expect(parseTestArguments(['--only', 'broker', '--only=unit']).kinds).to.deep.equal(['unit', 'broker']);
  });

  it('leave the checks out when specs are chosen by title', () => {
    const parsed = parseTestArguments(['--grep', 'a=b']);
    expect(parsed).to.deep.include({ kinds: ['unit', 'broker', 'journey'], grep: 'a=b' });
  });

  for (const args of [['--only', 'everything'], ['--only'], ['--grep', ''], ['spec/x.spec.ts'], ['--watch']]) {
    it(`are refused, naming what is wrong: ${args.join(' ')}`, () => {
      expect(() => parseTestArguments(args)).to.throw(args.at(-1) === '' ? '--grep' : (args.at(-1) ?? ''));
    });
  }
});
