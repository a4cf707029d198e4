/** RFC 9113, 3.4. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** RFC 9113, 6. */
export const TYPE = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 };
export const FLAG = { endStream: 1, endHeaders: 4 };

/** Indexes of RFC 7541, appendix A. */
const STATIC = { authority: 1, methodGet: 2, path: 4, schemeHttps: 7 };
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
 * The fields of a GET in HPACK, without Huffman codes and without the dynamic table.
 * @param {{ authority: string, path: string }} request each shorter than 127 bytes
 */
export function encodeHead({ authority, path }) {
  return Buffer.concat([
    Buffer.from([0x80 | STATIC.methodGet, 0x80 | STATIC.schemeHttps]),
    literal(STATIC.path, path),
    literal(STATIC.authority, authority),
  ]);
}

/**
 * @param {number} name index of the static table
 * @param {string} value
 */
function literal(name, value) {
  return Buffer.concat([Buffer.from([name, value.length]), Buffer.from(value, 'latin1')]);
}
