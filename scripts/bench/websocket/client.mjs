import { randomBytes } from 'node:crypto';
import { connectTo, headersOf } from '../front.mjs';
import { acceptOf, encodeFrame, FrameReader, OPCODES } from './frames.mjs';

export const OPEN_TIMEOUT_MS = 15_000;
const ECHO_TIMEOUT_MS = 10_000;
const MAX_HEAD_BYTES = 16_384;

/**
 * An open WebSocket. One echo at a time.
 * @typedef {object} OpenWebSocket
 * @property {(payload: Buffer) => Promise<number>} echo milliseconds until the same payload was back
 * @property {() => boolean} isOpen
 * @property {(limitMs: number) => Promise<number>} untilClosed when it was closed, by performance.now()
 * @property {() => void} close
 */

/**
 * Opens a WebSocket over TLS to /echo of a front.
 * @param {import('../front.mjs').Front} front
 * @param {string} ca in PEM
 * @returns {Promise<OpenWebSocket>}
 * @throws {Error} when the front does not switch protocols
 */
export async function openWebSocket(front, ca) {
  const socket = connectTo(front, ca);
  try {
    const rest = await handshake(socket, front);
    return open(socket, rest);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * @param {import('node:tls').TLSSocket} socket
 * @param {import('../front.mjs').Front} front
 * @returns {Promise<Buffer>} bytes behind the head
 */
function handshake(socket, front) {
  const key = randomBytes(16).toString('base64');
  const own = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`];
  const origin = `Origin: https://${front.host}:${front.port}`;
  socket.once('secureConnect', () =>
    socket.write(`GET /echo HTTP/1.1\r\n${[...headersOf(front), ...own, origin].join('\r\n')}\r\n\r\n`),
  );
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const timer = setTimeout(() => fail(`did not switch protocols within ${OPEN_TIMEOUT_MS} ms`), OPEN_TIMEOUT_MS);
    const fail = (/** @type {string} */ what) => {
      end();
      reject(new Error(`the WebSocket ${what}`));
    };
    const onClose = () => fail('was closed before it was open');
    const onError = (/** @type {Error} */ error) => fail(`did not open: ${error.message}`);
    const onData = (/** @type {Buffer} */ bytes) => {
      head = Buffer.concat([head, bytes]);
      const cut = head.indexOf('\r\n\r\n');
      if (cut < 0 && head.length > MAX_HEAD_BYTES) fail(`was answered by a head above ${MAX_HEAD_BYTES} bytes`);
      if (cut < 0) return;
      const text = head.subarray(0, cut).toString('latin1');
      const accept = /^sec-websocket-accept: *(\S+)/im.exec(text)?.[1];
      if (!text.startsWith('HTTP/1.1 101 ')) return fail(`was refused: ${text.slice(0, text.indexOf('\r\n'))}`);
      if (accept !== acceptOf(key)) return fail('was accepted with the answer to another key');
      end();
      resolve(head.subarray(cut + 4));
    };
    const end = () => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose);
    };
    socket.on('data', onData).on('error', onError).on('close', onClose);
  });
}

/**
 * @param {import('node:tls').TLSSocket} socket
 * @param {Buffer} rest
 * @returns {OpenWebSocket}
 */
function open(socket, rest) {
  const reader = new FrameReader();
  let isOpen = true;
  /** @type {(atMs: number) => void} */
  let tellClosed = () => undefined;
  /** @type {Promise<number>} */
  const closed = new Promise((resolve) => {
    tellClosed = resolve;
  });
  /** @type {{ resolve: (payload: Buffer) => void, reject: (error: Error) => void } | undefined} */
  let waiting;
  const close = (/** @type {Error} */ error) => {
    isOpen = false;
    tellClosed(performance.now());
    waiting?.reject(error);
    waiting = undefined;
    socket.destroy();
  };
  const receive = (/** @type {Buffer} */ bytes) => {
    try {
      for (const { opcode, payload } of reader.read(bytes)) {
        if (opcode === OPCODES.ping) socket.write(encodeFrame(OPCODES.pong, payload, { isMasked: true }));
        else if (opcode === OPCODES.close) close(new Error('the peer closed the WebSocket'));
        else if (opcode !== OPCODES.pong) {
          waiting?.resolve(payload);
          waiting = undefined;
        }
      }
    } catch (error) {
      close(error instanceof Error ? error : new Error(String(error)));
    }
  };
  socket.on('error', close);
  socket.on('close', () => close(new Error('the WebSocket was closed')));
  socket.on('data', receive);
  if (rest.length > 0) receive(rest);
  return {
    isOpen: () => isOpen,
    untilClosed: (limitMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the WebSocket was open for another ${limitMs} ms`)), limitMs);
        void closed.then((atMs) => {
          clearTimeout(timer);
          resolve(atMs);
        });
      }),
    close: () => close(new Error('the WebSocket was closed here')),
    echo: async (payload) => {
      if (!isOpen) throw new Error('the WebSocket is closed');
      const begin = performance.now();
      /** @type {Promise<Buffer>} */
      const answer = new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
      const timer = setTimeout(() => close(new Error(`no echo within ${ECHO_TIMEOUT_MS} ms`)), ECHO_TIMEOUT_MS);
      socket.write(encodeFrame(OPCODES.text, payload, { isMasked: true }));
      const echoed = await answer.finally(() => clearTimeout(timer));
      const took = performance.now() - begin;
      if (!echoed.equals(payload)) throw new Error('the echo is not what was sent');
      return took;
    },
  };
}
