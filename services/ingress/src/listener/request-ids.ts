import { randomFillSync } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const POOL_BYTES = 8 * 1024;
const PREFIX = 'req_';
const ID_CHARACTERS = PREFIX.length + 24;
/** Ids are drawn by the hundred and cut out of one text. */
const IDS_AT_ONCE = 128;

/** Ids of requests and traces, from a pool of random bytes: one system call per hundreds of requests. */
export class RequestIds {
  readonly #pool = Buffer.allocUnsafe(POOL_BYTES);
  #at = POOL_BYTES;
  readonly #ids = Buffer.allocUnsafe(IDS_AT_ONCE * ID_CHARACTERS);
  #nextId = IDS_AT_ONCE;

  /** `req_` and 24 characters (120 bits), as `newId('req')` makes them. */
  nextRequestId(): string {
    if (this.#nextId === IDS_AT_ONCE) this.#drawIds();
    const from = this.#nextId * ID_CHARACTERS;
    this.#nextId += 1;
    return this.#ids.toString('latin1', from, from + ID_CHARACTERS);
  }

  /** W3C trace context: continues a valid incoming trace with a new parent id, else begins one. */
  nextTraceparent(incoming: string): string {
    const continued = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/.exec(incoming);
    const traceId = continued?.[1] ?? this.#hex(16);
    return `00-${traceId}-${this.#hex(8)}-${continued?.[2] ?? '01'}`;
  }

  #drawIds(): void {
    randomFillSync(this.#ids);
    for (let i = 0; i < this.#ids.length; i += 1) this.#ids[i] = ALPHABET.charCodeAt((this.#ids[i] ?? 0) & 31);
    for (let id = 0; id < IDS_AT_ONCE; id += 1) this.#ids.write(PREFIX, id * ID_CHARACTERS, 'latin1');
    this.#nextId = 0;
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
