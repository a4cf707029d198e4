export type PeerState = 'fine' | 'ask' | 'silent';

export type PeerTiming = { readonly probeAfterMs: number; readonly probeTimeoutMs: number };

/**
 * Whether the other end of one channel is still there. Nothing is timed per byte: a channel that received nothing for
 * `probeAfterMs` sends a PROBE, and is given up when nothing at all has come `probeTimeoutMs` later. Also finds a lost
 * last packet, since the answer's sequence number shows the gap.
 */
export class PeerWatch {
  readonly #timing: PeerTiming;
  #receivedAtMs: number;
  #probedAtMs: number | undefined;

  constructor(timing: PeerTiming, nowMs: number) {
    this.#timing = timing;
    this.#receivedAtMs = nowMs;
  }

  received(nowMs: number): void {
    this.#receivedAtMs = nowMs;
    this.#probedAtMs = undefined;
  }

  /** Book a probe; false while one is on its way already. */
  ask(nowMs: number): boolean {
    if (this.#probedAtMs !== undefined) return false;
    this.#probedAtMs = nowMs;
    return true;
  }

  /** `ask` means: call `ask` and send a PROBE. Time without a link to the server does not count. */
  check(nowMs: number, isConnected: boolean): PeerState {
    if (!isConnected) this.received(nowMs);
    if (this.#probedAtMs !== undefined)
      return nowMs - this.#probedAtMs >= this.#timing.probeTimeoutMs ? 'silent' : 'fine';
    return nowMs - this.#receivedAtMs >= this.#timing.probeAfterMs ? 'ask' : 'fine';
  }
}
