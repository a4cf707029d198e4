import { randomFillSync } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const POOL_BYTES = 8 * 1024;

/** Ids of requests and traces, from a pool of random bytes: one system call per hundreds of requests. */
export class RequestIds {
  readonly #pool = Buffer.allocUnsafe(POOL_BYTES);
  #at = POOL_BYTES;

  /** `req_` and 24 characters (120 bits), as `newId('req')` makes them. */
  nextRequestId(): string {
    const from = this.#take(24);
    let text = 'req_';
    for (let i = from; i < from + 24; i += 1) text += ALPHABET.charAt((this.#pool[i] ?? 0) & 31);
    return text;
  }

  /** W3C trace context: continues a valid incoming trace with a new parent id, else begins one. */
  nextTraceparent(incoming: string): string {
    const continued = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/.exec(incoming);
    const traceId = continued?.[1] ?? this.#hex(16);
    return `00-${traceId}-${this.#hex(8)}-${continued?.[2] ?? '01'}`;
  }

  #hex(bytes: number): string {
    const from = this.#take(bytes);
    return this.#pool.toString('hex', from, from + bytes);
  }

  #take(bytes: number): number {
    if (this.#at + bytes > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += bytes;
    return from;
  }
}
