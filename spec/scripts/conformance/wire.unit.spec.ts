import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

const { patternBlocks, patternHash } = await loadScript<{
  readonly patternBlocks: (size: number) => Iterable<Buffer>;
  readonly patternHash: (size: number) => string;
}>('conformance/pattern.mjs');
const { encodeFields, h2Frame } = await loadScript<{
  readonly encodeFields: (fields: readonly (readonly [string, string])[]) => Buffer;
  readonly h2Frame: (type: number, flags: number, stream: number, payload: Buffer) => Buffer;
}>('conformance/http2-frames.mjs');
const { frame } = await loadScript<{ readonly frame: (firstByte: number, payload: Buffer) => Buffer }>(
  'conformance/web-socket.mjs',
);

describe('conformance: bytes on the wire', () => {
  it('makes the same pattern again, and no two blocks of it alike', () => {
    const blocks = [...patternBlocks(3 * 1024 * 1024 + 5)];
    const hash = createHash('sha256');
    for (const block of blocks) hash.update(block);
    expect(hash.digest('hex')).to.equal(patternHash(3 * 1024 * 1024 + 5));
    expect(new Set(blocks.map((block) => block.toString('latin1'))).size).to.equal(blocks.length);
  });

  it('writes HPACK literals, long ones with a length in several bytes (RFC 7541, 5.1)', () => {
    expect(encodeFields([['a', 'b']]).toString('hex')).to.equal('0001610162');
    expect(
      encodeFields([['a', 'x'.repeat(300)]])
        .subarray(3, 6)
        .toString('hex'),
    ).to.equal('7fad01');
  });

  it('writes frames of HTTP/2 (RFC 9113, 4.1)', () => {
    expect(h2Frame(6, 1, 3, Buffer.alloc(8)).toString('hex')).to.equal(`000008060100000003${'00'.repeat(8)}`);
  });

  it('masks frames of a client (RFC 6455, 5.3)', () => {
    expect(frame(0x81, Buffer.from('Hi')).toString('hex')).to.equal('818201020304496b');
  });
});
