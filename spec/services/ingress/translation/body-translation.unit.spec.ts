import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import zlib from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { SallyportError } from '#libs/errors';
import { type BodyPlan, planBody } from '../../../../services/ingress/src/translation/body-plan.ts';
import {
  type BodyTranslation,
  type BodyTranslationHandlers,
  startBodyTranslation,
} from '../../../../services/ingress/src/translation/body-translation.ts';
import { until } from '../../../support/until.ts';
import { appView } from '../support/ingress-rig.ts';
import { linksAt } from './published.ts';

const VIEW = appView('wiki', { translateBodyLinks: true });
const LINK = '<a href="http://wiki.internal:8080/base/a">';
const SHOWN = '<a href="https://wiki.example/a">';

type Coder = {
  readonly encode: (body: Uint8Array) => Buffer;
  readonly decode: (body: Uint8Array) => Buffer;
};

const CODERS: Record<string, Coder> = {
  identity: { encode: (body) => Buffer.from(body), decode: (body) => Buffer.from(body) },
  gzip: { encode: (body) => zlib.gzipSync(body), decode: (body) => zlib.gunzipSync(body) },
  deflate: { encode: (body) => zlib.deflateSync(body), decode: (body) => zlib.inflateSync(body) },
  'deflate without wrapper': {
    encode: (body) => zlib.deflateRawSync(body),
    decode: (body) => zlib.inflateRawSync(body),
  },
  br: { encode: (body) => zlib.brotliCompressSync(body), decode: (body) => zlib.brotliDecompressSync(body) },
};

function planFor(coding: string, contentType = 'text/html; charset=utf-8'): BodyPlan {
  const plan = planBody(VIEW, 200, ['Content-Type', contentType, 'Content-Encoding', coding.split(' ')[0] ?? '']);
  if (!plan) throw new Error(`${coding} must be translated`);
  return plan;
}

/** Takes what leaves, as the user's connection would. */
class Sink implements BodyTranslationHandlers {
  readonly chunks: Uint8Array[] = [];
  isEnded = false;
  drains = 0;
  error: SallyportError | undefined;
  onChunk: () => void = () => undefined;

  onData(chunk: Uint8Array): void {
    expect(this.isEnded || this.error !== undefined, 'no data after the end').to.equal(false);
    this.chunks.push(chunk);
    this.onChunk();
  }
  onDrain(): void {
    this.drains += 1;
  }
  onEnd(): void {
    this.isEnded = true;
  }
  onError(error: SallyportError): void {
    this.error = error;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

function start(plan: BodyPlan): { sink: Sink; translation: BodyTranslation } {
  const sink = new Sink();
  return { sink, translation: startBodyTranslation(plan, linksAt('https://wiki.example/'), sink) };
}

async function run(plan: BodyPlan, chunks: readonly Uint8Array[]): Promise<Buffer> {
  const { sink, translation } = start(plan);
  for (const chunk of chunks) translation.write(chunk);
  translation.end();
  await until(() => sink.isEnded || sink.error !== undefined, { what: 'the body has ended', everyMs: 2 });
  if (sink.error) throw sink.error;
  return sink.bytes;
}

function cut(body: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
  return chunks;
}

describe('body translation: every coding', () => {
  for (const [coding, { encode, decode }] of Object.entries(CODERS)) {
    it(`${coding}: comes and goes, in pieces of any size`, async () => {
      const body = Buffer.from(`\u00e4${`${LINK}text</a>`.repeat(2_000)}`);
      const expected = body.toString().replaceAll(LINK, SHOWN);
      const encoded = encode(body);
      for (const size of [1, 7, 1000, encoded.length])
        expect(decode(await run(planFor(coding), cut(encoded, size))).toString() === expected, `${size}`).to.equal(
          true,
        );
    });

    it(`${coding}: an empty body ends as an empty one`, async () => {
      expect(await run(planFor(coding), [])).to.have.length(0);
      expect(decode(await run(planFor(coding), [encode(Buffer.alloc(0))]))).to.have.length(0);
    });

    if (!coding.startsWith('deflate'))
      it(`${coding}: what the origin sent leaves although more is to come`, async () => {
        const { sink, translation } = start(planFor(coding));
        const source = coding === 'br' ? zlib.createBrotliCompress() : zlib.createGzip();
        const isPlain = coding === 'identity';
        const send = async (text: string) => {
          if (isPlain) translation.write(Buffer.from(text));
          else await flushed(source, text, (chunk) => translation.write(chunk));
        };
        for (const count of [1, 2, 3]) {
          await send(`${LINK}${count}`);
          await until(() => readable(coding, sink.bytes).endsWith(`${SHOWN}${count}`), {
            what: `part ${count} is with the user`,
            everyMs: 2,
          });
        }
        source.destroy();
        translation.destroy();
      });

    if (coding === 'identity') continue;

    it(`${coding}: what is not coded so, or cut off, breaks and does not end`, async () => {
      const encoded = encode(randomBytes(100_000));
      const broken = Buffer.from(encoded);
      broken.fill(0xff, 1000, 1100);
      // Without a checksum nobody can see that bytes were changed.
      const isChecked = coding === 'gzip' || coding === 'deflate';
      for (const body of [
        randomBytes(1000).fill(0x07, 0, 2),
        ...(isChecked ? [broken] : []),
        encoded.subarray(0, -10),
        encoded.subarray(0, 5),
      ]) {
        const { sink, translation } = start(planFor(coding));
        translation.write(body);
        translation.end();
        await until(() => sink.isEnded || sink.error !== undefined, { what: 'it is over', everyMs: 2 });
        expect([sink.isEnded, sink.error?.code]).to.deep.equal([false, 'ERR_INGRESS_BODY_CODING']);
        translation.destroy();
        await turn();
      }
    });
  }

  it('a bomb waits inside of its decoder while the user does not take it', async () => {
    const big = zlib.gzipSync(Buffer.alloc(256 * 1024 * 1024, 'a'));
    const { sink, translation } = start(planFor('gzip'));
    translation.pause();
    const before = process.memoryUsage().rss;
    const taken = cut(big, 16 * 1024).map((chunk) => translation.write(chunk));
    for (let turns = 0; turns < 200; turns += 1) await turn();
    expect(taken, 'the source is told to wait').to.include(false);
    expect(sink.chunks).to.have.length(0);
    expect(process.memoryUsage().rss - before).to.be.lessThan(64 * 1024 * 1024);
    translation.destroy();
  }).timeout(20_000);
});

describe('body translation: back-pressure', () => {
  for (const coding of ['identity', 'gzip']) {
    it(`${coding}: nothing leaves while paused, everything in order after`, async () => {
      const { encode, decode } = CODERS[coding] ?? expect.fail();
      const { sink, translation } = start(planFor(coding));
      const text = Array.from(
        { length: 3_000 },
        (_, i) => `${LINK}${i}</a>${randomBytes(100).toString('base64')}`,
      ).join('');
      sink.onChunk = () => {
        translation.pause();
        setImmediate(() => translation.resume());
      };
      const chunks = cut(encode(Buffer.from(text)), 8_000);
      for (const chunk of chunks) {
        const drains = sink.drains;
        if (!translation.write(chunk)) await until(() => sink.drains > drains, { what: 'drained', everyMs: 2 });
      }
      translation.end();
      await until(() => sink.isEnded, { what: 'ended', everyMs: 2 });
      expect(decode(sink.bytes).toString() === text.replaceAll(LINK, SHOWN)).to.equal(true);
      expect(sink.drains).to.be.greaterThan(0);
    });

    it(`${coding}: after destroy nobody is called`, async () => {
      const { encode } = CODERS[coding] ?? expect.fail();
      const { sink, translation } = start(planFor(coding));
      const body = encode(Buffer.from(LINK.repeat(10_000)));
      translation.write(body.subarray(0, 100));
      const before = sink.chunks.length;
      translation.destroy();
      translation.destroy();
      translation.write(body.subarray(100));
      translation.end();
      translation.resume();
      for (let turns = 0; turns < 20; turns += 1) await turn();
      expect([sink.chunks.length, sink.isEnded, sink.error]).to.deep.equal([before, false, undefined]);
    });
  }
});

describe('body translation: charsets', () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(LINK, 'utf16le')]);

  it('lets UTF-16 pass that its byte order mark tells, in any pieces', async () => {
    for (const size of [1, 2, 3, 1000])
      expect(isDeepStrictEqual(await run(planFor('identity', 'text/html'), cut(utf16, size)), utf16)).to.equal(true);
  });

  it('translates behind the byte order mark of UTF-8, and a body that begins like one and is none', async () => {
    for (const begin of [[0xef, 0xbb, 0xbf], [0xff], [0xfe], [0xff, 0x41]]) {
      const body = Buffer.concat([Buffer.from(begin), Buffer.from(LINK)]);
      const expected = Buffer.concat([Buffer.from(begin), Buffer.from(SHOWN)]);
      expect((await run(planFor('identity', 'text/html'), cut(body, 1))).equals(expected)).to.equal(true);
    }
    expect((await run(planFor('identity'), [Buffer.from([0xff])])).equals(Buffer.from([0xff]))).to.equal(true);
  });

  it('gives bytes that are no text of any charset back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), async (bytes, size) => {
        const out = await run(planFor('identity', 'text/css'), cut(bytes, size));
        expect(out.equals(bytes)).to.equal(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('body translation: memory', () => {
  it('does not grow with the document: 100 MB of HTML', async () => {
    const { sink, translation } = start(planFor('identity'));
    let bytes = 0;
    sink.onChunk = () => {
      bytes += sink.chunks.pop()?.length ?? 0;
    };
    const chunk = Buffer.from(`${LINK}<p class="x">${'text '.repeat(20)}</p></a>\n`.repeat(400));
    const rounds = Math.ceil(100_000_000 / chunk.length);
    let most = 0;
    for (let round = 0; round < rounds; round += 1) {
      translation.write(chunk);
      if (round === 50) most = -process.memoryUsage().rss;
      if (round % 50 === 0) await turn();
    }
    translation.end();
    expect(bytes).to.be.greaterThan(90_000_000);
    expect(process.memoryUsage().rss + most).to.be.lessThan(64 * 1024 * 1024);
  }).timeout(30_000);
});

/** What is written so far, decoded as far as it goes. */
function readable(coding: string, bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  if (coding === 'br') {
    return zlib.brotliDecompressSync(bytes, { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH }).toString('latin1');
  }
  if (coding === 'gzip') return zlib.gunzipSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString('latin1');
  return Buffer.from(bytes).toString('latin1');
}

async function flushed(
  source: zlib.Gzip | zlib.BrotliCompress,
  text: string,
  take: (chunk: Buffer) => void,
): Promise<void> {
  source.write(text);
  await new Promise<void>((resolve) => source.flush(() => resolve()));
  for (let chunk: unknown = source.read(); chunk !== null; chunk = source.read())
    if (Buffer.isBuffer(chunk)) take(chunk);
}
