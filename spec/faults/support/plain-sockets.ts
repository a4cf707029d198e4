import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:tls';
import { FrameTracker } from '#libs/websocket-frames';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const CLOSE = 0x88;
const PING = Buffer.from([0x89, 0]);

/** A close frame as it was read: `1001`, or `1011 SP-1304`. */
export type SeenClose = string;

export type SocketOrigin = {
  readonly port: number;
  /** Close frames of users, or of whoever speaks for them. */
  readonly closes: readonly SeenClose[];
  readonly open: () => number;
  /** Sends a ping on each open WebSocket. */
  ping(): void;
  close(): Promise<void>;
};

/** An origin whose WebSockets say nothing by themselves, and answer a close frame as they must. */
export async function startSocketOrigin(): Promise<SocketOrigin> {
  const sockets = new Set<Socket>();
  const closes: SeenClose[] = [];
  const server = createServer((_request, response) => response.end('plain'));
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
    readFrames(socket, (frame) => {
      if (frame[0] !== CLOSE) return;
      closes.push(closeOf(frame));
      socket.end(Buffer.of(CLOSE, 0));
    });
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    closes,
    open: () => sockets.size,
    ping: () => {
      for (const socket of sockets) socket.write(PING);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

export type SocketUser = {
  /** Undefined until it closed; `cut` when it ended without a close frame. */
  closed: SeenClose | undefined;
  pings: number;
  destroy(): void;
};

/** A user of a WebSocket, over HTTP/1.1. Resolves once it is open. */
export async function openPlainSocket(url: string, ca: string): Promise<SocketUser> {
  const { hostname, host, port } = new URL(url);
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername: hostname, ca });
  const user: SocketUser = { closed: undefined, pings: 0, destroy: () => void socket.destroy() };
  socket.on('error', () => undefined);
  socket.on('close', () => {
    user.closed ??= 'cut';
  });
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const status = await new Promise<string>((resolve, reject) => {
    let head = '';
    socket.once('close', () => reject(new Error(`no WebSocket: ${head.slice(0, 100)}`)));
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      resolve(head.slice(9, 12));
    };
    socket.on('data', onData);
  });
  if (status !== '101') throw new Error(`no WebSocket: ${status}`);
  readFrames(socket, (frame) => {
    if (frame[0] === CLOSE) user.closed = closeOf(frame);
    else user.pings += 1;
  });
  return user;
}

function readFrames(
  socket: { on(event: 'data', listener: (chunk: Buffer) => void): unknown },
  take: (frame: Buffer) => void,
) {
  const tracker = new FrameTracker();
  let begun = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      const taken = tracker.take(chunk.subarray(at), true);
      begun = Buffer.concat([begun, chunk.subarray(at, at + taken)]);
      at += taken;
      if (!tracker.isBetweenFrames) continue;
      take(begun);
      begun = Buffer.alloc(0);
    }
  });
}

function closeOf(frame: Buffer): SeenClose {
  const isMasked = ((frame[1] ?? 0) & 0x80) !== 0;
  const payload = isMasked ? frame.subarray(6).map((byte, i) => byte ^ (frame[2 + (i % 4)] ?? 0)) : frame.subarray(2);
  if (payload.length < 2) return '';
  const reason = Buffer.from(payload.subarray(2)).toString('latin1');
  return `${Buffer.from(payload).readUInt16BE(0)} ${reason}`.trim();
}
