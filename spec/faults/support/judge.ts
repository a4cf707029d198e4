import { expect } from 'chai';
import type { FaultOrigin } from './fault-origin.ts';
import type { LoadReport, Sample, StreamEnd } from './steady-load.ts';

/** A request that may be repeated reaches connectors at most this often: two opens of three dispatches each. */
const MAX_IDEMPOTENT_CALLS = 6;

export type Verdict = {
  readonly answered: number;
  /** Kinds of failure of small requests, with how many there were. */
  readonly failures: Readonly<Record<string, number>>;
  /** Milliseconds from the fault to the begin of the last request that failed; 0 when none did. */
  readonly recoveredMs: number;
  /** The slowest answer to a request that began after the bound of recovery. */
  readonly slowestAfterMs: number;
  readonly streams: Readonly<Record<string, number>>;
  /** Milliseconds from the fault to the end of the last stream that was cut. */
  readonly lastCutMs: number;
  /** Of the process that measured. */
  readonly longestStallMs: number;
};

/**
 * What must hold whatever fails: no answer that is another's, damaged, doubled or shorter than it looks, no user left
 * without an end, and no POST twice at the origin, nor answered without having been there.
 */
export function expectNothingWrong(report: LoadReport, origin: FaultOrigin): void {
  const ends: readonly Pick<Sample, 'outcome'>[] = [...report.samples, ...report.streams];
  expect(ends.flatMap(({ outcome }) => (outcome.kind === 'wrong' ? [outcome.what] : []))).to.deep.equal([]);
  const doubled = report.samples.filter(
    ({ id, method }) => (origin.counts.get(id) ?? 0) > (method === 'POST' ? 1 : MAX_IDEMPOTENT_CALLS),
  );
  expect(doubled.map(({ id, method }) => `${method} ${id}: ${origin.counts.get(id)}`)).to.deep.equal([]);
  const unseen = report.samples.filter(({ id, outcome }) => outcome.kind === 'answered' && !origin.counts.has(id));
  expect(unseen).to.deep.equal([]);
}

/** Measured against the instant of the fault, of `performance.now()`. */
export function judge(report: LoadReport, faultAt: number, recoveryBoundMs: number): Verdict {
  const failed = report.samples.filter(({ outcome }) => outcome.kind !== 'answered');
  const after = report.samples.filter(({ startedAt }) => startedAt > faultAt + recoveryBoundMs);
  const cut = report.streams.filter(({ outcome }) => outcome.kind !== 'answered');
  return {
    answered: report.samples.length - failed.length,
    failures: countBy(failed.map(describeEnd)),
    recoveredMs: latest(failed.map(({ startedAt }) => startedAt - faultAt)),
    slowestAfterMs: latest(after.map(({ startedAt, endedAt }) => endedAt - startedAt)),
    streams: countBy(report.streams.map((end) => `${end.kind} ${end.outcome.kind}`)),
    lastCutMs: latest(cut.map(({ endedAt }) => endedAt - faultAt)),
    longestStallMs: report.longestStallMs,
  };
}

function describeEnd({ method, outcome }: Sample): string {
  return outcome.kind === 'answered' ? `${method} answered` : `${method} ${outcome.kind} ${outcome.what}`;
}

/** Streams that ended otherwise than whole. */
export function cutStreams(report: LoadReport): readonly StreamEnd[] {
  return report.streams.filter(({ outcome }) => outcome.kind !== 'answered');
}

function latest(values: readonly number[]): number {
  return Math.round(Math.max(0, ...values));
}

export function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
