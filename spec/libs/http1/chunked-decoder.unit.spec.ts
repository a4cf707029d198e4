import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { CHUNK_END, ChunkedDecoder, chunkHead, fieldLines, lastChunk, statusLine } from '#libs/http1';
import { allCuts, cut, mutated, seeds } from './seeds.ts';

type Decoded = {
  readonly body: string;
  readonly isDone: boolean;
  readonly fault: string | undefined;
  readonly trailers: readonly string[];
  readonly rest: string;
};

function decode(pieces: readonly Buffer[]): Decoded {
  const decoder = new ChunkedDecoder();
  let body = '';
  let rest = '';
  for (const piece of pieces) {
    const used = decoder.push(piece, (data) => {
      body += data.toString('latin1');
    });
    if (decoder.fault === undefined) rest += piece.toString('latin1', used);
  }
  const { isDone, fault, trailers } = decoder;
  return { body, isDone, fault, trailers, rest };
}

const decodeText = (text: string) => decode([Buffer.from(text, 'latin1')]);

describe('the decoder of chunked bodies', () => {
  it('gives the data, the trailers, and how much was the body', () => {
    expect(decodeText('5;x=y\r\nhello\r\n0A\r\n0123456789\r\n000\r\nA: b\r\nc:d\r\n\r\nrest')).to.deep.equal({
      body: 'hello0123456789',
      isDone: true,
      fault: undefined,
      trailers: ['A', 'b', 'c', 'd'],
      rest: 'rest',
    });
  });

  const faults: [string, string][] = [
    ['\r\n', 'chunk-size'],
    ['g\r\n', 'chunk-size'],
    ['-1\r\n', 'chunk-size'],
    ['+1\r\n', 'chunk-size'],
    ['0x1\r\n', 'chunk-size'],
    [' 1\r\n', 'chunk-size'],
    ['1 \r\n', 'chunk-size'],
    ['1; \r\n', 'chunk-size'],
    ['1;a=\r\n', 'chunk-size'],
    ['1;a="\r\n', 'chunk-size'],
    ['1;a="\rb"\r\n', 'chunk-size'],
    ['1;a="\x01"\r\n', 'chunk-size'],
    ['1;a="\\\r"\r\n', 'chunk-size'],
    ['1\n', 'chunk-size'],
    ['1;a\nb\r\n', 'chunk-size'],
    ['1;a\rb\r\n', 'chunk-size'],
    ['1;\0\r\n', 'chunk-size'],
    ['FFFFFFFFFFF\r\n', 'chunk-size'],
    [`1;${'x'.repeat(300)}`, 'chunk-size'],
    [`${'0'.repeat(300)}`, 'chunk-size'],
    ['1\r\naX', 'chunk-end'],
    ['1\r\nab\r\n', 'chunk-end'],
    ['1\r\na\n', 'chunk-end'],
    ['1\r\na\r\r', 'chunk-end'],
    ['0\r\na: b\n', 'trailers'],
    ['0\r\n\n', 'trailers'],
    ['0\r\n a: b\r\n\r\n', 'trailers'],
    ['0\r\na : b\r\n\r\n', 'trailers'],
    [`0\r\na: ${'x'.repeat(17_000)}`, 'trailers'],
  ];
  for (const [text, fault] of faults)
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\r\n`, 'latin1');
      expect(decode([bytes]).fault).to.equal(fault);
      expect(
        decode(
          cut(
            bytes,
            Array.from({ length: 400 }, (_, at) => at),
          ),
        ).fault,
      ).to.equal(fault);
    });

  it('takes extensions as they may stand', () => {
    for (const line of ['1;a', '1 ; a', '1;a=b;c', '1\t;\ta = "x;\\"y\t\u00e9"', '0001;a=""'])
      expect(decodeText(`${line}\r\nx\r\n0\r\n\r\n`).body, line).to.equal('x');
  });

  it('refuses a body of tiny chunks with long extensions', () => {
    const chunk = `1;${'x'.repeat(200)}\r\ny\r\n`;
    expect(decodeText(`${chunk.repeat(50)}0\r\n\r\n`).fault).to.equal(undefined);
    expect(decodeText(`${chunk.repeat(100)}0\r\n\r\n`).fault).to.equal('chunk-size');
  });

  for (const { name, bytes } of seeds('chunked-'))
    it(`reads ${name} alike however it is cut`, () => {
      const whole = decode([bytes]);
      for (const places of allCuts(bytes)) expect(decode(cut(bytes, places))).to.deep.equal(whole);
    });

  it('gives back any body from any chunks and cuts', () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(chunk), fc.array(fc.nat(500)), (chunks, places) => {
        const encoded = Buffer.concat([
          ...chunks.flatMap((data) => [Buffer.from(chunkHead(data.length)), data, CHUNK_END]),
          Buffer.from(lastChunk(['x-sum', 'caf\u00e9']), 'latin1'),
        ]);
        const { body, isDone, trailers } = decode(cut(encoded, places));
        expect(body).to.equal(Buffer.concat(chunks).toString('latin1'));
        expect([isDone, trailers]).to.deep.equal([true, ['x-sum', 'caf\u00e9']]);
      }),
    );
  });

  it('reads any bytes alike however they are cut, and never throws', () => {
    const mutation = fc.record({
      at: fc.nat(100),
      how: fc.constantFrom('set' as const, 'remove' as const, 'repeat' as const),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 48, 59)),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds('chunked-')),
        fc.array(mutation, { maxLength: 5 }),
        fc.array(fc.nat(100), { maxLength: 8 }),
        ({ bytes }, mutations, places) => {
          const input = mutated(bytes, mutations);
          const whole = decode([input]);
          const parts = decode(cut(input, places));
          if (whole.fault === undefined) expect(parts).to.deep.equal(whole);
          else expect([parts.fault, parts.body]).to.deep.equal([whole.fault, whole.body]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the encoders', () => {
  it('write status lines and field lines', () => {
    expect(statusLine(200)).to.equal('HTTP/1.1 200 OK\r\n');
    expect(statusLine(599)).to.equal('HTTP/1.1 599 \r\n');
    expect(fieldLines(['a', '1', 'B', ''])).to.equal('a: 1\r\nB: \r\n');
    expect(lastChunk([])).to.equal('0\r\n\r\n');
  });

  for (const [name, value] of [
    ['a', 'b\r\nc: d'],
    ['a', '\n'],
    ['a', '\0'],
    ['a', '\u0100'],
    ['a\r\nb', 'c'],
    ['a:', 'c'],
    ['a ', 'c'],
    ['', 'c'],
  ] as const)
    it(`refuse to write ${JSON.stringify([name, value])}`, () =>
      expect(() => fieldLines([name, value])).to.throw(TypeError));
});
