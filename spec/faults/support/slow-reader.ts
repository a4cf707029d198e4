import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';

const CONNECT_TIMEOUT_MS = 20_000;
const STREAM_WINDOW_BYTES = 1024;

/** A user who asks for a large answer and then takes a few bytes a second of it, over a socket with a small window. */
export type SlowReader = {
  readonly status: () => string;
  readonly bytes: () => number;
  readonly isClosed: () => boolean;
  close(): void;
};

export type SlowReaderOptions = {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly ca: string;
  /** Bytes taken at once, each `everyMs`. */
  readonly bytes: number;
  readonly everyMs: number;
};

/** Resolves when the request is sent. */
export function startSlowReader(options: SlowReaderOptions): Promise<SlowReader> {
  return new Promise((resolve, reject) => {
    let [bytes, isClosed, head] = [0, false, ''];
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: options.port,
      servername: options.host,
      ca: options.ca,
    });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => reject(new Error('no connection in time')));
    socket.once('error', reject);
    let timer: NodeJS.Timeout | undefined;
    const take = () => {
      const piece = (socket.read(options.bytes) ?? socket.read()) as Buffer | null;
      if (piece === null) return;
      if (bytes === 0) head = piece.toString('latin1');
      bytes += piece.length;
    };
    socket.once('close', () => {
      isClosed = true;
      clearInterval(timer);
    });
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.write(`GET ${options.path} HTTP/1.1\r\nHost: ${options.host}:${options.port}\r\n\r\n`);
      // Never in flowing mode: what is not taken stays in the kernel and, behind it, at the ingress.
      socket.on('readable', () => {
        if (timer !== undefined) return;
        timer = setInterval(take, options.everyMs);
        take();
      });
      resolve({
        status: () => head.slice(0, head.indexOf('\r\n')),
        bytes: () => bytes,
        isClosed: () => isClosed,
        close: () => socket.destroy(),
      });
    });
  });
}

export type SlowStreamsOptions = SlowReaderOptions & {
  /** Readers that share the connection. */
  readonly streams: number;
};

/**
 * Many slow readers over one connection of HTTP/2. Each lets the other side send no more than STREAM_WINDOW_BYTES ahead, so that
 * what is not read waits in processes instead of the buffers of sockets. Resolves when all have asked.
 */
export async function startSlowStreams(options: SlowStreamsOptions): Promise<readonly SlowReader[]> {
  const { host, port, ca, streams } = options;
  const session = connectHttp2(`https://${host}:${port}`, {
    ca,
    servername: host,
    lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    settings: { initialWindowSize: STREAM_WINDOW_BYTES },
  });
  await once(session, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  return Array.from({ length: streams }, () => slowStream(session, options));
}

function slowStream(session: ClientHttp2Session, { path, bytes: atOnce, everyMs }: SlowReaderOptions): SlowReader {
  let [bytes, isClosed, status] = [0, false, ''];
  const stream = session.request({ ':path': path });
  const take = () => {
    const piece = (stream.read(atOnce) ?? stream.read()) as Buffer | null;
    bytes += piece?.length ?? 0;
  };
  let timer: NodeJS.Timeout | undefined;
  stream.once('response', (head) => {
    status = `HTTP/2 ${head[':status']}`;
  });
  stream.on('readable', () => {
    if (timer !== undefined) return;
    timer = setInterval(take, everyMs);
    take();
  });
  // Its end shows in `isClosed`.
  stream.on('error', () => undefined);
  stream.once('close', () => {
    isClosed = true;
    clearInterval(timer);
  });
  return { status: () => status, bytes: () => bytes, isClosed: () => isClosed, close: () => session.destroy() };
}
