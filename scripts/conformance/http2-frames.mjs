/** RFC 9113, 3.4. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** RFC 9113, 6. */
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
  unknown: 0xfa,
};
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8 };

const HEADER_BYTES = 9;

/**
 * @param {number} type
 * @param {number} flags
 * @param {number} stream
 * @param {Buffer} payload
 * @returns {Buffer}
 */
export function h2Frame(type, flags, stream, payload) {
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream & 0x7fffffff, 5);
  payload.copy(bytes, HEADER_BYTES);
  return bytes;
}

/**
 * Fields in HPACK: literals with their name, without Huffman codes and without the dynamic table (RFC 7541, 6.2.2), so
 * that nothing is checked or changed on the way.
 * @param {readonly (readonly [string, string])[]} fields latin1
 * @returns {Buffer}
 */
export function encodeFields(fields) {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/**
 * The fields of a GET.
 * @param {{ authority: string, path: string }} request
 */
export function encodeHead({ authority, path }) {
  return encodeFields([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', authority],
    [':path', path],
  ]);
}

/**
 * A string with its length (RFC 7541, 5.1 and 5.2).
 * @param {string} value
 */
function text(value) {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
