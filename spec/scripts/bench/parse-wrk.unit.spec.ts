import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Result = {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesRead: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly socketErrors: number;
  readonly non2xx: number;
};
const { parseWrk } = await loadScript<{ parseWrk: (text: string) => Result }>('bench/parse-wrk.mjs');
const { whyWrkIsInvalid } = await loadScript<{ whyWrkIsInvalid: (result: Result) => string | undefined }>(
  'bench/load.mjs',
);

const output = (extra = '') => `Running 5s test @ https://127.0.0.1:8443/1k
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.21ms    2.10ms  40.33ms   89.00%
    Req/Sec     5.17k   300.00     5.60k    80.00%
  Latency Distribution
     50%  890.00us
     75%    6.40ms
     90%    7.10ms
     99%    1.05s 
  25842 requests in 5.01s, 30.10MB read
${extra}Requests/sec:   5158.11
Transfer/sec:      6.01MB
`;

describe('bench: what wrk prints', () => {
  it('reads rate, percentiles in microseconds and bytes', () => {
    expect(parseWrk(output())).to.deep.equal({
      requests: 25_842,
      requestsPerSecond: 5158.11,
      bytesRead: 30.1 * 1024 * 1024,
      p50Us: 890,
      p99Us: 1_050_000,
      socketErrors: 0,
      non2xx: 0,
    });
  });

  it('counts errors of sockets and of statuses', () => {
    const lines = '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 12\n';
    expect(parseWrk(output(lines))).to.include({ socketErrors: 4321, non2xx: 12 });
  });

  it('refuses output without its numbers', () => {
    expect(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused')).to.throw(/no line like/);
  });
});

describe('bench: whether a round of wrk counts', () => {
  const good: Result = { ...parseWrk(output()), requests: 1000, bytesRead: 1000 * 1300 };

  it('counts when every answer has the body and some headers', () => {
    expect(whyWrkIsInvalid(good)).to.equal(undefined);
  });

  for (const [title, change, reason] of [
    ['no answer', { requests: 0 }, /no request/],
    ['an answer of 400 or more', { non2xx: 1 }, /1 of 1000 answers were errors/],
    ['a socket error', { socketErrors: 2 }, /2 socket errors/],
    ['bodies too small, as redirects have', { bytesRead: 1000 * 400 }, /400 bytes, expected 1024/],
    ['bodies too large, as pages have', { bytesRead: 1000 * 9000 }, /9000 bytes/],
  ] as const) {
    it(`does not count with ${title}`, () => {
      expect(whyWrkIsInvalid({ ...good, ...change })).to.match(reason);
    });
  }
});
