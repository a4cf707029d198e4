import type { BodyConsumer, FieldList } from './channel.ts';
import type { CreditAccount } from './credit-account.ts';
import type { CreditLedger } from './credit-ledger.ts';
import type { FailureReason } from './reasons.ts';

const SLAB_BYTES = 16 * 1024;
/** Nothing held; never written to. */
const NONE: Uint8Array[] = [];

/**
 * The receiving half of a channel: hands bytes to the consumer, or holds them while it is paused or absent. The peer's
 * credit bounds what is held; small pieces are gathered in slabs, so that neither many tiny frames nor the read buffers
 * they came in cost more memory than the bytes they carry.
 */
export class BodyReceiver {
  readonly #ledger: CreditLedger;
  readonly #account: CreditAccount;
  readonly #now: () => number;
  #consumer: BodyConsumer | undefined;
  #isPaused = false;
  #held: Uint8Array[] = NONE;
  #slab: Buffer | undefined;
  #slabUsed = 0;
  /** Delivered while the consumer paused: booked as consumed when it resumes. */
  #deliveredBytes = 0;
  #trailers: FieldList | undefined;
  #isFinished = false;

  constructor(ledger: CreditLedger, account: CreditAccount, now: () => number) {
    this.#ledger = ledger;
    this.#account = account;
    this.#now = now;
  }

  get hasConsumer(): boolean {
    return this.#consumer !== undefined;
  }

  /** The end has been received, delivered or not. */
  get isEnded(): boolean {
    return this.#trailers !== undefined;
  }

  /** False when the peer had no credit for these bytes. */
  data(bytes: Buffer): boolean {
    if (this.#isFinished || this.#trailers !== undefined) return false;
    const nowMs = this.#now();
    if (!this.#ledger.received(this.#account, bytes.length, nowMs)) return false;
    // Even what is delivered may wait, in the consumer's socket.
    const mustCopy = bytes.length >= SLAB_BYTES / 2 && this.#ledger.isMemoryShortFor(this.#account);
    const own = mustCopy ? ownBytes(bytes) : bytes;
    if (this.#consumer === undefined || this.#isPaused || this.#isHolding()) this.#hold(own);
    else this.#deliver(this.#consumer, own);
    return true;
  }

  /** Hold what is held in buffers of its own size: a piece of a read of the socket keeps all of the read alive. */
  compact(): void {
    if (this.#held.length > 0) this.#held = this.#held.map(ownBytes);
  }

  end(trailers: FieldList): void {
    if (this.#isFinished || this.#trailers !== undefined) return;
    this.#trailers = trailers;
    this.#ledger.done(this.#account, this.#now());
    this.#drain();
  }

  attach(consumer: BodyConsumer): void {
    if (this.#consumer !== undefined || this.#isFinished) return;
    this.#consumer = consumer;
    this.#drain();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#bookDelivered();
    this.#drain();
  }

  /** Release everything; the consumer hears of it when `reason` is given and it has not seen the end. */
  abort(reason?: FailureReason): void {
    if (this.#isFinished) return;
    const consumer = this.#consumer;
    this.#finish();
    if (reason !== undefined) consumer?.onAbort?.(reason);
  }

  #isHolding(): boolean {
    return this.#held.length > 0 || this.#slabUsed > 0;
  }

  #deliver(consumer: BodyConsumer, bytes: Uint8Array): void {
    this.#deliveredBytes += bytes.length;
    consumer.onData(bytes);
    if (!this.#isPaused && !this.#isFinished) this.#bookDelivered();
  }

  #bookDelivered(): void {
    const bytes = this.#deliveredBytes;
    if (bytes === 0 || this.#isFinished) return;
    this.#deliveredBytes = 0;
    this.#ledger.consumed(this.#account, bytes, this.#now());
  }

  #hold(bytes: Buffer): void {
    if (bytes.length >= SLAB_BYTES / 2) {
      this.#sealSlab();
      this.#keep(bytes);
      return;
    }
    let offset = 0;
    while (offset < bytes.length) {
      this.#slab ??= Buffer.allocUnsafeSlow(SLAB_BYTES);
      const copied = bytes.copy(this.#slab, this.#slabUsed, offset);
      offset += copied;
      this.#slabUsed += copied;
      if (this.#slabUsed === SLAB_BYTES) this.#sealSlab();
    }
  }

  #keep(bytes: Uint8Array): void {
    if (this.#held === NONE) this.#held = [bytes];
    else this.#held.push(bytes);
  }

  #sealSlab(): void {
    if (this.#slab === undefined) return;
    this.#keep(this.#slab.subarray(0, this.#slabUsed));
    this.#slab = undefined;
    this.#slabUsed = 0;
  }

  #drain(): void {
    while (this.#consumer !== undefined && !this.#isPaused && !this.#isFinished) {
      if (this.#held.length === 0) this.#sealSlab();
      const bytes = this.#held.shift();
      if (bytes === undefined) break;
      this.#deliver(this.#consumer, bytes);
    }
    if (this.#consumer === undefined || this.#isPaused || this.#isFinished || this.#trailers === undefined) return;
    if (this.#isHolding()) return;
    const consumer = this.#consumer;
    this.#finish();
    consumer.onEnd(this.#trailers);
  }

  #finish(): void {
    this.#isFinished = true;
    this.#held = NONE;
    this.#slab = undefined;
    this.#slabUsed = 0;
    this.#ledger.close(this.#account, this.#now());
  }
}

/** The same bytes in a buffer that holds little else. */
function ownBytes(bytes: Uint8Array): Buffer {
  if (bytes.buffer.byteLength - bytes.length < SLAB_BYTES / 8) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}
