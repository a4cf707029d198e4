import { connect, type TLSSocket } from 'node:tls';

const CONNECT_TIMEOUT_MS = 20_000;

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
