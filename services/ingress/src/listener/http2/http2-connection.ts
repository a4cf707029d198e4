import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Roster } from '#libs/roster';
import type { RequestHeadFields } from '../request-head.ts';
import type { UserStream } from '../user-stream.ts';
import { readHttp2Head } from './http2-head.ts';
import { Http2UserStream, type StreamOwner } from './http2-stream.ts';

/** Streams a user may reset, and pings it may send, within FLOOD_PERIOD_MS; past it the connection is closed (CVE-2023-44487). */
const MAX_RESETS = 200;
const MAX_PINGS = 200;
const FLOOD_PERIOD_MS = 10_000;
const SESSION_WINDOW_BYTES = 1024 * 1024;
/** Time a user has to show that it is still there, while nothing leaves towards it; then the connection is cut. */
export const PULSE_TIMEOUT_MS = 10_000;
/** Time a user has to close a connection that is over and to whom all was sent; then it is cut. */
const CLOSE_TIMEOUT_MS = 5_000;

export type Http2Limits = {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly keepAliveTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
};

export type Http2Host = {
  readonly limits: Http2Limits;
  onStream(stream: UserStream, head: RequestHeadFields, socket: TLSSocket): void;
  onMalformed(reason: string): void;
};

/**
 * One connection of a user who speaks HTTP/2. Node does not tell when nghttp2 has given up a session over a broken frame:
 * neither it nor its streams ever end then. So a connection with open streams must prove now and then that it lives.
 */
export class Http2Connection implements StreamOwner {
  stuckStreams = 0;
  readonly #host: Http2Host;
  readonly #session: ServerHttp2Session;
  readonly #socket: TLSSocket;
  /** Open streams of all connections. */
  readonly #streams: Roster<Http2UserStream>;
  #openStreams = 0;
  /** `performance.now()` of the last begin or end of a stream. */
  #usedAtMs = performance.now();
  #provenAtMs = performance.now();
  /** When the proof was asked for, or when bytes last left since; 0 when none is awaited. */
  #awaitsSinceMs = 0;
  #sentBytes = 0;
  #overSinceMs = 0;
  #resets = 0;
  #pings = 0;
  #floodSinceMs = performance.now();

  constructor(host: Http2Host, session: ServerHttp2Session, socket: TLSSocket, streams: Roster<Http2UserStream>) {
    this.#host = host;
    this.#session = session;
    this.#socket = socket;
    this.#streams = streams;
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    session.on('error', () => undefined);
    session.on('ping', () => {
      this.#pings += 1;
      this.#checkFlood();
    });
    session.on('stream', (stream: ServerHttp2Stream, _headers: object, flags: number, raw: readonly string[]) =>
      this.#begin(stream, flags, raw),
    );
    socket.once('close', () => session.destroy());
  }

  /** No new streams; those under way go on. */
  close(): void {
    this.#session.close();
  }

  /** Called once a second, after the streams were looked at. */
  check(nowMs: number): void {
    const session = this.#session;
    const isAllStuck = this.stuckStreams > 0 && this.stuckStreams === this.#openStreams;
    this.stuckStreams = 0;
    if (isAllStuck) this.#kill();
    else if (session.destroyed || (session.closed && this.#openStreams === 0)) this.#checkEnd(nowMs);
    else if (this.#openStreams > 0) this.#checkPulse(nowMs);
    else if (nowMs - this.#usedAtMs > this.#host.limits.keepAliveTimeoutMs) session.close();
  }

  #begin(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    stream.on('error', () => undefined);
    this.#openStreams += 1;
    this.#usedAtMs = performance.now();
    const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
    const head = readHttp2Head(raw, hasBody, this.#host.limits.maxHeaderCount);
    const userStream = head && new Http2UserStream(stream, head, this);
    if (userStream) this.#streams.add(userStream);
    stream.on('close', () => {
      this.#openStreams -= 1;
      this.#usedAtMs = performance.now();
      if (userStream) this.#streams.delete(userStream);
      if (userStream && !userStream.isReset) return;
      this.#resets += 1;
      this.#checkFlood();
    });
    if (head && userStream) this.#host.onStream(userStream, head.head, this.#socket);
    else {
      this.#host.onMalformed('http2-head');
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
    }
  }

  #checkFlood(): void {
    const now = performance.now();
    if (now - this.#floodSinceMs > FLOOD_PERIOD_MS) {
      this.#resets = Math.min(this.#resets, 1);
      this.#pings = Math.min(this.#pings, 1);
      this.#floodSinceMs = now;
    }
    if ((this.#resets <= MAX_RESETS && this.#pings <= MAX_PINGS) || this.#session.destroyed) return;
    this.#host.onMalformed(this.#resets > MAX_RESETS ? 'http2-resets' : 'http2-pings');
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #checkPulse(nowMs: number): void {
    const sent = this.#socket.bytesWritten;
    if (this.#awaitsSinceMs === 0) {
      if (nowMs - this.#provenAtMs < this.#host.limits.keepAliveTimeoutMs) return;
      this.#awaitsSinceMs = nowMs;
      this.#sentBytes = sent;
      this.#askForProof();
    } else if (sent !== this.#sentBytes) {
      // A slow reader, whose answer to the ping comes after all that is under way.
      this.#sentBytes = sent;
      this.#awaitsSinceMs = nowMs;
    } else if (nowMs - this.#awaitsSinceMs > PULSE_TIMEOUT_MS) this.#kill();
  }

  #askForProof(): void {
    const onAnswer = (error: Error | null) => {
      this.#awaitsSinceMs = 0;
      if (error === null) this.#provenAtMs = performance.now();
    };
    // Node sends no ping on a session that takes no more streams; settings must be acknowledged as well (RFC 9113, 6.5.3).
    if (this.#session.closed) this.#session.settings({}, onAnswer);
    else this.#session.ping(onAnswer);
  }

  /** Node waits for the user to close its side, and for the last bytes to be taken, as long as it takes. */
  #checkEnd(nowMs: number): void {
    if (this.#overSinceMs === 0) this.#overSinceMs = nowMs;
    const limitMs = this.#socket.writableFinished ? CLOSE_TIMEOUT_MS : this.#host.limits.bodyIdleTimeoutMs;
    if (nowMs - this.#overSinceMs > limitMs) this.#kill();
  }

  #kill(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }
}
