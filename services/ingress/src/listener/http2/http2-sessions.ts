import { createServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { Roster } from '#libs/roster';
import { Http2Connection, type Http2Host } from './http2-connection.ts';
import type { Http2UserStream } from './http2-stream.ts';

const MAX_STREAMS = 128;
const STREAM_WINDOW_BYTES = 256 * 1024;
/** How often connections and streams are looked at: a limit is noticed up to this much late. */
const CHECK_INTERVAL_MS = 1_000;

export type Http2Sessions = {
  /** Takes over a TLS connection that chose h2. */
  serve(socket: TLSSocket): void;
  /** Tells every user to open a new connection; streams under way go on. */
  close(): void;
};

/** Users who speak HTTP/2 (RFC 9113). Frames and flow control are Node's (nghttp2); what is too much or too long is decided here. */
export function createHttp2Sessions(host: Http2Host): Http2Sessions {
  const { limits } = host;
  const connections = new Set<Http2Connection>();
  const streams = new Roster<Http2UserStream>();
  let arriving: TLSSocket | undefined;
  let timer: NodeJS.Timeout | undefined;
  const check = () => {
    if (connections.size === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const now = performance.now();
    for (const stream of streams) stream.cutIfStuck(now, limits.bodyIdleTimeoutMs);
    for (const connection of connections) connection.check(now);
  };
  const intervalMs = Math.min(CHECK_INTERVAL_MS, limits.keepAliveTimeoutMs, limits.bodyIdleTimeoutMs);
  const server = createServer({
    maxHeaderListPairs: limits.maxHeaderCount + 8,
    maxSessionInvalidFrames: 100,
    maxSessionMemory: 20,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: limits.maxHeaderBytes,
      enableConnectProtocol: true,
      enablePush: false,
    },
  });
  server.on('sessionError', () => undefined);
  server.on('session', (session) => {
    const socket = arriving;
    if (socket === undefined) return;
    const connection = new Http2Connection(host, session, socket, streams);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
    timer ??= setInterval(check, intervalMs).unref();
  });
  return {
    serve: (socket) => {
      if (socket.destroyed) return;
      arriving = socket;
      server.emit('connection', socket);
      arriving = undefined;
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}
