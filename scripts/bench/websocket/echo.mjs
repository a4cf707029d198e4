import { acceptOf, encodeFrame, FrameReader, OPCODES } from './frames.mjs';

/**
 * Origin's end: answers each message with itself, a ping with a pong, a close with a close.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} early bytes that came with the request
 */
export function echoWebSocket(request, socket, early) {
  const key = request.headers['sec-websocket-key'];
  socket.on('error', () => socket.destroy());
  if (request.url !== '/echo' || typeof key !== 'string' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
  );
  const reader = new FrameReader();
  const receive = (/** @type {Buffer} */ bytes) => {
    try {
      for (const { opcode, payload } of reader.read(bytes)) {
        socket.write(encodeFrame(opcode === OPCODES.ping ? OPCODES.pong : opcode, payload, { isMasked: false }));
        if (opcode === OPCODES.close) socket.end();
      }
    } catch {
      socket.destroy();
    }
  };
  if (early.length > 0) receive(early);
  socket.on('data', receive);
  socket.on('end', () => socket.end());
}
