import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Reader<T> = { readonly read: (bytes: Buffer) => T[] };
type LoadSeen = {
  readonly seconds: number;
  readonly okInTime: number;
  readonly tookMs: readonly number[];
  readonly wireMs: readonly number[];
  readonly waitingMs: readonly number[];
  readonly refused: number;
  readonly failed: number;
  readonly due: number;
};
const { AnswerReader } = await loadScript<{ readonly AnswerReader: new () => Reader<number> }>(
  'bench/loads/answer-reader.mjs',
);
const { planArrivals, summarizeLoad } = await loadScript<{
  readonly planArrivals: (
    rate: number,
    seconds: number,
  ) => {
    readonly count: number;
    readonly dueAt: (index: number) => number;
    readonly dueBy: (elapsedMs: number) => number;
  };
  readonly summarizeLoad: (seen: LoadSeen) => Record<string, number>;
}>('bench/loads/arrivals.mjs');
const { parseOpenFilesLimit } = await loadScript<{ readonly parseOpenFilesLimit: (text: string) => number }>(
  'bench/cases/idle-websockets.mjs',
);
const { whyOverloadIsInvalid } = await loadScript<{
  readonly whyOverloadIsInvalid: (run: { peak: number; ratePerSecond: number; failed: number }) => string | undefined;
}>('bench/cases/overload.mjs');
const { planApps } = await loadScript<{
  readonly planApps: (from: number, to: number) => { readonly name: string; readonly connectorGroupId: string }[];
}>('bench/many-apps.mjs');

const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} Reason\r\nContent-Length: ${body.length}\r\nX-Other: 1\r\n\r\n${body}`;

describe('bench: answers on a kept connection', () => {
  it('are told apart wherever they are cut', () => {
    const bytes = Buffer.from(answer(200, 'abc') + answer(503, '') + answer(200, 'x'.repeat(50)));
    for (let step = 1; step <= bytes.length; step += 1) {
      const reader = new AnswerReader();
      const statuses: number[] = [];
      for (let at = 0; at < bytes.length; at += step) statuses.push(...reader.read(bytes.subarray(at, at + step)));
      expect(statuses, `in pieces of ${step}`).to.deep.equal([200, 503, 200]);
    }
  });

  it('are refused when their length is not given', () => {
    const chunked = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    expect(() => new AnswerReader().read(chunked)).to.throw('cannot read the answer');
  });
});

describe('bench: open loop', () => {
  it('lets requests fall due evenly, and no more than planned', () => {
    const { count, dueAt, dueBy } = planArrivals(1000, 2);
    expect(count).to.equal(2000);
    expect([dueAt(0), dueAt(1), dueAt(1999)]).to.deep.equal([0, 1, 1999]);
    expect([dueBy(0), dueBy(10.5), dueBy(60_000)]).to.deep.equal([1, 11, 2000]);
  });

  it('counts answers in time as throughput, and those still waiting among the slow', () => {
    const seen = {
      seconds: 2,
      okInTime: 90,
      tookMs: Array(97).fill(5),
      wireMs: Array(97).fill(1),
      refused: 0,
      failed: 1,
    };
    const result = summarizeLoad({ ...seen, waitingMs: [700, 800, 900], due: 101 });
    expect(result).to.deep.equal({
      due: 101,
      okPerSecond: 45,
      refused: 0,
      failed: 1,
      unanswered: 3,
      p50Ms: 5,
      p99Ms: 800,
      wireP99Ms: 1,
    });
  });
});

describe('bench: overload', () => {
  it('counts when it was one, and the system was sound before', () => {
    expect(whyOverloadIsInvalid({ peak: 1000, ratePerSecond: 1500, failed: 0 })).to.equal(undefined);
    expect(whyOverloadIsInvalid({ peak: 1500, ratePerSecond: 2000, failed: 0 })).to.include('1.33 × the peak');
    expect(whyOverloadIsInvalid({ peak: 1000, ratePerSecond: 2000, failed: 3 })).to.include('3 requests failed');
  });
});

describe('bench: what a case needs of the machine and the system', () => {
  it('reads how many files a process may open', () => {
    const limits = (soft: string) =>
      `Limit  Soft Limit Hard Limit Units\nMax open files            ${soft}    20000  files\n`;
    expect(parseOpenFilesLimit(limits('1024'))).to.equal(1024);
    expect(parseOpenFilesLimit(limits('unlimited'))).to.equal(Number.POSITIVE_INFINITY);
    expect(parseOpenFilesLimit('nothing')).to.equal(0);
  });

  it('publishes apps where they can be asked while there is room, and then elsewhere', () => {
    expect(planApps(4, 1)).to.deep.equal([]);
    const apps = planApps(4, 10_000);
    expect(apps).to.have.length(9_996);
    expect(apps.filter(({ connectorGroupId }) => connectorGroupId === 'default')).to.have.length(996);
    expect(new Set(apps.map(({ connectorGroupId }) => connectorGroupId))).to.have.property('size', 10);
    expect(new Set(apps.map(({ name }) => name))).to.have.property('size', apps.length);
  });
});
