import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** Content-Encodings that can be taken off and put on again. */
export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd';

/** Little work for most of the saving: the origin's own level is not known. */
const GZIP_LEVEL = 4;
const BROTLI_QUALITY = 4;
/** 256 KiB: what one answer may take of memory. */
const BROTLI_WINDOW_BITS = 18;

/** A compressor that can be told to give out all it has. */
export type Flushable = Transform & { flush(kind: number, callback?: () => void): void };

/** Node has zstd from 22.15 on. */
const createZstdDecompress: unknown = Reflect.get(zlib, 'createZstdDecompress');
const createZstdCompress: unknown = Reflect.get(zlib, 'createZstdCompress');
/** ZSTD_e_flush. */
const ZSTD_FLUSH = 1;
/** ZSTD_d_windowLogMax, and the 8 MiB that a Content-Encoding may ask a decoder to remember (RFC 9659, 3). */
const ZSTD_WINDOW = { 100: 23 };

export const OFFERED_CODINGS: ReadonlySet<string> = new Set([
  'identity',
  'gzip',
  'x-gzip',
  'deflate',
  'br',
  ...(isFactory(createZstdDecompress) && isFactory(createZstdCompress) ? ['zstd'] : []),
]);

/** The coding a Content-Encoding names; undefined when it is none, or one of several, that can be taken off here. */
export function contentCodingOf(value: string): ContentCoding | undefined {
  const name = value.trim().toLowerCase();
  if (name === '') return 'identity';
  if (!OFFERED_CODINGS.has(name)) return undefined;
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'identity':
    case 'deflate':
    case 'br':
    case 'zstd':
      return name;
    default:
      return undefined;
  }
}

/**
 * An Accept-Encoding for the origin of an app whose bodies are translated: without codings that cannot be taken off here
 * (zstd before Node 22.15, dictionaries), and without `*`, which stands for them too.
 */
export function narrowAcceptEncoding(value: string): string {
  const kept = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => OFFERED_CODINGS.has((item.split(';')[0] ?? '').trim().toLowerCase()));
  return kept.length === 0 ? 'identity' : kept.join(', ');
}

/** `first`: the first byte of the body. Some senders of `deflate` leave out the zlib wrapper (RFC 9110, 8.4.1.2). */
export function createDecoder(coding: Exclude<ContentCoding, 'identity'>, first: number): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip();
    case 'deflate':
      return (first & 0x0f) === 0x08 ? zlib.createInflate() : zlib.createInflateRaw();
    case 'br':
      return zlib.createBrotliDecompress();
    default:
      return made(createZstdDecompress, { params: ZSTD_WINDOW });
  }
}

/** The compressor, and what tells it to give out all it has. */
export function createEncoder(coding: Exclude<ContentCoding, 'identity'>, first: number): [Flushable, number] {
  switch (coding) {
    case 'gzip':
      return [zlib.createGzip({ level: GZIP_LEVEL }), zlib.constants.Z_SYNC_FLUSH];
    case 'deflate': {
      const options = { level: GZIP_LEVEL };
      const isWrapped = (first & 0x0f) === 0x08;
      return [isWrapped ? zlib.createDeflate(options) : zlib.createDeflateRaw(options), zlib.constants.Z_SYNC_FLUSH];
    }
    case 'br': {
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_OPERATION_FLUSH } = zlib.constants;
      const params = { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS };
      return [zlib.createBrotliCompress({ params }), BROTLI_OPERATION_FLUSH];
    }
    default:
      return [made(createZstdCompress), ZSTD_FLUSH];
  }
}

function made(factory: unknown, options?: object): Flushable {
  if (!isFactory(factory)) throw new Error('zstd is not offered by this Node');
  return factory(options);
}

function isFactory(value: unknown): value is (options?: object) => Flushable {
  return typeof value === 'function';
}
