import { once } from 'node:events';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';

const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A stream or WebSocket that runs until somebody cuts it. */
export type RunningStream = { readonly what: string; closedAtMs(): number | undefined; stop(): void };

export type StreamPlace = {
  /** Address of the app. */
  readonly url: string;
  readonly ca: string;
  /** What lets it in, such as `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of one ingress of several. Default: that of the address. */
  readonly port?: number;
};

/** Status of one GET at one ingress; redirects are not followed. */
export async function statusAt(place: StreamPlace): Promise<number> {
  const { url, ca, headers, port } = place;
  const { host, hostname, port: publicPort, pathname } = new URL(url);
  const asked = request({
    host: '127.0.0.1',
    port: port ?? publicPort,
    servername: hostname,
    path: pathname,
    ca,
    agent: false,
    headers: { host, ...headers },
  });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  answer.resume();
  return answer.statusCode;
}

/** Opens it and waits for its first byte; any other answer than a running one is an error. */
export async function openStream(kind: 'sse' | 'websocket', place: StreamPlace): Promise<RunningStream> {
  const { url, ca, headers } = place;
  const { host, hostname, port: publicPort, pathname } = new URL(url);
  const port = place.port ?? Number(publicPort);
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': WEBSOCKET_KEY,
  };
  const asked = request({
    host: '127.0.0.1',
    port,
    servername: hostname,
    path: pathname,
    ca,
    agent: false,
    headers: { host, ...headers, ...(kind === 'websocket' ? upgrade : { accept: 'text/event-stream' }) },
  });
  let closedAtMs: number | undefined;
  const watch = (end: NodeJS.EventEmitter) => {
    end.on('error', () => undefined);
    end.once('close', () => {
      closedAtMs = Date.now();
    });
  };
  const refused = (status: number | undefined) => new Error(`${kind} at port ${port} was answered with ${status}`);
  asked.end();
  const stream = { what: `${kind} at port ${port}`, closedAtMs: () => closedAtMs, stop: () => asked.destroy() };
  if (kind === 'websocket') {
    const socket = await new Promise<Duplex>((resolve, reject) => {
      asked.once('error', reject);
      asked.once('response', ({ statusCode }) => reject(refused(statusCode)));
      asked.once('upgrade', (_answer, duplex: Duplex) => resolve(duplex));
    });
    watch(socket);
    socket.resume();
    return stream;
  }
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  if (answer.statusCode !== 200) throw refused(answer.statusCode);
  watch(answer);
  await once(answer, 'data');
  answer.resume();
  return stream;
}
