// As much of RFC 6455 as an echo of the bench needs: whole messages of one frame, no extensions. The bench brings its own so
// that both of its ends cost the same few microseconds before every target.
import { createHash, randomBytes } from 'node:crypto';

export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
/** Frames a peer may send; a longer one is an error. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const FIN = 0x80;
const MASKED = 0x80;

/** @typedef {{ opcode: number, payload: Buffer }} Message */

/**
 * @param {string} key value of Sec-WebSocket-Key
 * @returns {string} value of Sec-WebSocket-Accept (RFC 6455, 4.2.2)
 */
export function acceptOf(key) {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

/**
 * @param {number} opcode
 * @param {Buffer} payload
 * @param {{ isMasked: boolean }} options a client masks, a server does not (RFC 6455, 5.1)
 * @returns {Buffer}
 */
export function encodeFrame(opcode, payload, { isMasked }) {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extra + (isMasked ? 4 : 0));
  head[0] = FIN | opcode;
  head[1] = (isMasked ? MASKED : 0) | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) head.writeUInt16BE(length, 2);
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  mask.copy(head, head.length - 4);
  return Buffer.concat([head, applyMask(payload, mask)]);
}

/**
 * @param {Buffer} payload
 * @param {Buffer} mask
 */
function applyMask(payload, mask) {
  const result = Buffer.allocUnsafe(payload.length);
  for (let index = 0; index < payload.length; index += 1)
    result[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return result;
}

/** Cuts what arrives into messages. */
export class FrameReader {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /**
   * @param {Buffer} bytes
   * @returns {Message[]} the messages that are whole now
   * @throws {Error} for a message of several frames, an extension, or a frame above MAX_PAYLOAD_BYTES
   */
  read(bytes) {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    /** @type {Message[]} */
    const messages = [];
    for (;;) {
      const message = this.#next();
      if (message === undefined) return messages;
      messages.push(message);
    }
  }

  #next() {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    if ((first & 0xf0) !== FIN) throw new Error('the peer sent a fragment or used an extension');
    const short = second & 0x7f;
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
    const maskAt = 2 + extra;
    const start = maskAt + (second & MASKED ? 4 : 0);
    if (bytes.length < start) return undefined;
    const length = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length > MAX_PAYLOAD_BYTES)
      throw new Error(`a frame of ${length} bytes, expected at most ${MAX_PAYLOAD_BYTES}`);
    if (bytes.length < start + length) return undefined;
    const payload = bytes.subarray(start, start + length);
    this.#rest = bytes.subarray(start + length);
    return {
      opcode: first & 0x0f,
      payload: start === maskAt ? payload : applyMask(payload, bytes.subarray(maskAt, start)),
    };
  }
}
