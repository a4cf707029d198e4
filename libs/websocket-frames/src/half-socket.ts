import { FrameTracker } from './frame-tracker.ts';

/**
 * One direction of a WebSocket that is passed on and that we may have to close ourselves. Our close frame goes between two frames
 * of the sender, never into one, and nothing of the sender follows it.
 */
export class HalfSocket {
  /** Our close frame has gone out. */
  isClosedByUs = false;
  readonly #tracker = new FrameTracker();
  #awaiting: Uint8Array | undefined;

  /** The sender has said that it closes. */
  get hasClosed(): boolean {
    return this.#tracker.hasClosed;
  }

  /** What is to be passed on of these bytes: all of them, or up to where our close frame goes in, with it, or nothing after that. */
  pass(chunk: Uint8Array): Uint8Array | undefined {
    const frame = this.#awaiting;
    if (frame === undefined) {
      this.#tracker.take(chunk);
      return this.isClosedByUs ? undefined : chunk;
    }
    const taken = this.#tracker.take(chunk, true);
    if (!this.#tracker.isBetweenFrames) return chunk;
    this.#awaiting = undefined;
    this.isClosedByUs = !this.hasClosed;
    this.#tracker.take(chunk.subarray(taken));
    return this.isClosedByUs ? Buffer.concat([chunk.subarray(0, taken), frame]) : chunk;
  }

  /**
   * The frame, to be sent now; undefined when a frame of the sender is under way, behind which `pass` puts it, or when the
   * direction is closed already.
   */
  close(frame: Uint8Array): Uint8Array | undefined {
    if (this.isClosedByUs || this.hasClosed) return undefined;
    if (!this.#tracker.isBetweenFrames) {
      this.#awaiting = frame;
      return undefined;
    }
    this.#awaiting = undefined;
    this.isClosedByUs = true;
    return frame;
  }
}
