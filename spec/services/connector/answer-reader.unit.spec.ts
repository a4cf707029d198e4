import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { AnswerReader, MAX_INFORMATIONAL_ANSWERS } from '../../../services/connector/src/origins/answer-reader.ts';
import { allCuts, cut, mutated, seeds } from '../../libs/http1/seeds.ts';

type Options = { readonly method?: string; readonly isUpgrade?: boolean };
type Read = {
  readonly informational: readonly number[];
  readonly status: number | undefined;
  readonly fields: readonly string[];
  readonly framing: string | undefined;
  readonly body: string;
  readonly trailers: readonly string[] | undefined;
  readonly fault: string | undefined;
  readonly isPersistent: boolean;
};

/** One answer in these pieces, and then the end of the connection when it was not complete. */
function read(pieces: readonly Buffer[], options: Options = {}): Read {
  const reader = new AnswerReader();
  reader.begin(options.method ?? 'GET', options.isUpgrade === true);
  const informational: number[] = [];
  let head: { status: number; fields: readonly string[]; framing: string } | undefined;
  let body = '';
  let trailers: readonly string[] | undefined;
  const sink = {
    onInformational: (status: number) => void informational.push(status),
    onHead: (given: NonNullable<typeof head>) => {
      head = given;
    },
    onData: (chunk: Buffer) => {
      body += chunk.toString('latin1');
    },
    onEnd: (given: readonly string[]) => {
      trailers = given;
    },
  };
  let fault: string | undefined;
  let isPersistent = false;
  for (const piece of pieces) {
    // What comes behind a complete answer ends the connection, as the connection does it.
    if (reader.isDone) {
      isPersistent = false;
      break;
    }
    fault = reader.push(Buffer.from(piece), sink)?.reason;
    if (fault !== undefined) break;
    isPersistent = reader.isDone && reader.isPersistent;
  }
  if (fault === undefined && !reader.isDone && !reader.isUpgraded) fault = reader.close(sink)?.reason;
  const { status, fields = [], framing } = head ?? {};
  return { informational, status, fields, framing, body, trailers, fault, isPersistent };
}

const answer = (text: string, options?: Options) =>
  read([Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1')], options);

describe('the reader of an origin answer', () => {
  it('takes a length', () => {
    const seen = answer('HTTP/1.1 200 OK\nContent-Length: 5\nX: y\n\nhello');
    expect([seen.status, seen.body, seen.isPersistent, seen.framing]).to.deep.equal([200, 'hello', true, 'length']);
    expect(seen.fields).to.deep.equal(['Content-Length', '5', 'X', 'y']);
  });

  it('takes chunks and trailers, and drops what frames them', () => {
    const seen = answer('HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n2\nhe\n3;x\nllo\n0\nA: b\n\n');
    expect([seen.body, seen.trailers, seen.isPersistent]).to.deep.equal(['hello', ['A', 'b'], true]);
    expect(seen.fields).to.deep.equal([]);
  });

  it('takes what comes until the connection closes', () => {
    const seen = answer('HTTP/1.1 200 OK\n\nhello');
    expect([seen.body, seen.fault, seen.isPersistent, seen.trailers]).to.deep.equal(['hello', undefined, false, []]);
  });

  it('expects no body after HEAD, 204, 304 and a length of zero', () => {
    for (const [head, method] of [
      ['HTTP/1.1 200 OK\nContent-Length: 9\n\n', 'HEAD'],
      ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n', 'HEAD'],
      ['HTTP/1.1 204 No Content\n\n', 'GET'],
      ['HTTP/1.1 304 Not Modified\nContent-Length: 9\n\n', 'GET'],
      ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'GET'],
    ] as const) {
      const seen = answer(head, { method });
      expect([seen.framing, seen.fault], head).to.deep.equal(['none', undefined]);
    }
  });

  it('gives up the connection where an origin may send a body after all, which would answer the next request', () => {
    for (const [head, method] of [
      ['HTTP/1.1 200 OK\n\n', 'HEAD'],
      ['HTTP/1.1 304 Not Modified\nContent-Length: 9\n\n', 'GET'],
      ['HTTP/1.1 304 Not Modified\nTransfer-Encoding: chunked\n\n', 'GET'],
      ['HTTP/1.1 204 No Content\nTransfer-Encoding: chunked\n\n', 'GET'],
    ] as const)
      expect(answer(head, { method }).isPersistent, head).to.equal(false);
    for (const head of ['HTTP/1.1 304 Not Modified\nETag: "a"\n\n', 'HTTP/1.1 204 No Content\n\n'])
      expect(answer(head).isPersistent, head).to.equal(true);
  });

  const persistence: [string, boolean][] = [
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: close\n\n', false],
    ['HTTP/1.1 200 OK\nContent-Length: 0\nConnection: X, Close\n\n', false],
    ['HTTP/1.0 200 OK\nContent-Length: 0\n\n', false],
    ['HTTP/1.0 200 OK\nContent-Length: 0\nConnection: Keep-Alive\n\n', true],
    ['HTTP/1.1 200 OK\nContent-Length: 2\n\nokextra', false],
    ['HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n', false],
    ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\nextra', false],
  ];
  for (const [text, isPersistent] of persistence)
    it(`${isPersistent ? 'keeps' : 'gives up'} the connection after ${JSON.stringify(text)}`, () =>
      expect([answer(text).fault, answer(text).isPersistent]).to.deep.equal([undefined, isPersistent]));

  const faults: [string, string][] = [
    ['HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6\n\nhello!', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nContent-Length: 5, 6\n\nhello!', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nContent-Length: -1\n\n', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nContent-Length: 0x5\n\nhello', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nContent-Length:\n\n', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nContent-Length: 9999999999999999\n\n', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nTransfer-Encoding: identity\n\n', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n', 'origin-invalid'],
    ['HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n0\n\n', 'origin-invalid'],
    ['HTTP/1.1 101 Switching Protocols\nUpgrade: x\n\n', 'origin-invalid'],
    ['HTTP/1.1 200 OK\nContent-Length: 5\n\nhell', 'origin-aborted'],
    ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n', 'origin-aborted'],
    ['HTTP/1.1 200 OK\nContent-Le', 'origin-aborted'],
    ['HTTP/1.1 100 Continue\n\n', 'origin-aborted'],
    ['', 'origin-aborted'],
    [`HTTP/1.1 200 OK\nX: ${'x'.repeat(65_536)}\n\n`, 'too-large'],
    [`HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1;${'x'.repeat(1000)}\na\n0\n\n`, 'origin-invalid'],
    ['HTTP/1.1 102 Processing\n\n'.repeat(MAX_INFORMATIONAL_ANSWERS + 1), 'origin-invalid'],
  ];
  for (const [text, reason] of faults)
    it(`says ${reason} to ${JSON.stringify(text.slice(0, 90))}`, () => expect(answer(text).fault).to.equal(reason));

  it('counts equal lengths as one and passes one on', () => {
    const seen = answer('HTTP/1.1 200 OK\nContent-Length: 5, 5\nA: b\ncontent-length: 5\n\nhello');
    expect([seen.body, seen.fields]).to.deep.equal(['hello', ['Content-Length', '5', 'A', 'b']]);
  });

  it('keeps the fields of a 101 that belong to the user', () => {
    const head =
      'HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: x\nSec-WebSocket-Protocol: p\nSet-Cookie: a=b\nSet-Cookie: c=d\n\nbytes';
    const seen = answer(head, { isUpgrade: true });
    expect([seen.status, seen.body]).to.deep.equal([101, 'bytes']);
    expect(seen.fields).to.deep.equal([
      'Upgrade',
      'websocket',
      'Sec-WebSocket-Accept',
      'x',
      'Sec-WebSocket-Protocol',
      'p',
      'Set-Cookie',
      'a=b',
      'Set-Cookie',
      'c=d',
    ]);
  });

  it('does not let Connection name away what frames or identifies', () => {
    const seen = answer(
      'HTTP/1.1 200 OK\nConnection: content-length, set-cookie, x\nContent-Length: 2\nSet-Cookie: a\nX: y\n\nok',
    );
    expect([seen.body, seen.fields]).to.deep.equal(['ok', ['Content-Length', '2', 'Set-Cookie', 'a']]);
  });

  /** Where a fault shows first depends on the cuts; that there is one does not. */
  const settled = (seen: Read) => {
    if (seen.fault !== undefined && seen.fault !== 'origin-aborted') return 'refused';
    const { trailers, isPersistent, ...rest } = seen;
    return { ...rest, trailers, isPersistent };
  };

  for (const options of [{}, { method: 'HEAD' }, { isUpgrade: true }])
    for (const { name, bytes } of [...seeds('answer-'), ...seeds('request-get')])
      it(`reads ${name} alike however it is cut, ${JSON.stringify(options)}`, () => {
        const whole = settled(read([bytes], options));
        for (const places of allCuts(bytes)) expect(settled(read(cut(bytes, places), options))).to.deep.equal(whole);
      });

  it('reads any bytes alike however they are cut, and never throws', () => {
    const mutation = fc.record({
      at: fc.nat(300),
      how: fc.constantFrom('set' as const, 'remove' as const, 'repeat' as const),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 32, 48, 53, 58)),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds('answer-')),
        fc.array(mutation, { maxLength: 6 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        fc.boolean(),
        ({ bytes }, mutations, places, isUpgrade) => {
          const input = mutated(bytes, mutations);
          const parts = settled(read(cut(input, places), { isUpgrade }));
          expect(parts).to.deep.equal(settled(read([input], { isUpgrade })));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
