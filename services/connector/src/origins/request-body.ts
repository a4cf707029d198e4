import type { BodyConsumer, BodySource, FieldList } from '#libs/tunnel-protocol';
import type { OriginLane } from './origin-lane.ts';
import type { BodyLength } from './request-head.ts';
import { passedTrailers } from './trailer-rules.ts';

export type RequestBodyOwner = {
  /** Whom the body waits for has changed. */
  onBodyProgress(): void;
  /** The user sent more or less than its `Content-Length` said. */
  onBodyMismatch(): void;
};

/**
 * A request body on its way to the origin. Until a lane is there it collects (never more than the channel's window); a
 * body that is complete by then goes out with its length, another one as it comes, under credit.
 */
export class RequestBody implements BodyConsumer {
  readonly #source: BodySource;
  readonly #owner: RequestBodyOwner;
  /** Bytes the user said there are. */
  readonly #told: number | undefined;
  #early: Uint8Array[] = [];
  #trailers: FieldList = [];
  #bytes = 0;
  #lane: OriginLane | undefined;
  #isEnded = false;
  #isLaneFull = false;
  #isGone = false;

  constructor(source: BodySource, owner: RequestBodyOwner, told: number | undefined) {
    this.#source = source;
    this.#owner = owner;
    this.#told = told;
  }

  /** The origin took all there is; the next byte is the user's to send. */
  get isWaitingForUser(): boolean {
    return !this.#isEnded && !this.#isLaneFull && !this.#isGone;
  }

  /** How the origin is told its length. */
  get length(): BodyLength {
    if (this.#trailers.length > 0) return 'chunked';
    return this.#isEnded ? this.#bytes : (this.#told ?? 'chunked');
  }

  /** All of it, when it has come and needs nothing behind it; it is given away. */
  takeWhole(): Uint8Array | undefined {
    if (!this.#isEnded || this.#trailers.length > 0) return undefined;
    const early = this.#early;
    this.#early = [];
    const [only] = early;
    return early.length === 1 && only !== undefined ? only : Buffer.concat(early);
  }

  /** From now on bytes go there. Not after `takeWhole` gave the body away. */
  flowTo(lane: OriginLane): void {
    this.#lane = lane;
    for (const chunk of this.#early) this.#send(lane, chunk);
    this.#early = [];
    if (this.#isEnded) lane.end(this.#trailers);
  }

  onLaneDrain(): void {
    if (!this.#isLaneFull || this.#isGone) return;
    this.#isLaneFull = false;
    this.#owner.onBodyProgress();
    this.#source.resume();
  }

  onData(chunk: Uint8Array): void {
    if (this.#isGone) return;
    this.#bytes += chunk.length;
    if (this.#told !== undefined && this.#bytes > this.#told) this.#owner.onBodyMismatch();
    else if (this.#lane === undefined) this.#early.push(chunk);
    else this.#send(this.#lane, chunk);
  }

  onEnd(trailers: FieldList): void {
    if (this.#isGone) return;
    this.#isEnded = true;
    this.#trailers = passedTrailers(trailers);
    if (this.#told !== undefined && this.#bytes !== this.#told) {
      this.#owner.onBodyMismatch();
      return;
    }
    this.#lane?.end(this.#trailers);
    this.#owner.onBodyProgress();
  }

  onAbort(): void {
    this.drop();
  }

  /** The rest is not wanted: nothing more is granted or kept. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#early = [];
    this.#lane = undefined;
    if (!this.#isEnded) this.#source.pause();
  }

  #send(lane: OriginLane, chunk: Uint8Array): void {
    if (!lane.write(chunk)) {
      this.#isLaneFull = true;
      this.#source.pause();
    }
    this.#owner.onBodyProgress();
  }
}
