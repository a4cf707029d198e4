import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Http2Headers } from '#libs/http1';
import type { FieldList } from '#libs/tunnel-protocol';
import { headersOf, rawFields, statusOf, trailersOf } from './http2-fields.ts';
import { failureText, originFailure } from './origin-failure.ts';
import type { LaneUser, OriginLane } from './origin-lane.ts';
import type { BodyLength } from './request-head.ts';

const {
  NGHTTP2_CANCEL,
  NGHTTP2_FLAG_END_STREAM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;

const STREAM_LOST = Object.assign(new Error('stream closed'), { code: 'ECONNRESET' });

/** Whoever keeps the session of a lane. */
export type Http2LaneOwner = {
  readonly session: ClientHttp2Session;
  onLaneClosed(): void;
  /** The origin was given up on without an answer: the session itself may be dead. */
  onDoubt(): void;
};

/** One call as one stream of an HTTP/2 session (RFC 9113). */
export class Http2Lane implements OriginLane {
  readonly #owner: Http2LaneOwner;
  #stream: ClientHttp2Stream | undefined;
  #user: LaneUser | undefined;
  #trailers: FieldList = [];
  #sentTrailers: FieldList = [];
  #hasAnswered = false;
  #isBodyless = false;
  #hasTrailers = false;
  #toldBytes: number | undefined;
  #bytes = 0;

  constructor(owner: Http2LaneOwner) {
    this.#owner = owner;
  }

  start(user: LaneUser, length: BodyLength, content: Uint8Array | undefined): boolean {
    const headers = headersOf(user.request, length);
    const stream = headers && this.#open(headers, length);
    if (stream === undefined) {
      this.#owner.onLaneClosed();
      if (!this.#owner.session.closed && !this.#owner.session.destroyed) return false;
      const text = 'HTTP/2 session closed';
      user.onLaneFailure({ reason: 'origin-aborted', text, isUnanswered: true, isUnprocessed: true });
      return true;
    }
    this.#user = user;
    this.#stream = stream;
    stream.on('headers', (headers: IncomingHttpHeaders, _flags: number, raw: unknown) =>
      this.#onInformational(headers, raw),
    );
    stream.on('response', (head: IncomingHttpHeaders, flags: number, raw: unknown) =>
      this.#onResponse(head, flags, raw),
    );
    stream.on('trailers', (_trailers: IncomingHttpHeaders, _flags: number, raw: unknown) => {
      this.#hasTrailers = true;
      this.#trailers = rawFields(raw);
    });
    stream.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (!this.#isBodyless) this.#user?.onData(chunk);
    });
    stream.on('end', () => this.#onEnd());
    stream.on('drain', () => this.#user?.onLaneDrain());
    stream.on('wantTrailers', () => this.#sendTrailers(stream));
    stream.on('error', (error) => this.#onGone(error));
    stream.on('close', () => {
      this.#owner.onLaneClosed();
      this.#onGone(undefined);
    });
    if (content !== undefined) stream.end(content);
    return true;
  }

  write(chunk: Uint8Array): boolean {
    return this.#stream?.write(chunk) ?? true;
  }

  end(trailers: FieldList = []): void {
    this.#sentTrailers = trailers;
    this.#stream?.end();
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  finish(): void {
    this.#user = undefined;
    this.#stream?.end();
  }

  abort(): void {
    const isSilent = this.#user !== undefined && !this.#hasAnswered;
    this.#user = undefined;
    this.#stream?.close(NGHTTP2_CANCEL);
    if (isSilent) this.#owner.onDoubt();
  }

  #open(headers: Http2Headers, length: BodyLength): ClientHttp2Stream | undefined {
    try {
      return this.#owner.session.request(headers, {
        endStream: length === 'none',
        waitForTrailers: length === 'chunked',
      });
    } catch {
      // A field that HTTP/2 has no form for: the caller says so.
      return undefined;
    }
  }

  /** Node throws when HTTP/2 has no form for one of them: that ends this call, and no other. */
  #sendTrailers(stream: ClientHttp2Stream): void {
    try {
      stream.sendTrailers(trailersOf(this.#sentTrailers));
    } catch (error) {
      if (stream.closed) return;
      const user = this.#user;
      this.#user = undefined;
      stream.close(NGHTTP2_INTERNAL_ERROR);
      const text = `trailers that the origin cannot be sent, ${failureText(error)}`;
      user?.onLaneFailure({ reason: 'malformed', text, isUnanswered: false, isUnprocessed: false });
    }
  }

  #onInformational(headers: IncomingHttpHeaders, raw: unknown): void {
    this.#user?.onInformational(statusOf(headers), rawFields(raw));
  }

  #onResponse(headers: IncomingHttpHeaders, flags: number, raw: unknown): void {
    const user = this.#user;
    if (user === undefined) return;
    const status = statusOf(headers);
    const isEnd = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    this.#hasAnswered = true;
    this.#isBodyless = isEnd || user.request.method === 'HEAD' || status === 204 || status === 304;
    const told = headers['content-length'];
    if (told !== undefined) this.#toldBytes = Number(told);
    const framing = this.#isBodyless ? 'none' : 'until-close';
    user.onHead({ status, fields: rawFields(raw), framing, length: 0, isPersistent: true, keepAliveMs: undefined });
    if (this.#isBodyless) this.#settle();
  }

  #onEnd(): void {
    if (!this.#hasAnswered || !this.#isComplete()) return;
    this.#user?.onEnd(this.#trailers);
    this.#settle();
  }

  /** Node ends the body of a stream that was reset as it ends one that is complete. */
  #isComplete(): boolean {
    if (this.#toldBytes !== undefined) return this.#bytes === this.#toldBytes;
    return this.#hasTrailers || (this.#stream?.rstCode ?? NGHTTP2_NO_ERROR) === NGHTTP2_NO_ERROR;
  }

  /** The answer is complete: whatever the origin has not read of the request, it did not want. */
  #settle(): void {
    this.#user = undefined;
    const stream = this.#stream;
    if (stream !== undefined && !stream.writableEnded) stream.close(NGHTTP2_CANCEL);
    else stream?.resume();
  }

  #onGone(error: Error | undefined): void {
    const user = this.#user;
    if (user === undefined) return;
    this.#user = undefined;
    const code = this.#stream?.rstCode ?? NGHTTP2_NO_ERROR;
    const isUnprocessed = code === NGHTTP2_REFUSED_STREAM;
    const isUnanswered = !this.#hasAnswered;
    const reason = code === NGHTTP2_PROTOCOL_ERROR ? 'origin-invalid' : originFailure(error ?? STREAM_LOST);
    const text = `stream closed with code ${code}${error === undefined ? '' : `, ${failureText(error)}`}`;
    user.onLaneFailure({ reason, text, isUnanswered, isUnprocessed });
  }
}
