import { HOLD_MS, MAX_HELD_BYTES, MAX_HELD_HEADS, RETURN_GRACE_MS } from './limits.ts';

/**
 * Which requests wait for the link to the hub instead of failing, and until when. Pure: instants are arguments.
 *
 * The link of an ingress and those of the connectors are lost together when the hub restarts, and come back one by one:
 * until HOLD_MS after the loss, and for RETURN_GRACE_MS after the return at least, "nobody listens" may only mean "not
 * yet".
 */
export class HeldHeads {
  readonly #holdMs: number;
  readonly #graceMs: number;
  #isLinkUp = true;
  #untilMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #bytes = 0;

  constructor(holdMs: number = HOLD_MS, graceMs: number = RETURN_GRACE_MS) {
    this.#holdMs = holdMs;
    this.#graceMs = graceMs;
  }

  get isLinkUp(): boolean {
    return this.#isLinkUp;
  }

  get count(): number {
    return this.#count;
  }

  /** False when nothing changed. */
  setLink(isUp: boolean, nowMs: number): boolean {
    if (isUp === this.#isLinkUp) return false;
    this.#isLinkUp = isUp;
    this.#untilMs = isUp ? Math.max(this.#untilMs, nowMs + this.#graceMs) : nowMs + this.#holdMs;
    return true;
  }

  /** Whether a request that reaches nobody now may wait. */
  mayWait(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** False at the bounds: the request has to fail. */
  take(bytes: number): boolean {
    if (this.#count >= MAX_HELD_HEADS || this.#bytes + bytes > MAX_HELD_BYTES) return false;
    this.#count++;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
  }
}
