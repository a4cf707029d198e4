import type { Socket } from 'node:net';
import { type OpenSocket, OriginConnection } from './origin-connection.ts';
import { failureText, originFailure } from './origin-failure.ts';
import type { LaneApplicant } from './origin-lane.ts';

export type OriginPoolOptions = {
  readonly open: OpenSocket;
  readonly isTls: boolean;
  readonly maxConnections: number;
  /** Calls that wait for a connection while none may be opened; one more fails with `capacity`. */
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
  /** An idle connection is closed after this long, unless the origin told its own time. */
  readonly idleMs: number;
  /** The longest an origin may ask for. */
  readonly maxIdleMs: number;
  /** The last connection of a pool that was closed is gone. */
  onEmpty(): void;
};

/** Closed this much before the origin would do it, so that no request meets a connection being closed. */
const IDLE_MARGIN_MS = 1_000;

/**
 * Connections to one origin. The one used last is used first, so that the others can grow old. Each waiting call has a
 * connection being opened for it, but takes whichever is free first.
 */
export class OriginPool {
  readonly #options: OriginPoolOptions;
  readonly #open = new Set<OriginConnection>();
  readonly #upgraded = new Set<OriginConnection>();
  readonly #idle: OriginConnection[] = [];
  readonly #waiting = new Set<LaneApplicant>();
  readonly #timers = new Map<OriginConnection, NodeJS.Timeout>();
  #isClosing = false;

  constructor(options: OriginPoolOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#open.size + this.#upgraded.size === 0;
  }

  /** Calls back with a connection, perhaps before this returns. `isFresh`: not one that was used before. */
  acquire(applicant: LaneApplicant, isFresh: boolean): void {
    const { maxConnections, maxWaiting } = this.#options;
    const isFull = this.#open.size >= maxConnections;
    const kept = isFresh && !isFull ? undefined : this.#takeIdle();
    if (kept !== undefined) {
      applicant.onLane(kept);
      return;
    }
    if (isFull && this.#waiting.size - this.#timers.size >= maxWaiting) {
      applicant.onNoLane('capacity', `${maxWaiting} calls wait for a connection to this origin`);
      return;
    }
    this.#waiting.add(applicant);
    this.#openWhereWanted();
  }

  /** Takes over a connected socket that speaks HTTP/1.1. */
  adopt(socket: Socket): void {
    const open: OpenSocket = (onRead) => socket.on('data', (chunk: Buffer) => onRead(chunk));
    const connection = new OriginConnection(open, undefined, this);
    this.#open.add(connection);
    this.onIdle(connection);
  }

  /** The applicant wants no connection any more. */
  withdraw(applicant: LaneApplicant): void {
    this.#waiting.delete(applicant);
  }

  /** Closes what has been idle for too long. */
  sweep(nowMs: number): void {
    for (const connection of this.#idle) if (connection.idleUntil <= nowMs) connection.abort();
  }

  /** Closes idle connections now and the others as their calls end. */
  close(): void {
    this.#isClosing = true;
    for (const connection of this.#idle) connection.abort();
    this.#tellWhenEmpty();
  }

  /** Cuts every connection. */
  destroy(): void {
    this.#isClosing = true;
    this.#waiting.clear();
    for (const connection of [...this.#open, ...this.#upgraded]) connection.abort();
  }

  // ---- the connections' side

  onConnected(connection: OriginConnection): void {
    clearTimeout(this.#timers.get(connection));
    this.#timers.delete(connection);
    this.onIdle(connection);
  }

  onIdle(connection: OriginConnection): void {
    const next = this.#nextWaiting();
    if (next !== undefined) {
      next.onLane(connection);
      return;
    }
    const idleMs = this.#idleMs(connection);
    if (this.#isClosing || idleMs <= 0) {
      connection.abort();
      return;
    }
    connection.idleUntil = Date.now() + idleMs;
    this.#idle.push(connection);
  }

  /** Long-lived connections must not keep short calls waiting: the connector's cap on calls bounds them. */
  onUpgraded(connection: OriginConnection): void {
    this.#open.delete(connection);
    this.#upgraded.add(connection);
    this.#openWhereWanted();
  }

  onClosed(connection: OriginConnection, error: Error | undefined): void {
    clearTimeout(this.#timers.get(connection));
    this.#timers.delete(connection);
    this.#open.delete(connection);
    this.#upgraded.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (error !== undefined) this.#nextWaiting()?.onNoLane(originFailure(error), failureText(error));
    this.#openWhereWanted();
    this.#tellWhenEmpty();
  }

  // ---- inside

  #takeIdle(): OriginConnection | undefined {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (kept.isUsable) return kept;
      kept.abort();
    }
    return undefined;
  }

  #nextWaiting(): LaneApplicant | undefined {
    for (const applicant of this.#waiting) {
      this.#waiting.delete(applicant);
      return applicant;
    }
    return undefined;
  }

  /** One connection on its way for each waiting call, as far as the limit allows. */
  #openWhereWanted(): void {
    while (this.#timers.size < this.#waiting.size && this.#open.size < this.#options.maxConnections) this.#connect();
  }

  #connect(): void {
    const { open, isTls, connectTimeoutMs } = this.#options;
    const connection = this.#tryOpen(open, isTls);
    if (connection === undefined) return;
    this.#open.add(connection);
    const timer = setTimeout(() => connection.giveUp(connectTimeout(connectTimeoutMs)), connectTimeoutMs);
    this.#timers.set(connection, timer);
  }

  #tryOpen(open: OpenSocket, isTls: boolean): OriginConnection | undefined {
    try {
      return new OriginConnection(open, isTls ? 'secureConnect' : 'connect', this);
    } catch (error) {
      this.#nextWaiting()?.onNoLane(originFailure(error), failureText(error));
      return undefined;
    }
  }

  #tellWhenEmpty(): void {
    if (this.#isClosing && this.isEmpty) this.#options.onEmpty();
  }

  #idleMs(connection: OriginConnection): number {
    const { idleMs, maxIdleMs } = this.#options;
    const told = connection.keepAliveMs;
    return told === undefined ? idleMs : Math.min(told - IDLE_MARGIN_MS, maxIdleMs);
  }
}

function connectTimeout(ms: number): Error {
  return Object.assign(new Error(`no connection within ${ms} ms`), { code: 'ETIMEDOUT' });
}
