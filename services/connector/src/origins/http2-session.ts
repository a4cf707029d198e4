import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from 'node:http2';
import type { Socket } from 'node:net';
import { Http2Lane, type Http2LaneOwner } from './http2-lane.ts';

/** Streams on one session at once, whatever the origin allows. */
export const MAX_STREAMS_PER_SESSION = 256;
/** What an origin may have open before it said how many (RFC 9113, 6.5.2 recommends at least so many). */
const STREAMS_BEFORE_SETTINGS = 100;
/** Bytes one stream, and all streams of a session, may have under way to us. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 8 * 1024 * 1024;
/** Header block of an answer, bytes: what the tunnel can carry in one field block. */
const MAX_HEADER_LIST_BYTES = 65_535;
/** Megabytes a session may hold before it takes no more streams. */
const MAX_SESSION_MEMORY_MB = 64;
/** Pause between pings: many of them without data between are taken for an attack. */
const PING_INTERVAL_MS = 30_000;
/** An origin that does not answer a ping for so long has gone, milliseconds. */
const PING_TIMEOUT_MS = 5_000;

export type Http2SessionOwner = {
  /** Its settings allow calls now. */
  onReady(session: Http2Session): void;
  /** A stream ended: there may be room. */
  onRoom(session: Http2Session): void;
  /** Gone. */
  onClosed(session: Http2Session, error: Error | undefined): void;
};

/**
 * One HTTP/2 session with an origin, over a socket that speaks it. Node does not tell when it has ended a session in its own
 * mind over a broken frame: calls then end at their deadline, and the ping that follows ends the session.
 */
export class Http2Session implements Http2LaneOwner {
  readonly session: ClientHttp2Session;
  /** When a session without streams is to be closed, as `Date.now()`; 0 while it has some. */
  idleUntil = 0;
  readonly #owner: Http2SessionOwner;
  #streams = 0;
  #isReady = false;
  #isDraining = false;
  #isGone = false;
  #pingTimer: NodeJS.Timeout | undefined;
  #pingedAt = 0;

  constructor(origin: string, socket: Socket, owner: Http2SessionOwner) {
    this.#owner = owner;
    const options: SecureClientSessionOptions = {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: MAX_HEADER_LIST_BYTES },
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
      peerMaxConcurrentStreams: STREAMS_BEFORE_SETTINGS,
    };
    // A session whose peer has ended its side is over.
    socket.allowHalfOpen = false;
    const session = connect(origin, options);
    this.session = session;
    let cause: Error | undefined;
    session.once('connect', () => {
      // Node says so of a session as well that was destroyed meanwhile.
      if (!session.destroyed) session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    });
    session.once('remoteSettings', () => {
      this.#isReady = true;
      owner.onReady(this);
    });
    session.on('goaway', () => {
      this.#isDraining = true;
    });
    session.on('error', (error) => {
      cause ??= error;
    });
    session.on('close', () => {
      this.#isGone = true;
      clearTimeout(this.#pingTimer);
      owner.onClosed(this, cause);
    });
  }

  get streams(): number {
    return this.#streams;
  }

  /** The origin has told its settings. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get hasRoom(): boolean {
    if (!this.#isReady || this.#isDraining || this.#isGone || this.session.closed || this.session.destroyed)
      return false;
    const allowed = this.session.remoteSettings?.maxConcurrentStreams ?? STREAMS_BEFORE_SETTINGS;
    return this.#streams < Math.min(allowed, MAX_STREAMS_PER_SESSION);
  }

  /** A lane; only while there is room. */
  take(): Http2Lane {
    this.#streams += 1;
    this.idleUntil = 0;
    return new Http2Lane(this);
  }

  /** No more calls; closes when the current ones have ended. */
  close(): void {
    this.#isDraining = true;
    this.session.close();
  }

  destroy(error?: Error): void {
    this.session.destroy(error);
  }

  // ---- the lanes' side

  onLaneClosed(): void {
    this.#streams -= 1;
    this.#owner.onRoom(this);
  }

  onDoubt(): void {
    if (this.#pingTimer !== undefined || this.#isGone || this.session.destroyed) return;
    if (Date.now() - this.#pingedAt < PING_INTERVAL_MS) return;
    this.#pingedAt = Date.now();
    const lost = Object.assign(new Error(`no answer to a ping within ${PING_TIMEOUT_MS} ms`), { code: 'ECONNRESET' });
    this.#pingTimer = setTimeout(() => this.session.destroy(lost), PING_TIMEOUT_MS);
    const onAnswer = (error: Error | null) => {
      clearTimeout(this.#pingTimer);
      this.#pingTimer = undefined;
      if (error) this.session.destroy(lost);
    };
    // Node sends no ping on a session that takes no more calls; settings must be acknowledged as well (RFC 9113, 6.5.3).
    if (this.session.closed) this.session.settings({}, onAnswer);
    else this.session.ping(onAnswer);
  }
}
