import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { RequestHeadFields } from '../request-head.ts';
import type { UserStream } from '../user-stream.ts';
import { readHttp2Head } from './http2-head.ts';
import { Http2UserStream } from './http2-stream.ts';

const MAX_STREAMS = 128;
const STREAM_WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 1024 * 1024;
/** Streams a user may reset, and pings it may send, within FLOOD_PERIOD_MS; past it the connection is closed (CVE-2023-44487). */
const MAX_RESETS = 200;
const MAX_PINGS = 200;
const FLOOD_PERIOD_MS = 10_000;

export type Http2Limits = {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly keepAliveTimeoutMs: number;
};

export type Http2Host = {
  readonly limits: Http2Limits;
  onStream(stream: UserStream, head: RequestHeadFields, socket: TLSSocket): void;
  onMalformed(reason: string): void;
};

export type Http2Sessions = {
  /** Takes over a TLS connection that chose h2. */
  serve(socket: TLSSocket): void;
  /** Tells every user to open a new connection; streams under way go on. */
  close(): void;
};

type Floods = { resets: number; pings: number; sinceMs: number };

/** Users who speak HTTP/2 (RFC 9113). Frames and flow control are Node's (nghttp2); what a flood is, is decided here. */
export function createHttp2Sessions(host: Http2Host): Http2Sessions {
  const { limits } = host;
  const sessions = new Set<ServerHttp2Session>();
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
    sessions.add(session);
    const floods: Floods = { resets: 0, pings: 0, sinceMs: performance.now() };
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    // No new streams after a silence; those that wait (a WebSocket, a slow origin) go on by their own limits.
    session.setTimeout(limits.keepAliveTimeoutMs, () => session.close());
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
    session.on('ping', () => count(host, session, floods, 'pings', MAX_PINGS));
    session.on('stream', (stream: ServerHttp2Stream, _headers: object, flags: number, raw: readonly string[]) => {
      stream.on('error', () => undefined);
      stream.on('close', () => {
        if (isUsersReset(stream)) count(host, session, floods, 'resets', MAX_RESETS);
      });
      begin(host, session, stream, flags, raw);
    });
  });
  return {
    serve: (socket) => void server.emit('connection', socket),
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}

function begin(
  host: Http2Host,
  session: ServerHttp2Session,
  stream: ServerHttp2Stream,
  flags: number,
  raw: readonly string[],
): void {
  const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
  const head = readHttp2Head(raw, hasBody, host.limits.maxHeaderCount);
  if (head === undefined) {
    host.onMalformed('http2-head');
    stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  const socket = session.socket;
  host.onStream(new Http2UserStream(stream, head, () => session.close()), head.head, socket as TLSSocket);
}

function count(
  host: Http2Host,
  session: ServerHttp2Session,
  floods: Floods,
  what: 'resets' | 'pings',
  limit: number,
): void {
  const now = performance.now();
  if (now - floods.sinceMs > FLOOD_PERIOD_MS) {
    floods.resets = 0;
    floods.pings = 0;
    floods.sinceMs = now;
  }
  floods[what] += 1;
  if (floods[what] <= limit || session.destroyed) return;
  host.onMalformed(`http2-${what}`);
  session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

/** Also a reset the user provoked (CVE-2025-8671); not our own for an answer that broke off. */
function isUsersReset({ rstCode }: ServerHttp2Stream): boolean {
  return rstCode !== constants.NGHTTP2_NO_ERROR && rstCode !== constants.NGHTTP2_INTERNAL_ERROR;
}
