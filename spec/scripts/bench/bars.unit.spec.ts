import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Target = { readonly status: string; readonly median?: number; readonly p99Ms?: number };
type Verdict = { readonly bar: string; readonly target: string; readonly measured: number; readonly holds: boolean };
const { judgeBars } = await loadScript<{
  readonly judgeBars: (cases: readonly { name: string; unit: string; targets: Record<string, Target> }[]) => Verdict[];
}>('bench/bars.mjs');

const measured = (median: number, p99Ms?: number): Target => ({
  status: 'measured',
  median,
  ...(p99Ms === undefined ? {} : { p99Ms }),
});
const judge = (name: string, targets: Record<string, Target>) => judgeBars([{ name, unit: '', targets }]);
const SIGNED_IN = 'sallyport-signed-in';

describe('bench: bars', () => {
  it('asks for as many requests as nginx and ssh -R, and a p99 no worse', () => {
    const verdicts = judge('get-1kib-256', { [SIGNED_IN]: measured(90, 60), 'nginx-ssh': measured(100, 50) });
    expect(verdicts.map(({ measured: number, holds }) => [number, holds])).to.deep.equal([
      [0.9, false],
      [1.2, false],
    ]);
  });

  it('asks for at most twice what nginx and ssh -R add to one request', () => {
    const [verdict] = judge('get-1kib-1-added', { [SIGNED_IN]: measured(400), 'nginx-ssh': measured(200) });
    expect(verdict).to.include({ measured: 2, holds: true });
  });

  it('allows an echo twice the direct one and a millisecond', () => {
    const holds = (ms: number) =>
      judge('websocket-echo', { direct: measured(0.1), [SIGNED_IN]: measured(ms) }).map((verdict) => verdict.holds);
    expect(holds(1.2)).to.deep.equal([true]);
    expect(holds(1.21)).to.deep.equal([false]);
  });

  it('holds the most against the fewest', () => {
    const at = (apps: number, cost: number) => ({
      name: `many-apps-${apps}`,
      unit: '',
      targets: { [SIGNED_IN]: measured(cost) },
    });
    const [verdict, ...others] = judgeBars([at(1, 200), at(1000, 900), at(10_000, 231)]);
    expect(others).to.deep.equal([]);
    expect(verdict).to.include({ bar: 'many-apps: cost at 10000 / at 1 ≤ 1.15', measured: 1.155, holds: false });
  });

  it('asks for decisions below 100 µs and for refusals within a second, at their p99', () => {
    const holds = (name: string, value: number) =>
      judge(name, { [SIGNED_IN]: measured(value) }).map((verdict) => verdict.holds);
    expect(holds('decision-latency-195-p99', 100)).to.deep.equal([true]);
    expect(holds('decision-latency-195-p99', 100.1)).to.deep.equal([false]);
    expect(holds('decision-latency-195', 500), 'the median').to.deep.equal([]);
    for (const name of ['revocation-p99', 'revocation-websocket-p99'])
      expect([...holds(name, 1000), ...holds(name, 1001)], name).to.deep.equal([true, false]);
  });

  it('judges nothing by numbers that do not count, or of one side alone', () => {
    expect(judge('get-1kib-256', { [SIGNED_IN]: measured(90, 60) })).to.deep.equal([]);
    expect(judge('idle-websockets-10000-ingress', { [SIGNED_IN]: { status: 'invalid', median: 1 } })).to.deep.equal([]);
    expect(judge('many-apps-1', { [SIGNED_IN]: measured(90) })).to.deep.equal([]);
    expect(judge('get-1kib-1-added', { [SIGNED_IN]: measured(90), 'nginx-ssh': measured(-3) })).to.deep.equal([]);
  });
});
