// long because one connection is one state: reading, answering, lingering and deadlines share its few fields
import type { TLSSocket } from 'node:tls';
import {
  type FieldFault,
  fieldLines,
  HeadReader,
  parseFieldLines,
  parseRequestLine,
  type RequestLine,
  statusLine,
} from '#libs/http1';
import type { BareAnswer } from '../../answers/bare-problem.ts';
import { type RequestHeadFields, scanRequestHead } from '../request-head.ts';
import type { HttpDate } from './http-date.ts';
import { Http1Turn, type TurnHost } from './http1-turn.ts';

/** Bytes kept of requests that a user sends before the answer to the first one (pipelining). */
const MAX_EARLY_BYTES = 64 * 1024;
/** A connection that ends while its user may be sending is closed when nothing came for QUIET_MS, or at the latest at these. */
const QUIET_MS = 50;
const MAX_LINGER_MS = 1_000;
const MAX_DROPPED_BYTES = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

export type Http1Limits = {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly headerTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
};

/** What all connections of a listener share. */
export type Http1Host = {
  readonly limits: Http1Limits;
  readonly date: HttpDate;
  onTurn(turn: Http1Turn, head: RequestHeadFields, socket: TLSSocket): void;
  /** Bytes that are no request: nothing of them is trusted, not even their host. */
  onMalformed(reason: string, socket: TLSSocket): BareAnswer;
  onClosed(connection: Http1Connection): void;
};

/** The field lines of the last request and what they mean: on a kept connection the next ones are often the same. */
type KnownFields = { readonly bytes: Buffer; readonly minorVersion: 0 | 1; fields: string[]; head: RequestHeadFields };

/**
 * One connection of a user who speaks HTTP/1.1 (RFC 9112), one request at a time. Heads are parsed strictly and refused once;
 * bodies are read only when somebody asks; answers leave in as few writes as they can.
 */
export class Http1Connection implements TurnHost {
  readonly socket: TLSSocket;
  /** `performance.now()` at which the listener calls `onDeadline`; 0 for never. */
  deadlineAtMs: number;
  readonly #host: Http1Host;
  readonly #reader: HeadReader;
  #known: KnownFields | undefined;
  #turn: Http1Turn | undefined;
  /** Read, and not yet anybody's. */
  #early: Buffer = EMPTY;
  #isPaused = false;
  #isPumping = false;
  #isClosing = false;
  #isCorked = false;
  /** What is written is on its way, and the end right behind it. */
  #isEnding = false;
  #quiet: NodeJS.Timeout | undefined;
  #lingerUntilMs = 0;
  #droppedBytes = 0;
  /** Bytes of a complete answer that its reader had not taken when last looked at; 0 when no answer waits for that. */
  #untaken = 0;

  constructor(host: Http1Host, socket: TLSSocket) {
    this.#host = host;
    this.socket = socket;
    this.#reader = new HeadReader(host.limits.maxHeaderBytes);
    this.deadlineAtMs = performance.now() + host.limits.headerTimeoutMs;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#turn?.onDrain?.());
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  /** Between two requests. */
  get isIdle(): boolean {
    return this.#turn === undefined && !this.#reader.hasBegun;
  }

  onDeadline(): void {
    this.deadlineAtMs = 0;
    if (this.socket.writableLength < this.#untaken) this.#allowTimeToRead();
    else if (this.#isClosing) this.socket.destroy();
    else if (this.#turn === undefined && this.#reader.hasBegun) this.#refuse('head-timeout');
    else if (this.#turn === undefined || this.#turn.isAnswered || this.#untaken > 0) this.socket.destroy();
  }

  // ---- what a turn asks for

  send(bytes: Uint8Array): boolean {
    return this.socket.write(bytes);
  }

  gather(bytes: Uint8Array): boolean {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.socket.cork();
      setImmediate(uncork, this);
    }
    return this.socket.write(bytes);
  }

  uncork(): void {
    this.#isCorked = false;
    this.socket.uncork();
  }

  whenSent(callback: () => void): void {
    if (this.#isCorked) this.socket.uncork();
    this.#isCorked = false;
    // What the system has not taken yet belongs to a reader who is slow: its answer is not over.
    if (this.socket.writableLength <= MAX_EARLY_BYTES) {
      callback();
      return;
    }
    this.#allowTimeToRead();
    this.socket.write(EMPTY, () => {
      this.#untaken = 0;
      this.deadlineAtMs = 0;
      callback();
    });
  }

  linger(): void {
    this.deadlineAtMs = performance.now() + this.#host.limits.headerTimeoutMs;
  }

  readOn(): void {
    if (this.#early.length > 0) this.#pump();
    this.#readOrPause();
  }

  pauseReading(): void {
    this.#readOrPause();
  }

  turnDone(turn: Http1Turn): void {
    if (this.#turn !== turn) return;
    if (turn.mustClose) {
      this.#turn = undefined;
      this.endSoon(turn.isLast && turn.isComplete && this.#early.length === 0);
      return;
    }
    this.#turn = undefined;
    this.deadlineAtMs = performance.now() + this.#host.limits.keepAliveTimeoutMs;
    if (this.#early.length > 0) this.#pump();
    this.#readOrPause();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /**
   * Ends the connection once all that was written has left. `isWhole`: the user has nothing more to say. If not, what still comes
   * is read and dropped for a while before: closed with bytes unread a connection is reset, and the answer could be lost
   * (RFC 9112, 9.6).
   */
  endSoon(isWhole = false): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#early = EMPTY;
    this.deadlineAtMs = 0;
    this.#lingerUntilMs = performance.now() + MAX_LINGER_MS;
    if (isWhole) this.#close();
    else this.#quiet = setTimeout(() => this.#onQuiet(), QUIET_MS);
    this.socket.resume();
  }

  /** Timers run before the sockets are read: after a stall of this process something may have come all the same. */
  #onQuiet(): void {
    const before = this.#droppedBytes;
    setImmediate(() => {
      if (this.#droppedBytes === before) this.#close();
    });
  }

  dateLine(): string {
    return this.#host.date.line();
  }

  // ---- the socket

  #allowTimeToRead(): void {
    this.#untaken = this.socket.writableLength;
    this.deadlineAtMs = performance.now() + this.#host.limits.bodyIdleTimeoutMs;
  }

  /**
   * End and destruction are one: between them OpenSSL would take one record of what each read brings, and Node keep the rest
   * in memory of its own, as much as the user sends.
   */
  #close(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#quiet);
    this.#allowTimeToRead();
    this.socket.write(EMPTY, () => {
      this.socket.end();
      this.socket.destroy();
    });
  }

  #drop(bytes: number): void {
    this.#droppedBytes += bytes;
    if (this.#droppedBytes > MAX_DROPPED_BYTES) this.socket.pause();
    if (this.#droppedBytes > MAX_DROPPED_BYTES || performance.now() > this.#lingerUntilMs) this.#close();
    else if (!this.#isEnding) this.#quiet?.refresh();
  }

  #onData(chunk: Buffer): void {
    if (this.#isClosing) {
      this.#drop(chunk.length);
      return;
    }
    this.#early = this.#early.length === 0 ? chunk : Buffer.concat([this.#early, chunk]);
    this.#pump();
    this.#readOrPause();
  }

  /** Gives what was read to whom it belongs. */
  #pump(): void {
    // A turn that ends while its bytes are handed on calls back in here: the loop below goes on with the rest.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#early.length > 0 && !this.#isClosing && !this.socket.destroyed) {
      const bytes = this.#early;
      const turn = this.#turn;
      if (turn === undefined) {
        this.#early = EMPTY;
        this.#readHead(bytes);
      } else if (turn.wantsBytes) {
        this.#early = EMPTY;
        const taken = turn.takeBytes(bytes);
        if (taken < bytes.length) this.#early = bytes.subarray(taken);
      } else break;
    }
    this.#isPumping = false;
  }

  #readOrPause(): void {
    if (this.#isClosing) return;
    const turn = this.#turn;
    const isWanted = turn === undefined || turn.wantsBytes || (turn.isComplete && this.#early.length === 0);
    const mustPause = !isWanted;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) this.socket.pause();
    else this.socket.resume();
  }

  #readHead(bytes: Buffer): void {
    const hadBegun = this.#reader.hasBegun;
    const progress = this.#reader.push(bytes);
    if (progress === 'complete') {
      this.#early = this.#reader.rest;
      const fault = this.#beginTurn();
      if (fault !== undefined) this.#refuse(fault);
    } else if (progress !== 'incomplete') this.#refuse(progress);
    else if (!hadBegun) this.deadlineAtMs = performance.now() + this.#host.limits.headerTimeoutMs;
  }

  /** Undefined, or why the complete head is no request. */
  #beginTurn(): string | undefined {
    const line = parseRequestLine(this.#reader.startLine);
    if (typeof line === 'string') return line;
    const known = this.#fieldsOf(this.#reader.fieldBytes, line.minorVersion);
    if (typeof known === 'string') return known;
    if (line.method === 'CONNECT') return 'method-connect';
    this.#begin(line, known);
    return undefined;
  }

  #begin(line: RequestLine, { fields, head }: KnownFields): void {
    this.deadlineAtMs = 0;
    const turn = new Http1Turn(this, line, fields, head);
    this.#turn = turn;
    turn.preview(this.#early);
    this.#host.onTurn(turn, head, this.socket);
  }

  #fieldsOf(bytes: Buffer, minorVersion: 0 | 1): KnownFields | FieldFault {
    const known = this.#known;
    if (known !== undefined && known.minorVersion === minorVersion && known.bytes.equals(bytes)) return known;
    const fields = parseFieldLines(bytes.toString('latin1'));
    if (typeof fields === 'string') return fields;
    const head = scanRequestHead(fields, minorVersion === 0, this.#host.limits.maxHeaderCount);
    this.#known = { bytes: Buffer.from(bytes), minorVersion, fields, head };
    return this.#known;
  }

  #refuse(reason: string): void {
    const { status, fields, body } = this.#host.onMalformed(reason, this.socket);
    const head = `${statusLine(status)}${this.dateLine()}Connection: close\r\n${fieldLines(fields)}\r\n`;
    this.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
    this.endSoon();
  }

  #onEnd(): void {
    if (this.#turn?.userEnded() === true) return;
    if (this.#isClosing) {
      this.#close();
      return;
    }
    // Half of a request, or a user who does not wait for the answer.
    if (this.#turn !== undefined) this.socket.destroy();
    else this.socket.end();
  }

  #onClose(): void {
    clearTimeout(this.#quiet);
    this.deadlineAtMs = 0;
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.lost();
    this.#host.onClosed(this);
  }
}

function uncork(connection: Http1Connection): void {
  connection.uncork();
}
