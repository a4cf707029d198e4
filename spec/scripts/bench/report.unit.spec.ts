import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Sample = {
  readonly values: Record<string, number>;
  readonly invalid?: string;
  readonly figures?: Record<string, number>;
  readonly errors?: number;
  readonly cpuMicroseconds?: Record<string, number>;
};
type Outcome = { readonly samples: readonly Sample[]; readonly failure?: string; readonly notRun?: string };
type Target = { readonly status: string; readonly reason?: string; readonly median?: number };
type Case = { readonly name: string; readonly unit: string; readonly targets: Record<string, Target> };
type Ratios = Record<string, Record<string, number>>;
type Report = {
  readonly reportCases: (
    cases: readonly unknown[],
    outcomes: Map<string, Map<string, Outcome>>,
    absent: readonly unknown[],
  ) => Case[];
  readonly reportRatios: (cases: readonly Case[]) => Ratios;
};
const { reportCases, reportRatios } = await loadScript<Report>('bench/report.mjs');
const { medianOf, medianByName, maxByName, percentileOf } = await loadScript<{
  readonly percentileOf: (values: readonly number[], percent: number) => number;
  readonly medianOf: (values: readonly number[]) => number;
  readonly medianByName: (rounds: readonly Record<string, number>[]) => Record<string, number>;
  readonly maxByName: (rounds: readonly Record<string, number>[]) => Record<string, number>;
}>('bench/statistics.mjs');
const { renderResult, alignColumns } = await loadScript<{
  readonly renderResult: (result: { cases: readonly Case[]; ratios: Ratios }) => string;
  readonly alignColumns: (rows: readonly (readonly string[])[], textColumns: number) => string;
}>('bench/table.mjs');
const { rotate } = await loadScript<{ readonly rotate: (list: readonly string[], by: number) => string[] }>(
  'bench/rounds.mjs',
);

const GET = { name: 'get', reports: [{ name: 'get', unit: 'requests/s' }], cpuUnit: 'request', when: 'rounds' };
const round = (rate: number, ingress = 100): Sample => ({
  values: { get: rate },
  figures: { p50Ms: rate / 1000, p99Ms: rate / 100 },
  errors: 1,
  cpuMicroseconds: { ingress },
});
const report = (outcomes: Record<string, Outcome>, absent: readonly unknown[] = []) =>
  reportCases([GET], new Map([['get', new Map(Object.entries(outcomes))]]), absent);

describe('bench: statistics', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(medianOf([9, 1, 5])).to.equal(5);
    expect(medianOf([4, 1, 2, 9])).to.equal(3);
    expect(() => medianOf([])).to.throw(RangeError);
  });

  it('takes the least value that a share of them does not exceed', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentileOf(values, 50), percentileOf(values, 99), percentileOf(values, 100)]).to.deep.equal([
      50, 99, 100,
    ]);
    expect(percentileOf([7], 99)).to.equal(7);
    expect(() => percentileOf([], 50)).to.throw(RangeError);
  });

  it('takes a process that a round does not know for one that did nothing in it', () => {
    const rounds = [{ a: 1, b: 7 }, { a: 3 }, { a: 2 }];
    expect(medianByName(rounds)).to.deep.equal({ a: 2, b: 0 });
    expect(maxByName(rounds)).to.deep.equal({ a: 3, b: 7 });
  });

  it('begins each round with another target', () => {
    expect(rotate(['a', 'b', 'c'], 1)).to.deep.equal(['b', 'c', 'a']);
    expect(rotate(['a', 'b', 'c'], 5)).to.deep.equal(['c', 'a', 'b']);
    expect(rotate([], 3)).to.deep.equal([]);
  });
});

describe('bench: result', () => {
  it('gives median, spread, percentiles, errors and CPU by process', () => {
    const [result] = report({ direct: { samples: [round(300), round(100, 140), round(200)] } });
    expect(result?.unit).to.equal('requests/s');
    expect(result?.targets.direct).to.deep.equal({
      status: 'measured',
      median: 200,
      min: 100,
      max: 300,
      samples: [300, 100, 200],
      p50Ms: 0.2,
      p99Ms: 2,
      errors: 3,
      cpuMicrosecondsPerRequest: { ingress: 100 },
    });
  });

  it('keeps the numbers of an invalid round, marked and with the reason', () => {
    const [result] = report({ direct: { samples: [round(300), { ...round(5), invalid: 'answers were errors' }] } });
    expect(result?.targets.direct).to.include({ status: 'invalid', reason: 'answers were errors', max: 300 });
  });

  it('drops no target that failed or is missing', () => {
    const absent = [{ name: 'frp', status: 'missing', reason: 'frps not on PATH' }];
    const [result] = report({ direct: { samples: [round(1)], failure: 'connection refused' } }, absent);
    expect(result?.targets).to.deep.equal({
      direct: { status: 'failed', reason: 'connection refused' },
      frp: { status: 'missing', reason: 'frps not on PATH' },
    });
  });

  it('says which target a case leaves out', () => {
    const [result] = report({ direct: { samples: [], notRun: 'the bar is about others' } });
    expect(result?.targets.direct).to.deep.equal({ status: 'not-run', reason: 'the bar is about others' });
  });

  it('takes off what direct had in the same round, for what the others add to it', () => {
    const added = { ...GET, reports: [...GET.reports, { name: 'added', unit: 'µs', addedTo: 'get' }] };
    const outcomes: Record<string, Outcome> = {
      direct: { samples: [round(100), round(300)] },
      'nginx-ssh': { samples: [round(150), round(310)] },
    };
    const results = reportCases([added], new Map([['get', new Map(Object.entries(outcomes))]]), []);
    expect(results[1]?.targets).to.deep.equal({
      'nginx-ssh': { status: 'measured', median: 30, min: 10, max: 50, samples: [50, 10] },
    });
    expect(reportRatios(results).added).to.equal(undefined);
  });

  it('divides medians that count, and only those', () => {
    const outcomes = {
      'sallyport-signed-in': { samples: [round(50)] },
      'nginx-ssh': { samples: [round(100)] },
      direct: { samples: [{ ...round(400), invalid: 'why' }] },
    };
    expect(reportRatios(report(outcomes))).to.deep.equal({ get: { 'sallyport-signed-in/nginx-ssh': 0.5 } });
  });
});

describe('bench: table', () => {
  it('marks invalid numbers, names failures and what is missing', () => {
    const cases = report(
      {
        direct: { samples: [{ ...round(300), invalid: 'redirects' }] },
        'nginx-ssh': { samples: [], failure: 'sshd ended' },
      },
      [{ name: 'frp', status: 'missing', reason: 'frps not on PATH' }],
    );
    const text = renderResult({ cases, ratios: {} });
    expect(text).to.include('get (requests/s)');
    expect(text).to.match(/direct +!300\.0 +300\.0 +300\.0/);
    expect(text).to.include('direct invalid: redirects');
    expect(text).to.include('nginx-ssh failed: sshd ended');
    expect(text).to.match(/not measured\n {2}frp +missing: frps not on PATH/);
  });

  it('lines text up at the left and numbers at the right', () => {
    const rows = [
      ['ab', '1', 'x'],
      ['c', '222'],
    ];
    expect(alignColumns(rows, 1)).to.equal('  ab    1  x\n  c   222');
  });
});
