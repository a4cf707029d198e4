/** What came of one more piece of a message head. */
export type HeadProgress = 'incomplete' | 'complete' | 'too-large' | 'line-ending';

const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
const EMPTY = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;

/** First room for a head that comes in pieces, bytes; doubled as needed. */
const FIRST_ROOM_BYTES = 1024;

/**
 * Collects bytes until the empty line that ends a head. The usual head lies whole in one piece and is not copied; a first
 * piece that is not all of it is kept as it is, so the caller must not use its memory again. One empty line before the head
 * is skipped (RFC 9112, 2.2). A line that ends without CR is found at once, not at the timeout.
 */
export class HeadReader {
  readonly #maxBytes: number;
  #pending: Buffer = EMPTY;
  /** Own memory with what is pending at its beginning; empty while that lies in the caller's. */
  #room: Buffer = EMPTY;
  #checked = 0;
  #mayBeginWithLine = true;
  #startLine = '';
  #fieldBytes: Buffer = EMPTY;
  #rest: Buffer = EMPTY;

  /** `maxBytes` of start line and fields with their line ends. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a head has begun and is not complete. */
  get hasBegun(): boolean {
    return this.#pending.length > 0;
  }

  /** First line of a complete head, as Latin-1. */
  get startLine(): string {
    return this.#startLine;
  }

  /** Field lines of a complete head without the last line end; a view of what was pushed. */
  get fieldBytes(): Buffer {
    return this.#fieldBytes;
  }

  /** What followed a complete head. */
  get rest(): Buffer {
    return this.#rest;
  }

  push(piece: Buffer): HeadProgress {
    const bytes = this.#withoutEmptyLine(this.#pending.length === 0 ? piece : this.#joined(piece));
    const end = bytes.indexOf(HEAD_END, Math.max(0, this.#checked - HEAD_END.length));
    if (end < 0) return this.#keep(bytes);
    if (end + HEAD_END.length > this.#maxBytes) return 'too-large';
    const lineEnd = bytes.indexOf(LF);
    if (bytes[lineEnd - 1] !== CR) return 'line-ending';
    this.#startLine = bytes.toString('latin1', 0, lineEnd - 1);
    this.#fieldBytes = lineEnd < end ? bytes.subarray(lineEnd + 1, end) : EMPTY;
    this.#rest = bytes.subarray(end + HEAD_END.length);
    this.#pending = EMPTY;
    this.#room = EMPTY;
    this.#checked = 0;
    this.#mayBeginWithLine = true;
    return 'complete';
  }

  #withoutEmptyLine(bytes: Buffer): Buffer {
    if (!this.#mayBeginWithLine || bytes.length === 0) return bytes;
    if (bytes[0] !== CR) this.#mayBeginWithLine = false;
    if (bytes.length < 2) return bytes;
    this.#mayBeginWithLine = false;
    if (bytes[0] !== CR || bytes[1] !== LF) return bytes;
    this.#room = EMPTY;
    this.#checked = 0;
    return bytes.subarray(2);
  }

  #keep(bytes: Buffer): HeadProgress {
    if (bytes.length >= this.#maxBytes) return 'too-large';
    for (let at = bytes.indexOf(LF, this.#checked); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      if (bytes[at - 1] !== CR) return 'line-ending';
    }
    this.#pending = bytes;
    this.#checked = bytes.length;
    return 'incomplete';
  }

  /** What is pending with `piece` behind it; room grows by doubling, so that a head that drips costs its length once. */
  #joined(piece: Buffer): Buffer {
    const length = this.#pending.length + piece.length;
    if (this.#room.length < length) {
      const room = Buffer.allocUnsafe(Math.max(2 * this.#pending.length, length, FIRST_ROOM_BYTES));
      room.set(this.#pending);
      this.#room = room;
    }
    this.#room.set(piece, this.#pending.length);
    return this.#room.subarray(0, length);
  }
}
