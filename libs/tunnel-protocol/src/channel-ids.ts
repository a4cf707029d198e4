import { randomFillSync } from 'node:crypto';

const ID_BYTES = 10;
const POOL_BYTES = 400 * ID_BYTES;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Channel ids of 80 random bits, 16 characters. A channel id is a capability: whoever can name it could try to answer
 * the request first, so a connector of another group must not be able to guess it.
 */
export class ChannelIds {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  #used = POOL_BYTES;

  next(): string {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += ID_BYTES;
    return this.#fiveBytes(start) + this.#fiveBytes(start + 5);
  }

  /** Base 32 of five bytes: eight characters. */
  #fiveBytes(start: number): string {
    const high = this.#pool.readUIntBE(start, 3) * 2 + (this.#pool.readUInt8(start + 3) >>> 7);
    const low = this.#pool.readUInt16BE(start + 3) & 0x7fff;
    return (
      letter(high >>> 20) +
      letter(high >>> 15) +
      letter(high >>> 10) +
      letter(high >>> 5) +
      letter(high) +
      letter(low >>> 10) +
      letter(low >>> 5) +
      letter(low)
    );
  }
}

function letter(value: number): string {
  return ALPHABET.charAt(value & 31);
}
