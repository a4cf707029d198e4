// long because one object is both the request and the answer of a turn, so that a request costs one object, not three
import {
  CHUNK_END,
  ChunkedDecoder,
  chunkHead,
  type FieldList,
  fieldLines,
  lastChunk,
  type RequestLine,
  statusLine,
} from '#libs/http1';
import type { RequestHeadFields } from '../request-head.ts';
import type { BodyReader, HttpVersion, UserStream, UserStreamEvents } from '../user-stream.ts';

/** Answers up to this size leave as one buffer of head and body. */
const ONE_WRITE_BYTES = 64 * 1024;
const NO_TRAILERS: FieldList = [];
const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);
/** What is thrown away of a body after its answer, before the connection is closed. */
const MAX_REST_BYTES = 64 * 1024;
const LAST_CHUNK = Buffer.from(lastChunk(NO_TRAILERS), 'latin1');

/** What a turn asks of its connection. */
export type TurnHost = {
  /** Hands bytes over; false when the socket wants a pause. */
  send(bytes: Uint8Array): boolean;
  /** The same for many pieces of one turn of the event loop: they leave together at its end. */
  gather(bytes: Uint8Array): boolean;
  /** Calls back when everything sent so far has been handed to the system. */
  whenSent(callback: () => void): void;
  readOn(): void;
  /** The answer is out, the body is still coming and goes nowhere: not for long. */
  linger(): void;
  pauseReading(): void;
  /** Request read and answer sent: the next turn may begin. */
  turnDone(turn: Http1Turn): void;
  destroy(): void;
  endSoon(): void;
  dateLine(): string;
};

type Framing = 'none' | 'length' | 'chunked' | 'close';

/** One request of an HTTP/1.1 connection and its answer. */
export class Http1Turn implements UserStream {
  readonly method: string;
  readonly target: string;
  readonly version: HttpVersion;
  readonly fields: FieldList;
  events: UserStreamEvents | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  headersSent = false;
  destroyed = false;
  statusCode = 0;
  isBroken = false;
  /** The connection ends with this answer. */
  mustClose: boolean;
  /** The user said that nothing comes behind this request. */
  readonly isLast: boolean;

  readonly #host: TurnHost;
  // request body
  readonly #decoder: ChunkedDecoder | undefined;
  #remaining: number;
  #isRequestDone: boolean;
  #reader: BodyReader | undefined = undefined;
  #isDiscarding = false;
  #isPaused = false;
  // answer
  #framing: Framing = 'none';
  #head = '';
  #isEnded = false;
  #isClosed = false;
  #isRaw = false;
  #restBytes = 0;

  constructor(host: TurnHost, line: RequestLine, fields: FieldList, head: RequestHeadFields) {
    this.#host = host;
    this.method = line.method;
    this.target = line.target;
    this.version = line.minorVersion === 1 ? '1.1' : '1.0';
    this.fields = fields;
    this.mustClose = line.minorVersion === 0 || head.mustClose;
    this.isLast = this.mustClose && head.fault === undefined;
    // A head that was found faulty frames nothing: the answer closes the connection.
    const hasBody = head.fault === undefined && head.hasBody;
    this.#decoder = hasBody && head.isChunked ? new ChunkedDecoder() : undefined;
    this.#remaining = hasBody && !head.isChunked ? head.contentLength : 0;
    this.#isRequestDone = !hasBody;
  }

  // ---- request

  get isComplete(): boolean {
    return this.#isRequestDone;
  }

  get trailers(): FieldList {
    return this.#decoder?.trailers ?? NO_TRAILERS;
  }

  /** Looks ahead at what has arrived of a chunked body, so that no early answer is given to a request that is none. */
  preview(bytes: Buffer): void {
    if (this.#decoder === undefined || bytes.length === 0) return;
    const decoder = new ChunkedDecoder();
    decoder.push(bytes, ignore);
    if (decoder.fault !== undefined) this.bodyBroken();
  }

  /** Whether bytes of the body can be taken now. */
  get wantsBytes(): boolean {
    return !this.#isRequestDone && !this.#isPaused && (this.#reader !== undefined || this.#isDiscarding);
  }

  readBody(reader: BodyReader | undefined): void {
    this.#reader = reader;
    if (reader === undefined) {
      this.#host.pauseReading();
      return;
    }
    this.#isPaused = false;
    this.#host.readOn();
  }

  pause(): void {
    this.#isPaused = true;
    this.#host.pauseReading();
  }

  resume(): void {
    this.#isPaused = false;
    this.#host.readOn();
  }

  discardBody(): void {
    if (this.#isRequestDone) return;
    this.#reader = undefined;
    this.#isDiscarding = true;
    this.#isPaused = false;
    this.#host.readOn();
  }

  /** Bytes of the connection while the request is not complete. Returns how many belong to it. */
  takeBytes(bytes: Buffer): number {
    if (this.#isClosed && this.#isDiscarding && !this.#isRaw) {
      this.#restBytes += bytes.length;
      if (this.#restBytes > MAX_REST_BYTES) {
        this.#host.endSoon();
        return bytes.length;
      }
    }
    if (this.#isRaw) {
      this.#reader?.onUserData(bytes);
      return bytes.length;
    }
    if (this.#decoder !== undefined) return this.#takeChunked(this.#decoder, bytes);
    const taken = Math.min(this.#remaining, bytes.length);
    this.#remaining -= taken;
    this.#reader?.onUserData(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    if (this.#remaining === 0) this.#requestDone();
    return taken;
  }

  /** The user closed its side: an orderly end for bytes behind an upgrade. */
  userEnded(): boolean {
    if (!this.#isRaw || this.#isRequestDone) return false;
    this.#requestDone();
    return true;
  }

  // ---- answer

  writeInformational(status: number, fields: FieldList): void {
    if (this.destroyed || this.headersSent || this.version === '1.0') return;
    this.#host.send(Buffer.from(`${statusLine(status)}${fieldLines(fields)}\r\n`, 'latin1'));
  }

  writeHead(status: number, fields: FieldList): void {
    if (this.headersSent) throw new Error('the head of this answer was written before');
    const text = fieldLines(fields);
    this.headersSent = true;
    this.statusCode = status;
    let hasDate = false;
    let hasLength = false;
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? '';
      if (name.length === 4 && name.toLowerCase() === 'date') hasDate = true;
      else if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true;
      else if (name === 'Connection' && fields[i + 1] === 'close') this.mustClose = true;
    }
    this.#frame(status, hasLength);
    let own = hasDate ? '' : this.#host.dateLine();
    if (this.#framing === 'chunked') own += 'Transfer-Encoding: chunked\r\n';
    if (this.mustClose && !text.includes('Connection: close\r\n')) own += 'Connection: close\r\n';
    this.#head = `${statusLine(status)}${text}${own}\r\n`;
  }

  /** Head of an answer that turns the connection into a pipe: what is read and written from now on are its bytes. */
  upgrade(fields: FieldList): void {
    this.headersSent = true;
    this.statusCode = 101;
    this.#isRaw = true;
    this.#isRequestDone = false;
    this.mustClose = true;
    this.#framing = 'close';
    const all = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...fields];
    this.#host.send(Buffer.from(`${statusLine(101)}${fieldLines(all)}\r\n`, 'latin1'));
    this.#host.readOn();
  }

  flushHeaders(): void {
    if (this.#head === '' || this.destroyed) return;
    const head = this.#head;
    this.#head = '';
    this.#host.send(Buffer.from(head, 'latin1'));
  }

  write(chunk: Uint8Array): boolean {
    if (this.destroyed || this.#isEnded || this.#framing === 'none' || chunk.length === 0) return true;
    if (this.#head !== '') {
      this.#host.gather(Buffer.from(this.#head, 'latin1'));
      this.#head = '';
    }
    if (this.#framing !== 'chunked') return this.#host.gather(chunk);
    this.#host.gather(Buffer.from(chunkHead(chunk.length), 'latin1'));
    this.#host.gather(chunk);
    return this.#host.gather(CHUNK_END);
  }

  end(chunk?: Uint8Array, trailers?: FieldList): void {
    if (this.#isEnded || this.destroyed) return;
    const body = this.#framing === 'none' ? undefined : chunk;
    if (this.#head !== '' && this.#framing !== 'chunked') this.#endAtOnce(body);
    else {
      if (body !== undefined) this.write(body);
      this.flushHeaders();
      if (this.#framing === 'chunked') this.#host.gather(trailers ? encodeTrailers(trailers) : LAST_CHUNK);
    }
    this.#isEnded = true;
    this.#host.whenSent(() => this.#answered());
  }

  destroy(): void {
    this.#host.destroy();
  }

  endConnection(): void {
    this.#host.endSoon();
  }

  /** The connection is gone. */
  lost(): void {
    this.destroyed = true;
    this.#isPaused = true;
    this.#closed(false);
  }

  bodyBroken(): void {
    this.isBroken = true;
    this.#isRequestDone = true;
    this.#reader = undefined;
    this.mustClose = true;
    this.events?.onBodyBroken();
  }

  get isAnswered(): boolean {
    return this.#isClosed;
  }

  #frame(status: number, hasLength: boolean): void {
    if (this.method === 'HEAD' || NO_BODY_STATUS.has(status)) this.#framing = 'none';
    else if (hasLength) this.#framing = 'length';
    else if (this.version === '1.1') this.#framing = 'chunked';
    else {
      this.#framing = 'close';
      this.mustClose = true;
    }
  }

  /** Head and body, or head alone, as one buffer. */
  #endAtOnce(body: Uint8Array | undefined): void {
    const head = this.#head;
    this.#head = '';
    if (body === undefined || body.length === 0) {
      this.#host.send(Buffer.from(head, 'latin1'));
      return;
    }
    if (body.length > ONE_WRITE_BYTES) {
      this.#host.gather(Buffer.from(head, 'latin1'));
      this.#host.gather(body);
      return;
    }
    const bytes = Buffer.allocUnsafe(head.length + body.length);
    bytes.write(head, 0, 'latin1');
    bytes.set(body, head.length);
    this.#host.send(bytes);
  }

  #takeChunked(decoder: ChunkedDecoder, bytes: Buffer): number {
    const pieces: Buffer[] = [];
    const taken = decoder.push(bytes, (data) => pieces.push(data));
    // Tiny chunks go on as one piece: each by itself would cost a hundred times its bytes.
    const [first, ...more] = pieces;
    if (first !== undefined) this.#reader?.onUserData(more.length === 0 ? first : Buffer.concat(pieces));
    if (decoder.fault !== undefined) this.bodyBroken();
    else if (decoder.isDone) this.#requestDone();
    return taken;
  }

  #requestDone(): void {
    this.#isRequestDone = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.onUserEnd();
    if (this.#isClosed) this.#host.turnDone(this);
  }

  #answered(): void {
    this.#closed(true);
    if (this.destroyed) return;
    if (this.#isRequestDone || this.mustClose) this.#host.turnDone(this);
    else if (this.#reader === undefined) {
      this.#host.linger();
      this.discardBody();
    }
  }

  #closed(isComplete: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.events?.onClosed(isComplete);
  }
}

function ignore(): void {}

function encodeTrailers(trailers: FieldList): Buffer {
  return Buffer.from(lastChunk(trailers), 'latin1');
}
