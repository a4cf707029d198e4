import { Readable } from 'node:stream';
import type { BodyConsumer, BodySource, FieldList } from '#libs/tunnel-protocol';

/** Bytes read from the tunnel ahead of the origin's socket; beyond, no credit is granted until the origin took them. */
const READ_AHEAD_BYTES = 64 * 1024;

/**
 * A request body on its way to the origin. Until the origin connection is there it collects (never more than the
 * channel's window); then `take` hands it over: as one buffer when it is already complete, else as a stream under credit.
 * Trailers of a request are dropped: the HTTP client cannot send them.
 */
export class RequestBody implements BodyConsumer {
  readonly #source: BodySource;
  readonly #onProgress: () => void;
  #early: Uint8Array[] = [];
  #stream: Readable | undefined;
  #isEnded = false;
  #isWaitingForUser = false;
  #isGone = false;

  /** `onProgress`: whom the body waits for may have changed. */
  constructor(source: BodySource, onProgress: () => void) {
    this.#source = source;
    this.#onProgress = onProgress;
  }

  onData(chunk: Uint8Array): void {
    if (this.#isGone) return;
    if (this.#stream === undefined) {
      this.#early.push(chunk);
      return;
    }
    this.#waitForUser(false);
    if (!this.#stream.push(chunk)) this.#source.pause();
  }

  onEnd(_trailers: FieldList): void {
    this.#isEnded = true;
    this.#waitForUser(false);
    this.#stream?.push(null);
  }

  onAbort(): void {
    this.drop();
  }

  /** The origin took all there is; the next byte is the user's to send. */
  get isWaitingForUser(): boolean {
    return this.#isWaitingForUser;
  }

  take(): Buffer | Readable {
    if (this.#isEnded) {
      const early = this.#early;
      this.#early = [];
      return Buffer.concat(early);
    }
    const stream = new Readable({
      highWaterMark: READ_AHEAD_BYTES,
      read: () => {
        if (this.#isEnded || this.#isGone) return;
        this.#waitForUser(true);
        this.#source.resume();
      },
    });
    // The call itself learns of the failure; without a listener the stream's own error would end the process.
    stream.on('error', () => undefined);
    this.#stream = stream;
    for (const chunk of this.#early) stream.push(chunk);
    this.#early = [];
    return stream;
  }

  /** The rest is not wanted: nothing more is granted or kept. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#early = [];
    if (!this.#isEnded) this.#source.pause();
    this.#stream?.destroy();
  }

  #waitForUser(isWaiting: boolean): void {
    this.#isWaitingForUser = isWaiting;
    this.#onProgress();
  }
}
