/** What the first flight of a TLS client says about whom it wants (RFC 8446, 4.1.2). */
export type ClientHello = { readonly servername: string; readonly protocols: readonly string[] };

/** Bytes looked at. A longer hello is one of a client that has nothing to do with challenges. */
export const MAX_HELLO_BYTES = 16_384;

const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
/** Header of the handshake message, version and random. */
const FIXED_BYTES = 4 + 2 + 32;

/**
 * Reads server name and ALPN protocols. `incomplete` asks for more bytes; undefined is for what is no hello, broken, or
 * split over several records. Total: whatever bytes come, it neither throws nor reads outside of them.
 */
export function readClientHello(bytes: Buffer): ClientHello | 'incomplete' | undefined {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return undefined;
  if (bytes.length < RECORD_HEADER) return 'incomplete';
  const recordEnd = RECORD_HEADER + bytes.readUInt16BE(3);
  if (recordEnd > MAX_HELLO_BYTES) return undefined;
  if (bytes.length < recordEnd) return 'incomplete';
  return parseHello(bytes.subarray(RECORD_HEADER, recordEnd));
}

function parseHello(message: Buffer): ClientHello | undefined {
  if (message.length < FIXED_BYTES || message[0] !== CLIENT_HELLO) return undefined;
  const sessionId = takeBlock(message, FIXED_BYTES, 1);
  const ciphers = sessionId && takeBlock(message, sessionId.end, 2);
  const compressions = ciphers && takeBlock(message, ciphers.end, 1);
  const extensions = compressions && takeBlock(message, compressions.end, 2);
  if (!extensions) return undefined;
  let servername = '';
  let protocols: readonly string[] = [];
  for (let at = 0; at + 4 <= extensions.bytes.length; ) {
    const type = extensions.bytes.readUInt16BE(at);
    const body = takeBlock(extensions.bytes, at + 2, 2);
    if (!body) return undefined;
    if (type === EXTENSION_SERVER_NAME) servername = readServerName(body.bytes);
    if (type === EXTENSION_ALPN) protocols = readProtocols(body.bytes);
    at = body.end;
  }
  return { servername, protocols };
}

/** The first host name of the list (RFC 6066, 3); empty when there is none. */
function readServerName(body: Buffer): string {
  const list = takeBlock(body, 0, 2);
  if (list?.bytes[0] !== 0) return '';
  return takeBlock(list.bytes, 1, 2)?.bytes.toString('latin1').toLowerCase() ?? '';
}

function readProtocols(body: Buffer): readonly string[] {
  const list = takeBlock(body, 0, 2);
  const protocols: string[] = [];
  for (let at = 0; list && at < list.bytes.length; ) {
    const protocol = takeBlock(list.bytes, at, 1);
    if (!protocol) break;
    protocols.push(protocol.bytes.toString('latin1'));
    at = protocol.end;
  }
  return protocols;
}

/** A block behind its length of one or two bytes; undefined when it does not end within the bytes. */
function takeBlock(
  bytes: Buffer,
  at: number,
  lengthBytes: 1 | 2,
): { readonly bytes: Buffer; readonly end: number } | undefined {
  const start = at + lengthBytes;
  if (start > bytes.length) return undefined;
  const end = start + (lengthBytes === 1 ? bytes.readUInt8(at) : bytes.readUInt16BE(at));
  return end > bytes.length ? undefined : { bytes: bytes.subarray(start, end), end };
}
