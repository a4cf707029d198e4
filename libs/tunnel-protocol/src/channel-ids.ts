import { randomFillSync } from 'node:crypto';

/** Bytes of a channel id on the wire. */
export const CHANNEL_ID_BYTES = 10;
const POOL_BYTES = 400 * CHANNEL_ID_BYTES;

/** A channel id as small integers: 32, 32 and 16 bits, the first two signed. Nothing of it is allocated per packet. */
export type ChannelId = { readonly high: number; readonly middle: number; readonly low: number };

/**
 * Channel ids of 80 random bits. A channel id is a capability: whoever can name it could try to answer the request
 * first, so a connector of another group must not be able to guess it.
 */
export class ChannelIds {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  #used = POOL_BYTES;

  next(): ChannelId {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += CHANNEL_ID_BYTES;
    return readChannelId(this.#pool, start);
  }
}

export function readChannelId(source: Buffer, offset: number): ChannelId {
  const high = source.readInt32BE(offset);
  return { high, middle: source.readInt32BE(offset + 4), low: source.readUInt16BE(offset + 8) };
}

export function writeChannelId(target: Buffer, offset: number, id: ChannelId): number {
  target.writeInt32BE(id.high, offset);
  target.writeInt32BE(id.middle, offset + 4);
  return target.writeUInt16BE(id.low, offset + 8);
}

/** A channel id for logs and events: 20 hexadecimal digits. */
export function channelText(id: ChannelId): string {
  const bytes = Buffer.allocUnsafe(CHANNEL_ID_BYTES);
  writeChannelId(bytes, 0, id);
  return bytes.toString('hex');
}
