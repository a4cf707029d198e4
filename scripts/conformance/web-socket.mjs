import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fieldsOf, openSocket } from './ask.mjs';
import { SuiteUnavailable } from './suite.mjs';

const OPEN_TIMEOUT_MS = 10_000;
const RAW_DEADLINE_MS = 3_000;
/** RFC 6455, 1.3. */
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * What is used of a connection of the ws package.
 * @typedef {object} WebSocket
 * @property {(data: Buffer | string, options?: { binary?: boolean, fin?: boolean }) => void} send
 * @property {(data?: string) => void} ping
 * @property {(code?: number, reason?: string) => void} close
 * @property {() => void} terminate
 * @property {(event: string, listener: (...values: never[]) => void) => void} on
 * @property {(event: string, listener: (...values: never[]) => void) => void} once
 */

/**
 * @param {import('./world.mjs').Context} context
 * @returns {(where: import('./world.mjs').Front | number, path?: string) => Promise<WebSocket>} opens a connection
 * @throws {SuiteUnavailable}
 */
export function webSocketOpener({ wsFolder, wsReason }) {
  if (wsFolder === undefined) throw new SuiteUnavailable(wsReason ?? 'the ws package is missing');
  const Client = createRequire(join(wsFolder, 'package.json'))(wsFolder);
  return (where, path = '/') =>
    new Promise((resolve, reject) => {
      const same = { perMessageDeflate: false, maxPayload: 0, handshakeTimeout: OPEN_TIMEOUT_MS };
      const socket =
        typeof where === 'number'
          ? new Client(`ws://127.0.0.1:${where}${path}`, same)
          : new Client(`wss://127.0.0.1:${where.port}${path}`, {
              ...same,
              ca: where.ca,
              servername: where.host,
              headers: fieldsOf(where),
            });
      socket.once('open', () => resolve(socket));
      socket.on('error', reject);
    });
}

/**
 * The handshake alone, without a library in between.
 * @param {import('./world.mjs').Front | number} where
 * @param {Readonly<Record<string, string>>} [changes] of the fields; an empty value leaves one out
 */
export async function shakeHands(where, changes = {}) {
  const key = randomBytes(16).toString('base64');
  const fields = {
    ...(typeof where === 'number' ? { host: `127.0.0.1:${where}` } : fieldsOf(where)),
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
    ...changes,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
  const socket = await openSocket(where);
  /** @type {Buffer<ArrayBufferLike>} */
  let received = Buffer.alloc(0);
  let isClosed = false;
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  await untilTrue(() => isClosed || received.includes('\r\n\r\n'));
  const end = received.indexOf('\r\n\r\n');
  const head = received.subarray(0, Math.max(end, 0)).toString('latin1');
  const accept = createHash('sha1')
    .update(key + MAGIC)
    .digest('base64');
  return {
    socket,
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
    head,
    isAccepted: head.toLowerCase().includes(`sec-websocket-accept: ${accept.toLowerCase()}`),
    /** What came behind the head, once the other side closed or 3 s later. */
    rest: async () => {
      await untilTrue(() => isClosed);
      socket.destroy();
      return { bytes: received.subarray(end + 4), isClosed };
    },
  };
}

/** @param {() => boolean} condition */
async function untilTrue(condition) {
  const deadline = Date.now() + RAW_DEADLINE_MS;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
}

/**
 * One frame of a client (RFC 6455, 5.2), right or wrong.
 * @param {number} firstByte FIN, reserved bits and opcode
 * @param {Buffer} payload
 * @param {{ isMasked?: boolean, claimedBytes?: number }} [options]
 */
export function frame(firstByte, payload, { isMasked = true, claimedBytes = payload.length } = {}) {
  const mask = isMasked ? 0x80 : 0;
  const length = claimedBytes < 126 ? Buffer.from([mask | claimedBytes]) : Buffer.alloc(3, mask | 126);
  if (claimedBytes >= 126) length.writeUInt16BE(claimedBytes, 1);
  const key = Buffer.from([1, 2, 3, 4]);
  const masked = isMasked ? Buffer.concat([key, payload.map((byte, i) => byte ^ (key[i % 4] ?? 0))]) : payload;
  return Buffer.concat([Buffer.from([firstByte]), length, masked]);
}
