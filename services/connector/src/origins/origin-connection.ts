import type { Socket } from 'node:net';
import { CHUNK_END, chunkHead, lastChunk } from '#libs/http1';
import { AnswerReader } from './answer-reader.ts';
import { bindsConnection } from './bound-credentials.ts';
import { failureText, originFailure } from './origin-failure.ts';
import type { LaneFailure, LaneUser, OriginLane } from './origin-lane.ts';
import { type BodyLength, encodeRequestHead } from './request-head.ts';

/** A body up to this many bytes is copied behind its head, so that both leave in one write of one buffer. */
const MAX_JOINED_BYTES = 16 * 1024;
/** A finished connection whose peer takes none of the last bytes for so long is cut. */
const FINISH_TIMEOUT_MS = 10_000;
/** Unsent bytes at which `write` answers false. */
export const SEND_BUFFER_BYTES = 256 * 1024;

/** Whoever keeps the connections of one origin. */
export type ConnectionOwner = {
  onConnected(connection: OriginConnection): void;
  /** Free for the next call. */
  onIdle(connection: OriginConnection): void;
  /** From now on it belongs to its call alone. */
  onUpgraded(connection: OriginConnection): void;
  /** Gone. `error` when it never came about. */
  onClosed(connection: OriginConnection, error: Error | undefined): void;
};

/** Opens a socket that hands each read to `onRead`: a view that is valid during the call; false stops reading. */
export type OpenSocket = (onRead: (view: Buffer) => boolean) => Socket;

/**
 * One HTTP/1.1 connection to an origin; one call at a time, no pipelining. The usual small answer costs one read and one
 * copy: all connections read into one buffer, and what is passed on is copied out of it.
 */
export class OriginConnection implements OriginLane {
  /** When an idle connection is to be closed, as `Date.now()`. */
  idleUntil = 0;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #user: LaneUser | undefined;
  #isConnected = false;
  #isClosed = false;
  #isPaused = false;
  #isCorked = false;
  #isRequestSent = false;
  #isChunked = false;
  #isUpgraded = false;
  /** The origin may know a user by this connection. */
  #isBound = false;

  /** `readyEvent`: after which the socket carries bytes; undefined when it does already. */
  constructor(open: OpenSocket, readyEvent: 'connect' | 'secureConnect' | undefined, owner: ConnectionOwner) {
    this.#owner = owner;
    const socket = open((view) => this.#onRead(view));
    this.#socket = socket;
    if (readyEvent === undefined) this.#isConnected = true;
    else
      socket.once(readyEvent, () => {
        this.#isConnected = true;
        owner.onConnected(this);
      });
    socket.on('drain', () => this.#user?.onLaneDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onGone(error));
    socket.on('close', () => this.#onGone(undefined));
  }

  get isUsable(): boolean {
    return this.#isConnected && !this.#socket.destroyed && this.#user === undefined;
  }

  /** How long the origin said it keeps an idle connection, milliseconds. */
  get keepAliveMs(): number | undefined {
    return this.#reader.keepAliveMs;
  }

  start(user: LaneUser, length: BodyLength, content: Uint8Array | undefined): boolean {
    const head = encodeRequestHead(user.request, length);
    if (head === undefined) {
      this.#owner.onIdle(this);
      return false;
    }
    this.#user = user;
    this.#isBound = bindsConnection(user.request.fields);
    this.#reader.begin(user.request.method, user.request.isUpgrade);
    this.#isRequestSent = length === 'none' || content !== undefined;
    this.#isChunked = length === 'chunked';
    if (content === undefined) {
      if (!this.#isRequestSent) this.#corkForTurn();
      this.#socket.write(head, 'latin1');
    } else this.#sendWhole(head, content);
    return true;
  }

  write(chunk: Uint8Array): boolean {
    this.#corkForTurn();
    if (!this.#isChunked) return this.#socket.write(chunk);
    this.#socket.write(chunkHead(chunk.length), 'latin1');
    this.#socket.write(chunk);
    return this.#socket.write(CHUNK_END);
  }

  end(trailers: readonly string[] = []): void {
    this.#isRequestSent = true;
    if (this.#reader.isUpgraded) this.#socket.end();
    else if (this.#isChunked) this.#socket.write(lastChunk(trailers), 'latin1');
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  finish(): void {
    this.#user = undefined;
    // A pool that is stopped in this same turn takes the socket away.
    this.#socket.uncork();
    this.#socket.setTimeout(FINISH_TIMEOUT_MS, () => this.#socket.destroy());
    this.#socket.destroySoon();
  }

  abort(): void {
    this.#user = undefined;
    this.#socket.destroy();
  }

  /** Ends a connection that has not come about, for this reason. */
  giveUp(error: Error): void {
    this.#socket.destroy(error);
  }

  #sendWhole(head: string, content: Uint8Array): void {
    if (content.length > MAX_JOINED_BYTES) {
      this.#corkForTurn();
      this.#socket.write(head, 'latin1');
      this.#socket.write(content);
      return;
    }
    const joined = Buffer.allocUnsafe(head.length + content.length);
    joined.write(head, 'latin1');
    joined.set(content, head.length);
    this.#socket.write(joined);
  }

  /** What is written in one turn of the event loop leaves with one system call. */
  #corkForTurn(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    queueMicrotask(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #onRead(view: Buffer): boolean {
    const user = this.#user;
    if (user === undefined) {
      // Bytes nobody asked for would be taken for the answer to the next request.
      this.#socket.destroy();
      return false;
    }
    const piece = Buffer.allocUnsafe(view.length);
    view.copy(piece);
    const fault = this.#reader.push(piece, user);
    if (fault !== undefined) this.#fail({ ...fault, isUnanswered: false, isUnprocessed: false });
    else if (this.#reader.isDone) this.#release();
    else if (this.#reader.isUpgraded) this.#leavePool();
    return !this.#isPaused;
  }

  /** The answer is complete. */
  #release(): void {
    if (this.#user === undefined) return;
    this.#user = undefined;
    this.resume();
    const isReusable = this.#reader.isPersistent && this.#isRequestSent && !this.#isBound;
    if (isReusable && !this.#socket.destroyed) this.#owner.onIdle(this);
    else this.#socket.destroy();
  }

  #leavePool(): void {
    if (this.#isUpgraded) return;
    this.#isUpgraded = true;
    this.#owner.onUpgraded(this);
  }

  #onEnd(): void {
    const user = this.#user;
    if (user !== undefined && this.#reader.isUpgraded) {
      user.onEnd([]);
      return;
    }
    const isUnanswered = !this.#reader.hasBegun;
    const fault = user === undefined ? undefined : this.#reader.close(user);
    if (fault !== undefined) this.#fail({ ...fault, isUnanswered, isUnprocessed: false });
    else this.abort();
  }

  #fail(failure: LaneFailure): void {
    const user = this.#user;
    this.abort();
    user?.onLaneFailure(failure);
  }

  #onGone(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owner.onClosed(this, this.#isConnected ? undefined : (error ?? connectionLost()));
    const user = this.#user;
    if (user === undefined) return;
    this.#user = undefined;
    const cause = error ?? connectionLost();
    const isUnanswered = !this.#reader.hasBegun && isConnectionLost(cause);
    user.onLaneFailure({ reason: originFailure(cause), text: failureText(cause), isUnanswered, isUnprocessed: false });
  }
}

function connectionLost(): Error {
  return Object.assign(new Error('connection closed'), { code: 'ECONNRESET' });
}

function isConnectionLost(error: Error): boolean {
  return originFailure(error) === 'origin-aborted';
}
