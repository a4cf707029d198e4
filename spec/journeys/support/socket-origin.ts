import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** RFC 6455, 1.3. */
const WEBSOCKET_MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** An origin whose WebSockets open and then say nothing, and never end by themselves. */
export function createSocketOrigin(onRequest: RequestListener): Server {
  const origin = createServer(onRequest);
  origin.on('upgrade', ({ headers }, socket: Duplex) => {
    const key = `${headers['sec-websocket-key'] ?? ''}${WEBSOCKET_MAGIC}`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  return origin;
}
