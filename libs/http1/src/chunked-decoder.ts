import { type FieldList, parseFieldLines } from './field-lines.ts';

export type ChunkFault = 'chunk-size' | 'chunk-end' | 'trailers';

/** Size line with its extensions, which are dropped (RFC 9112, 7.1.1). */
const MAX_SIZE_LINE_BYTES = 256;
const MAX_TRAILER_BYTES = 16 * 1024;
/** All size lines of a body together, beyond their digits: tiny chunks with long extensions are an attack (CVE-2023-39326). */
const MAX_EXTENSION_BYTES = 16 * 1024;
/** At most 2^40 - 1 bytes in one chunk; extensions as RFC 9112, 7.1.1 has them. */
const SIZE_LINE =
  /^0{0,16}([0-9a-fA-F]{1,10})((?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~\w]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~\w]+|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*)$/;
const CR = 0x0d;
const LF = 0x0a;

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done' | 'broken';

/** Chunked transfer coding (RFC 9112, 7.1), strict: CRLF only, no blank around the size, no sign, bounded lines. */
export class ChunkedDecoder {
  #state: State = 'size';
  #line = '';
  #remaining = 0;
  #extensionBytes = 0;
  #trailers: FieldList = [];
  #fault: ChunkFault | undefined;

  get isDone(): boolean {
    return this.#state === 'done';
  }

  get fault(): ChunkFault | undefined {
    return this.#fault;
  }

  /** Trailer fields, once done. */
  get trailers(): FieldList {
    return this.#trailers;
  }

  /** Hands body bytes on as views of `piece`. Returns how many bytes of it belong to this body; look at `fault` then. */
  push(piece: Buffer, onData: (data: Buffer) => void): number {
    let at = 0;
    while (at < piece.length && this.#state !== 'done' && this.#state !== 'broken') {
      if (this.#state === 'data') {
        const end = Math.min(piece.length, at + this.#remaining);
        this.#remaining -= end - at;
        if (this.#remaining === 0) this.#state = 'data-end';
        const data = piece.subarray(at, end);
        at = end;
        onData(data);
      } else if (this.#state === 'trailers') at = this.#readTrailers(piece, at);
      else at = this.#readLine(piece, at);
    }
    return at;
  }

  /** A size line, or the line end behind the data of a chunk. */
  #readLine(piece: Buffer, from: number): number {
    const isSize = this.#state === 'size';
    const limit = isSize ? MAX_SIZE_LINE_BYTES : 2;
    const lineFeed = piece.indexOf(LF, from);
    const end = lineFeed < 0 ? piece.length : lineFeed + 1;
    if (this.#line.length + end - from > limit) return this.#break(isSize ? 'chunk-size' : 'chunk-end', piece);
    this.#line += piece.toString('latin1', from, end);
    if (lineFeed < 0) return end;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) return this.#break(isSize ? 'chunk-size' : 'chunk-end', piece);
    if (!isSize) {
      if (line !== '\r\n') return this.#break('chunk-end', piece);
      this.#state = 'size';
      return end;
    }
    const found = SIZE_LINE.exec(line.slice(0, -2));
    const size = found?.[1];
    this.#extensionBytes += found?.[2]?.length ?? 0;
    if (size === undefined || this.#extensionBytes > MAX_EXTENSION_BYTES) return this.#break('chunk-size', piece);
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'data';
    return end;
  }

  #readTrailers(piece: Buffer, from: number): number {
    for (let at = from; at < piece.length; at += 1) {
      if (piece[at] !== LF) continue;
      this.#line += piece.toString('latin1', from, at + 1);
      if (this.#line.length > MAX_TRAILER_BYTES || !this.#line.endsWith('\r\n')) return this.#break('trailers', piece);
      if (this.#line === '\r\n' || this.#line.endsWith('\r\n\r\n')) return this.#finish(piece, at + 1);
      return at + 1;
    }
    this.#line += piece.toString('latin1', from);
    return this.#line.length > MAX_TRAILER_BYTES ? this.#break('trailers', piece) : piece.length;
  }

  #finish(piece: Buffer, end: number): number {
    const block = this.#line === '\r\n' ? '' : this.#line.slice(0, -4);
    this.#line = '';
    const fields = parseFieldLines(block);
    if (typeof fields === 'string') return this.#break('trailers', piece);
    this.#trailers = fields;
    this.#state = 'done';
    return end;
  }

  #break(fault: ChunkFault, piece: Buffer): number {
    this.#state = 'broken';
    this.#fault = fault;
    return piece.length;
  }
}

/** The bytes around the data of one chunk: size line before it, CRLF after it. */
export function chunkHead(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

export const CHUNK_END = Buffer.of(CR, LF);
