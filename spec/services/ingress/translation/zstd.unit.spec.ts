import zlib from 'node:zlib';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  createDecoder,
  createEncoder,
  OFFERED_CODINGS,
} from '../../../../services/ingress/src/translation/content-coding.ts';

const MIB = 1024 * 1024;

/** Node 20 has no zstd: there the coding is passed on untouched, which body-plan.unit.spec.ts shows. */
const whereOffered = OFFERED_CODINGS.has('zstd') ? describe : describe.skip;

whereOffered('zstd', () => {
  it('comes and goes, and gives out on demand what it has', async () => {
    const [encoder, flush] = createEncoder('zstd', 0);
    const decoder = createDecoder('zstd', 0);
    encoder.pipe(decoder);
    const taken: Buffer[] = [];
    decoder.on('data', (chunk: Buffer) => taken.push(chunk));
    encoder.write('the first part');
    await new Promise<void>((resolve) => encoder.flush(flush, () => resolve()));
    await new Promise<void>((resolve) => decoder.once('data', () => resolve()));
    expect(Buffer.concat(taken).toString()).to.equal('the first part');
    encoder.end(' and the second');
    await new Promise<void>((resolve) => decoder.once('end', resolve));
    expect(Buffer.concat(taken).toString()).to.equal('the first part and the second');
  });

  it('refuses a body that wants more remembered than a Content-Encoding may', async () => {
    expect(await decoded(compressed(4 * MIB))).to.equal(4 * MIB);
    await decoded(compressed(16 * MIB)).then(
      () => expect.fail('16 MiB of window were given'),
      (error: NodeJS.ErrnoException) => expect(error.code).to.equal('ZSTD_error_frameParameter_windowTooLarge'),
    );
  });
});

/** Zeros, in one frame whose window is all of them. */
function compressed(bytes: number): Buffer {
  const compress: unknown = Reflect.get(zlib, 'zstdCompressSync');
  if (typeof compress !== 'function') return expect.fail('no zstd');
  return compress(Buffer.alloc(bytes), { params: { 101: Math.log2(bytes) } });
}

function decoded(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const decoder = createDecoder('zstd', 0);
    let bytes = 0;
    decoder.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    decoder.once('end', () => resolve(bytes));
    decoder.once('error', reject);
    decoder.end(body);
  });
}
