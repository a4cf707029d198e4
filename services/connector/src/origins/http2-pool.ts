import type { Socket } from 'node:net';
import { Http2Session } from './http2-session.ts';
import { failureText, originFailure } from './origin-failure.ts';
import type { LaneApplicant } from './origin-lane.ts';

/** Sessions with one origin; each carries a hundred calls or more. */
export const MAX_SESSIONS_PER_ORIGIN = 8;
/** A session without calls is closed after this long, milliseconds. */
export const SESSION_IDLE_MS = 60_000;

export type Http2PoolOptions = {
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  /** Opens a socket and calls back once: with it when it speaks HTTP/2, or with why not. */
  open(done: (socket: Socket | Error) => void): void;
  readonly maxWaiting: number;
  /** The last session of a pool that was closed is gone. */
  onEmpty(): void;
};

/** HTTP/2 sessions with one origin. The fullest that has room is used, so that the others can grow idle. */
export class Http2Pool {
  readonly #options: Http2PoolOptions;
  readonly #sessions = new Set<Http2Session>();
  readonly #waiting = new Set<LaneApplicant>();
  #opening = 0;
  #isClosing = false;
  #isDestroyed = false;

  constructor(options: Http2PoolOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0 && this.#opening === 0;
  }

  acquire(applicant: LaneApplicant): void {
    const session = this.#fullestWithRoom();
    if (session !== undefined) applicant.onLane(session.take());
    else if (this.#waiting.size >= this.#options.maxWaiting)
      applicant.onNoLane('capacity', `${this.#waiting.size} calls wait for a stream to this origin`);
    else {
      this.#waiting.add(applicant);
      this.#openWhereWanted();
    }
  }

  withdraw(applicant: LaneApplicant): void {
    this.#waiting.delete(applicant);
  }

  /** Takes over a socket that speaks HTTP/2. */
  adopt(socket: Socket): void {
    this.#opening += 1;
    this.#sessions.add(new Http2Session(this.#options.origin, socket, this));
  }

  sweep(nowMs: number): void {
    for (const session of this.#sessions) {
      if (session.streams > 0) continue;
      if (session.idleUntil === 0) session.idleUntil = nowMs + SESSION_IDLE_MS;
      else if (session.idleUntil <= nowMs) session.close();
    }
  }

  close(): void {
    this.#isClosing = true;
    for (const session of this.#sessions) session.close();
    this.#tellWhenEmpty();
  }

  destroy(): void {
    this.#isClosing = true;
    this.#isDestroyed = true;
    this.#waiting.clear();
    for (const session of this.#sessions) session.destroy();
  }

  // ---- the sessions' side

  onReady(session: Http2Session): void {
    this.#opening -= 1;
    this.#serve(session);
    if (this.#isClosing) session.close();
    this.#openWhereWanted();
  }

  onRoom(session: Http2Session): void {
    this.#serve(session);
  }

  onClosed(session: Http2Session, error: Error | undefined): void {
    this.#sessions.delete(session);
    if (!session.isReady) {
      this.#opening -= 1;
      this.#failFirst(error ?? new Error('origin closed its HTTP/2 session at once'));
    }
    this.#openWhereWanted();
    this.#tellWhenEmpty();
  }

  // ---- inside

  #serve(session: Http2Session): void {
    for (const applicant of this.#waiting) {
      if (!session.hasRoom) return;
      this.#waiting.delete(applicant);
      applicant.onLane(session.take());
    }
  }

  #fullestWithRoom(): Http2Session | undefined {
    let best: Http2Session | undefined;
    for (const session of this.#sessions)
      if (session.hasRoom && (best === undefined || session.streams > best.streams)) best = session;
    return best;
  }

  /** One session at a time: its first word says how many calls it takes. */
  #openWhereWanted(): void {
    if (this.#waiting.size === 0 || this.#opening > 0 || this.#isDestroyed) return;
    if (this.#sessions.size >= MAX_SESSIONS_PER_ORIGIN) return;
    this.#opening += 1;
    this.#options.open((result) => {
      this.#opening -= 1;
      if (result instanceof Error) {
        this.#failFirst(result);
        this.#openWhereWanted();
        this.#tellWhenEmpty();
      } else if (this.#isDestroyed) result.destroy();
      else this.adopt(result);
    });
  }

  #failFirst(error: Error): void {
    for (const applicant of this.#waiting) {
      this.#waiting.delete(applicant);
      applicant.onNoLane(originFailure(error), failureText(error));
      return;
    }
  }

  #tellWhenEmpty(): void {
    if (this.#isClosing && this.isEmpty) this.#options.onEmpty();
  }
}
