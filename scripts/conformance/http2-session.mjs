import { openSocket } from './ask.mjs';
import { FLAG, h2Frame, PREFACE, TYPE } from './http2-frames.mjs';

const HEADER_BYTES = 9;
const DEADLINE_MS = 3_000;

/**
 * @typedef {object} Seen what came back on a connection of raw frames
 * @property {boolean} isClosed
 * @property {number | undefined} goAway error code
 * @property {Map<number, number>} resets error codes by stream
 * @property {Map<number, boolean>} answers by stream: true when the status is a success
 * @property {string} body of stream 1, latin1
 * @property {boolean} isEnded stream 1
 * @property {Set<number>} pings first bytes of the pings that were answered
 */

/**
 * Sends frames that no library would send and reads until a verdict is there, the other side closes, or 3 s are over.
 * @param {import('./world.mjs').Front} front
 * @param {readonly Buffer[]} frames behind the preface and an empty SETTINGS
 * @param {{ preface?: Buffer, isEnough: (seen: Seen) => boolean }} options
 * @returns {Promise<Seen>}
 */
export async function exchangeFrames(front, frames, { preface = PREFACE, isEnough }) {
  const socket = await openSocket(front, { alpn: ['h2'] });
  /** @type {Seen} */
  const seen = {
    isClosed: false,
    goAway: undefined,
    resets: new Map(),
    answers: new Map(),
    pings: new Set(),
    body: '',
    isEnded: false,
  };
  /** @type {Buffer<ArrayBufferLike>} */
  let rest = Buffer.alloc(0);
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, DEADLINE_MS);
    const finish = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    const close = () => {
      seen.isClosed = true;
      finish();
    };
    socket.on('end', close);
    socket.on('close', close);
    socket.on('data', (/** @type {Buffer} */ chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER_BYTES && rest.length >= HEADER_BYTES + rest.readUIntBE(0, 3)) {
        const end = HEADER_BYTES + rest.readUIntBE(0, 3);
        note(seen, rest.subarray(0, end));
        rest = rest.subarray(end);
      }
      if (isEnough(seen)) finish();
    });
    socket.write(Buffer.concat([preface, h2Frame(TYPE.settings, 0, 0, Buffer.alloc(0)), ...frames]));
  });
  socket.destroy();
  return seen;
}

/**
 * @param {Seen} seen
 * @param {Buffer} frame
 */
function note(seen, frame) {
  const [type, flags] = [frame[3], frame[4] ?? 0];
  const stream = frame.readUInt32BE(5) & 0x7fffffff;
  const payload = frame.subarray(HEADER_BYTES);
  if (type === TYPE.goAway) seen.goAway = payload.readUInt32BE(4);
  if (type === TYPE.resetStream) seen.resets.set(stream, payload.readUInt32BE(0));
  if (type === TYPE.ping && (flags & FLAG.ack) !== 0) seen.pings.add(payload[0] ?? 0);
  if (type === TYPE.data && stream === 1) seen.body += payload.toString('latin1');
  if (type === TYPE.data || type === TYPE.headers) seen.isEnded ||= stream === 1 && (flags & FLAG.endStream) !== 0;
  if (type === TYPE.headers && !seen.answers.has(stream)) seen.answers.set(stream, isSuccess(payload));
}

/**
 * The status is the first field (RFC 9113, 8.3) and, when it is a success, an index of the static table.
 * @param {Buffer} block
 */
function isSuccess(block) {
  // A change of the dynamic table's size may stand before it (RFC 7541, 6.3).
  const first = block.find((byte) => (byte & 0xe0) !== 0x20) ?? 0;
  return first >= 0x88 && first <= 0x8a;
}
