import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { HeadReader, parseFieldLines, parseRequestLine, parseStatusLine } from '#libs/http1';
import { allCuts, cut, mutated, seeds } from './seeds.ts';

const MAX_BYTES = 300;

type Heads = { readonly heads: readonly unknown[]; readonly end: string; readonly rest: string };

/** All heads in these pieces: each with its lines parsed, then how it ended. */
function read(pieces: readonly Buffer[], maxBytes: number = MAX_BYTES): Heads {
  const reader = new HeadReader(maxBytes);
  const heads: unknown[] = [];
  let rest: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    let progress = reader.push(piece);
    while (progress === 'complete') {
      const fields = parseFieldLines(reader.fieldBytes.toString('latin1'));
      heads.push([reader.startLine, fields]);
      if (typeof fields === 'string') return { heads, end: 'refused', rest: '' };
      rest = reader.rest;
      if (rest.length === 0) break;
      progress = reader.push(rest);
    }
    if (progress !== 'complete' && progress !== 'incomplete') return { heads, end: 'refused', rest: '' };
  }
  return { heads, end: reader.hasBegun ? 'begun' : 'between', rest: '' };
}

/** Where a fault shows first depends on the cuts; that there is one does not. */
const settled = ({ heads, end }: Heads) => (end === 'refused' ? 'refused' : { heads, end });

const mutation = fc.record({
  at: fc.nat(200),
  how: fc.constantFrom('set' as const, 'remove' as const, 'repeat' as const),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 32, 58)),
});

describe('the reader of message heads', () => {
  it('reads a head that lies in one piece without copying it', () => {
    const piece = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\nbody');
    const reader = new HeadReader(MAX_BYTES);
    expect(reader.push(piece)).to.equal('complete');
    expect([reader.startLine, reader.fieldBytes.toString(), reader.rest.toString()]).to.deep.equal([
      'GET / HTTP/1.1',
      'Host: a',
      'body',
    ]);
    expect(reader.fieldBytes.buffer).to.equal(piece.buffer);
  });

  it('reads a head without fields', () => {
    const reader = new HeadReader(MAX_BYTES);
    expect(reader.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).to.equal('complete');
    expect([reader.fieldBytes.length, reader.rest.length]).to.deep.equal([0, 0]);
  });

  it('says whether a head has begun', () => {
    const reader = new HeadReader(MAX_BYTES);
    expect(reader.hasBegun).to.equal(false);
    reader.push(Buffer.from('G'));
    expect(reader.hasBegun).to.equal(true);
    reader.push(Buffer.from('ET / HTTP/1.1\r\n\r\n'));
    expect(reader.hasBegun).to.equal(false);
  });

  it('skips one empty line before a head, however it is cut, and no second', () => {
    for (const pieces of [['\r\nA\r\n\r\n'], ['\r', '\nA\r\n\r\n'], ['\r\n', 'A\r\n\r\n'], ['\r\nA', '\r\n\r\n']])
      expect(read(pieces.map((text) => Buffer.from(text))).heads, JSON.stringify(pieces)).to.deep.equal([['A', []]]);
    for (const pieces of [['\r\n\r\nA\r\n\r\n'], ['\r\n', '\r\n', 'A\r\n\r\n'], ['\r', '\n\r', '\nA\r\n\r\n']])
      expect(settled(read(pieces.map((text) => Buffer.from(text)))), JSON.stringify(pieces)).to.not.deep.equal({
        heads: [['A', []]],
        end: 'between',
      });
  });

  it('refuses what is longer than its limit and takes what is exactly as long, however it is cut', () => {
    const head = (bytes: number) => Buffer.from(`A\r\nx: ${'y'.repeat(bytes - 10)}\r\n\r\n`);
    expect([head(300).length, head(301).length]).to.deep.equal([300, 301]);
    for (const places of allCuts(head(301))) {
      expect(read(cut(head(300), places)).end).to.equal('between');
      expect(read(cut(head(301), places)).end).to.equal('refused');
    }
  });

  it('finds a line without carriage return at once', () => {
    expect(new HeadReader(MAX_BYTES).push(Buffer.from('GET / HTTP/1.1\nHost: a\n'))).to.equal('line-ending');
    expect(new HeadReader(MAX_BYTES).push(Buffer.from('\n'))).to.equal('line-ending');
  });

  it('costs no more than a few copies of a head that drips', () => {
    const reader = new HeadReader(65_536);
    const startedAt = process.cpuUsage();
    for (let i = 0; i < 65_000; i += 1) reader.push(Buffer.from('x'));
    const { user, system } = process.cpuUsage(startedAt);
    expect(user + system).to.be.lessThan(500_000);
  });

  for (const { name, bytes } of [...seeds('request-'), ...seeds('answer-')])
    it(`reads ${name} alike however it is cut`, () => {
      const whole = settled(read([bytes]));
      for (const places of allCuts(bytes)) expect(settled(read(cut(bytes, places)))).to.deep.equal(whole);
    });

  it('reads any bytes alike however they are cut, and never throws', () => {
    const all = [...seeds('request-'), ...seeds('answer-')];
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.array(mutation, { maxLength: 6 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        ({ bytes }, mutations, places) => {
          const input = mutated(bytes, mutations);
          expect(settled(read(cut(input, places)))).to.deep.equal(settled(read([input])));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('field lines', () => {
  const table: [string, readonly string[] | string][] = [
    ['', []],
    ['a: b', ['a', 'b']],
    ['a:b\r\nA: \t c \t', ['a', 'b', 'A', 'c']],
    ['a:', ['a', '']],
    ['a: b: c', ['a', 'b: c']],
    ['a: caf\u00e9', ['a', 'caf\u00e9']],
    ['a : b', 'field-name'],
    [': b', 'field-name'],
    ['a b: c', 'field-name'],
    ['a', 'field-name'],
    ['a: b\r\n\r\nc: d', 'field-name'],
    [' a: b', 'field-fold'],
    ['a: b\r\n c', 'field-fold'],
    ['a: b\r\n\tc', 'field-fold'],
    ['a: b\rc: d', 'line-ending'],
    ['a: b\nc: d', 'line-ending'],
    ['a: b\r', 'line-ending'],
    ['a: b\r\r\nc: d', 'line-ending'],
    ['a: \0', 'field-value'],
    ['a: \x7f', 'field-value'],
    ['a: \x0b', 'field-value'],
    ['(a): b', 'field-name'],
    ['caf\u00e9: b', 'field-name'],
  ];
  for (const [block, expected] of table)
    it(`are parsed: ${JSON.stringify(block)}`, () => expect(parseFieldLines(block)).to.deep.equal(expected));

  it('of any kind come out as they went in', () => {
    const name = fc.string({ unit: fc.constantFrom(..."aZ09!#$%&'*+-.^_`|~".split('')), minLength: 1, maxLength: 12 });
    const value = fc.string({ unit: fc.constantFrom(...'aZ ~\t:,"\u0080\u00ff'.split('')) }).map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
        const block = pairs.map(([a, b]) => `${a}: ${b}`).join('\r\n');
        expect(parseFieldLines(block)).to.deep.equal(pairs.flat());
      }),
    );
  });
});

describe('start lines', () => {
  const requests: [string, unknown][] = [
    ['GET / HTTP/1.1', { method: 'GET', target: '/', minorVersion: 1 }],
    ['M-SEARCH * HTTP/1.0', { method: 'M-SEARCH', target: '*', minorVersion: 0 }],
    ['GET http://a/b HTTP/1.1', { method: 'GET', target: 'http://a/b', minorVersion: 1 }],
    ['GET / HTTP/2.0', 'version'],
    ['GET / HTTP/1.2', 'version'],
    ['GET  / HTTP/1.1', 'request-line'],
    ['GET /  HTTP/1.1', 'request-line'],
    ['GET /a b HTTP/1.1', 'request-line'],
    ['GET / HTTP/1.1 ', 'request-line'],
    ['GET / http/1.1', 'request-line'],
    ['GET /', 'request-line'],
    [' GET / HTTP/1.1', 'request-line'],
    ['G@T / HTTP/1.1', 'request-line'],
    ['GET /\0 HTTP/1.1', 'request-line'],
    ['GET\t/ HTTP/1.1', 'request-line'],
    ['', 'request-line'],
    [`${'A'.repeat(65)} / HTTP/1.1`, 'request-line'],
  ];
  for (const [line, expected] of requests)
    it(`of requests are parsed: ${JSON.stringify(line)}`, () => expect(parseRequestLine(line)).to.deep.equal(expected));

  const answers: [string, unknown][] = [
    ['HTTP/1.1 200 OK', { status: 200, minorVersion: 1 }],
    ['HTTP/1.0 999 caf\u00e9 \t', { status: 999, minorVersion: 0 }],
    ['HTTP/1.1 204 ', { status: 204, minorVersion: 1 }],
    ['HTTP/1.1 204', { status: 204, minorVersion: 1 }],
    ['HTTP/1.1 20', 'status-line'],
    ['HTTP/1.1 099 x', 'status-line'],
    ['HTTP/1.1 2000 x', 'status-line'],
    ['HTTP/2 200', 'status-line'],
    ['HTTP/1.1  200 OK', 'status-line'],
    ['HTTP/1.1 200 a\0b', 'status-line'],
    ['http/1.1 200 OK', 'status-line'],
    ['', 'status-line'],
  ];
  for (const [line, expected] of answers)
    it(`of answers are parsed: ${JSON.stringify(line)}`, () => expect(parseStatusLine(line)).to.deep.equal(expected));

  it('of any text are parsed or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parseRequestLine(text);
        parseStatusLine(text);
        parseFieldLines(text);
      }),
    );
  });
});
