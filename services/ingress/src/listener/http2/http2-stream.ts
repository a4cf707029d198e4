// long because one object per request implements request and answer, and their ends are one state
import { randomBytes } from 'node:crypto';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { FieldList, Http2Headers } from '#libs/http1';
import type { BodyReader, UserStream, UserStreamEvents } from '../user-stream.ts';
import type { Http2Head } from './http2-head.ts';
import { headersOf, isWebSocketAccepted } from './http2-headers.ts';

const NO_FIELDS: FieldList = [];
const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);
const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;

/** The connection a stream belongs to. */
export type StreamOwner = {
  /** Streams cut for being stuck since the last look. */
  stuckStreams: number;
};

/** One request of an HTTP/2 connection and its answer (RFC 9113), also a WebSocket (RFC 8441). */
export class Http2UserStream implements UserStream {
  readonly method: string;
  readonly target: string;
  readonly version = '2';
  readonly fields: FieldList;
  readonly isBroken = false;
  events: UserStreamEvents | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  statusCode = 0;
  trailers: FieldList = NO_FIELDS;
  isComplete: boolean;
  readonly #stream: ServerHttp2Stream;
  readonly #wantsTrailers: boolean;
  /** Of the handshake an HTTP/1.1 origin needs and HTTP/2 does without. */
  readonly #webSocketKey: string | undefined;
  readonly #owner: StreamOwner;
  #reader: BodyReader | undefined;
  #head: Http2Headers | undefined;
  #answerTrailers: FieldList = NO_FIELDS;
  #isBodyless = false;
  #isEnded = false;
  #isClosed = false;
  #isListening = false;
  /** The user ended its side; of an extended CONNECT perhaps before the answer. */
  #hasUserEnded = false;
  /** A WebSocket that is not accepted yet. */
  #awaitsUpgrade: boolean;
  #isClosing = false;
  /** We ended this stream early, not the user. */
  #isCutByUs = false;
  /** `performance.now()` at which the ended answer was last seen to move, and what was left of it. */
  #movedAtMs = 0;
  #leftBytes = 0;

  constructor(stream: ServerHttp2Stream, head: Http2Head, owner: StreamOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.method = head.method;
    this.target = head.target;
    this.#wantsTrailers = head.head.wantsTrailers;
    this.#webSocketKey = head.isExtendedConnect ? randomBytes(16).toString('base64') : undefined;
    this.fields = this.#webSocketKey ? [...head.fields, 'Sec-WebSocket-Key', this.#webSocketKey] : head.fields;
    // The bytes of a WebSocket are no body: they begin with the answer.
    this.isComplete = head.isExtendedConnect || !head.head.hasBody;
    this.#awaitsUpgrade = head.isExtendedConnect;
    // Both may come before anybody reads: the end of a body without bytes does.
    if (head.isExtendedConnect || !this.isComplete) {
      stream.on('trailers', (_trailers, _flags, raw?: unknown) => {
        if (Array.isArray(raw)) this.trailers = raw.map(String);
      });
      stream.on('end', () => this.#userEnded());
    }
    stream.on('drain', () => this.onDrain?.());
    stream.on('error', () => undefined);
    stream.on('close', () => this.#closed(this.#isEnded && stream.rstCode === NGHTTP2_NO_ERROR));
    stream.on('aborted', () => this.#closed(false));
  }

  get headersSent(): boolean {
    return this.#head !== undefined || this.#stream.headersSent;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed || this.#isClosed;
  }

  /** The user took the request back, whatever code the reset has; also a reset that a broken frame provoked (CVE-2025-8671). */
  get isReset(): boolean {
    return !this.#isCutByUs && (this.#stream.aborted || this.#stream.rstCode !== NGHTTP2_NO_ERROR);
  }

  /**
   * Cuts an answer that is written and of which nothing has left for `limitMs`, with what is still to come of its request;
   * and gets rid of a stream that is over and that unread bytes keep. Called once a second.
   */
  cutIfStuck(nowMs: number, limitMs: number): void {
    const stream = this.#stream;
    if (stream.destroyed) return;
    if (!this.#isEnded) {
      if (stream.closed) stream.destroy();
    } else if (stream.writableLength !== this.#leftBytes) {
      this.#leftBytes = stream.writableLength;
      this.#movedAtMs = nowMs;
    } else if (nowMs - this.#movedAtMs > limitMs) {
      this.#owner.stuckStreams += 1;
      this.#cut(NGHTTP2_CANCEL);
    }
  }

  // ---- request

  readBody(reader: BodyReader | undefined): void {
    this.#reader = reader;
    if (reader === undefined) this.#stream.pause();
    else if (this.#hasUserEnded && !this.#awaitsUpgrade) this.#requestDone();
    else this.#listen();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#stream.destroyed) this.#stream.resume();
  }

  discardBody(): void {
    this.#reader = undefined;
    this.#listen();
  }

  // ---- answer

  writeInformational(status: number, fields: FieldList): void {
    if (this.destroyed || this.headersSent) return;
    try {
      this.#stream.additionalHeaders(headersOf(fields, status));
    } catch {
      // Advice that HTTP/2 has no form for: the answer itself follows.
    }
  }

  writeHead(status: number, fields: FieldList): void {
    if (this.headersSent) throw new Error('the head of this answer was written before');
    this.#head = headersOf(fields, status);
    this.statusCode = status;
    this.#isBodyless = this.method === 'HEAD' || NO_BODY_STATUS.has(status);
  }

  upgrade(fields: FieldList): void {
    this.statusCode = 200;
    this.isComplete = false;
    this.#awaitsUpgrade = false;
    if (this.destroyed) return;
    if (!isWebSocketAccepted(fields, this.#webSocketKey ?? '')) {
      this.destroy();
      return;
    }
    try {
      const headers = headersOf(fields, 200);
      delete headers['sec-websocket-accept'];
      this.#stream.respond(headers);
    } catch {
      this.#fail();
    }
    if (this.#reader) this.readBody(this.#reader);
  }

  flushHeaders(): void {
    if (!this.destroyed) this.#sendHead(false);
  }

  write(chunk: Uint8Array): boolean {
    if (this.destroyed || this.#isEnded || this.#isBodyless) return true;
    this.#sendHead(false);
    return this.destroyed || this.#stream.write(chunk);
  }

  end(chunk?: Uint8Array, trailers?: FieldList): void {
    if (this.destroyed || this.#isEnded) return;
    this.#isEnded = true;
    this.#movedAtMs = performance.now();
    this.#answerTrailers = trailers ?? NO_FIELDS;
    const hasBody = chunk !== undefined && chunk.length > 0 && !this.#isBodyless;
    const isHeadAlone = !hasBody && this.#answerTrailers.length === 0 && !this.#stream.headersSent;
    this.#sendHead(isHeadAlone);
    if (this.destroyed) return;
    if (!isHeadAlone) this.#stream.end(hasBody ? chunk : undefined);
    if (!this.isComplete && this.#reader === undefined) this.#closeWhenSent();
  }

  destroy(): void {
    this.#cut(NGHTTP2_INTERNAL_ERROR);
  }

  /** Ends this stream alone: other requests share the connection. */
  endConnection(): void {
    this.#reader = undefined;
    if (this.#stream.destroyed) return;
    this.#stream.pause();
    if (this.#isEnded) this.#closeWhenSent();
    else this.#cut(NGHTTP2_CANCEL);
  }

  // ---- inside

  /** What is left of the request is not wanted: the user learns it without an error (RFC 9113, 8.1). */
  #closeWhenSent(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const close = () => {
      this.#isCutByUs = true;
      this.#stream.close();
      // Bytes that nobody reads would keep the stream.
      this.#stream.resume();
    };
    if (this.#stream.writableFinished) close();
    else this.#stream.once('finish', close);
  }

  #cut(code: number): void {
    this.#isCutByUs = true;
    if (this.#stream.closed) this.#stream.destroy();
    else this.#stream.close(code);
  }

  /** Node refuses what we want to send: nothing of it may reach beyond this stream. */
  #fail(): void {
    this.#cut(NGHTTP2_INTERNAL_ERROR);
    this.#closed(false);
  }

  #sendHead(endStream: boolean): void {
    const head = this.#head;
    if (head === undefined || this.#stream.headersSent || this.#stream.destroyed) return;
    const waitForTrailers = this.#wantsTrailers && !endStream;
    if (waitForTrailers) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    try {
      this.#stream.respond(head, { endStream, waitForTrailers });
    } catch {
      this.#fail();
    }
  }

  #sendTrailers(): void {
    try {
      if (this.#answerTrailers.length > 0) this.#stream.sendTrailers(headersOf(this.#answerTrailers));
      else this.#stream.close();
    } catch {
      this.#fail();
    }
  }

  #listen(): void {
    if (!this.#isListening) {
      this.#isListening = true;
      this.#stream.on('data', (chunk: Buffer) => this.#reader?.onUserData(chunk));
    }
    if (!this.#stream.destroyed) this.#stream.resume();
  }

  #userEnded(): void {
    this.#hasUserEnded = true;
    if (!this.#awaitsUpgrade) this.#requestDone();
  }

  #requestDone(): void {
    this.isComplete = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.onUserEnd();
  }

  #closed(isComplete: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.events?.onClosed(isComplete);
  }
}
