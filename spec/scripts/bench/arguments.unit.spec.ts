import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = {
  readonly parseBenchArguments: (argv: readonly string[]) => unknown;
};
const { UsageError } = await loadScript<{ readonly UsageError: new () => Error }>('bootstrap/options.mjs');
const { parseBenchArguments } = await loadScript<Module>('bench/arguments.mjs');
const { listCases, FULL, QUICK } = await loadScript<{
  readonly listCases: (
    plan: Readonly<Record<string, unknown>>,
    means: object,
    choice: { readonly only: readonly string[]; readonly isAll: boolean; readonly isLong: boolean },
  ) => { readonly name: string }[];
  readonly FULL: Readonly<Record<string, unknown>>;
  readonly QUICK: Readonly<Record<string, unknown>>;
}>('bench/cases.mjs');
const names = (size: Readonly<Record<string, unknown>>, only: readonly string[], isAll = false, isLong = false) =>
  listCases(size, {}, { only, isAll, isLong }).map(({ name }) => name);
const USUAL = { only: [], isQuick: false, isAll: false, isLong: false };

describe('bench: options', () => {
  it('measures everything in three rounds unless told otherwise', () => {
    expect(parseBenchArguments([])).to.deep.equal({ ...USUAL, jsonFile: undefined, rounds: 3 });
  });

  it('reads file, rounds and cases', () => {
    const argv = ['--json', 'out.json', '--rounds', '5', '--only', 'download', '--only', 'upload,get-1kib-32'];
    expect(parseBenchArguments(argv)).to.deep.equal({
      ...USUAL,
      jsonFile: 'out.json',
      rounds: 5,
      only: ['download', 'upload', 'get-1kib-32'],
    });
  });

  it('takes one round when quick', () => {
    expect(parseBenchArguments(['--quick'])).to.include({ rounds: 1, isQuick: true });
  });

  it('takes the slow cases and the long ones when asked', () => {
    expect(parseBenchArguments(['--all', '--long'])).to.include({ isAll: true, isLong: true });
  });

  for (const argv of [['--rounds', '0'], ['--rounds', '1e9'], ['--only', 'nothing'], ['--fast'], ['stray']]) {
    it(`refuses ${argv.join(' ')}`, () => {
      expect(() => parseBenchArguments(argv)).to.throw(UsageError);
    });
  }

  it('names transfers after what they move, so that a quick run cannot pass for a full one', () => {
    expect(names(FULL, ['download', 'upload', 'transfer-10gb'])).to.deep.equal([
      'download-1gb',
      'upload-1gb',
      'transfer-10gb-download',
      'transfer-10gb-upload',
    ]);
    expect(names(QUICK, ['download'])).to.deep.equal(['download-100mb']);
    expect(names(QUICK, ['transfer-10gb', 'idle-websockets'])).to.deep.equal([
      'idle-websockets-200',
      'transfer-500mb-download',
      'transfer-500mb-upload',
    ]);
  });

  it('leaves slow and long cases out unless told otherwise', () => {
    const slow = /^(idle-websockets|many-connectors|many-apps)-/;
    expect(names(FULL, []).filter((name) => slow.test(name) || name.startsWith('transfer-'))).to.deep.equal([]);
    expect(names(FULL, [], true).filter((name) => slow.test(name))).to.have.length(7);
    expect(names(FULL, [], false, true).filter((name) => name.startsWith('transfer-'))).to.have.length(2);
  });

  it('measures decisions, sign-ins and revocations in a usual run, after the memory that loads leave behind', () => {
    const usual = names(FULL, []);
    expect(usual.slice(usual.indexOf('memory-at-rest-after-load') + 1)).to.deep.equal([
      'decision-cached',
      'decision-uncached',
      'sign-in-flows',
      'revocation',
    ]);
    expect(usual).to.include('decision-latency');
    expect(names(FULL, ['revocation', 'decision-cached'])).to.deep.equal(['decision-cached', 'revocation']);
  });

  it('takes a name for whole words, not for any beginning', () => {
    expect(names(FULL, ['get-1kib-1'])).to.deep.equal(['get-1kib-1']);
  });
});
