import { randomFillSync } from 'node:crypto';

/** Bytes of a channel id on the wire. */
export const CHANNEL_ID_BYTES = 10;
const POOL_BYTES = 400 * CHANNEL_ID_BYTES;

/**
 * A channel id inside the process: its ten bytes as Latin-1 text, which is what tables are keyed by. Never shown: see
 * `channelText`.
 */
export type ChannelKey = string;

/**
 * Channel ids of 80 random bits. A channel id is a capability: whoever can name it could try to answer the request
 * first, so a connector of another group must not be able to guess it.
 */
export class ChannelIds {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  #used = POOL_BYTES;

  next(): ChannelKey {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += CHANNEL_ID_BYTES;
    return this.#pool.toString('latin1', start, this.#used);
  }
}

/** A channel id for logs and events: 20 hexadecimal digits. */
export function channelText(key: ChannelKey): string {
  return Buffer.from(key, 'latin1').toString('hex');
}
