import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { DOMAIN, type IngressRig } from './ingress-rig.ts';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  readonly trailers: NodeJS.Dict<string>;
  /** From X-Request-Id. */
  readonly requestId: string | undefined;
};

export type AskOptions = {
  /** Default `wiki.<domain>`. */
  readonly host?: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
};

/** What a browser sends with a click. */
export const NAVIGATION = { 'sec-fetch-mode': 'navigate', accept: 'text/html,application/xhtml+xml' };

/** Opens a request; the caller writes the body and reads the answer. */
export function open(rig: IngressRig, path: string, options: AskOptions = {}) {
  return httpsRequest({
    host: '127.0.0.1',
    port: rig.port,
    servername: `wiki.${DOMAIN}`,
    agent: rig.agent,
    path,
    method: options.method ?? 'GET',
    headers: { host: options.host ?? `wiki.${DOMAIN}`, ...options.headers },
  });
}

export async function ask(rig: IngressRig, path: string, options: AskOptions = {}): Promise<Answer> {
  const req = open(rig, path, options);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve);
    req.once('error', reject);
  });
  req.end(options.body);
  return readAnswer(await answered);
}

export async function readAnswer(res: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const requestId = res.headers['x-request-id'];
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    rawHeaders: res.rawHeaders,
    body,
    text: body.toString('utf8'),
    trailers: res.trailers,
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}

/** One GET without a rig. */
export async function get(at: {
  readonly port: number;
  readonly ca: string;
  readonly host: string;
  readonly path: string;
}): Promise<Answer> {
  const { port, ca, host, path } = at;
  const req = httpsRequest({ host: '127.0.0.1', port, ca, servername: host, path, headers: { host }, agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve);
    req.once('error', reject);
  });
  req.end();
  return readAnswer(await answered);
}

/** A TLS socket to the ingress, for bytes no client library would send. */
export function openSocket(
  rig: IngressRig,
  more: ConnectionOptions & { allowHalfOpen?: boolean } = {},
): Promise<TLSSocket> {
  const options = { host: '127.0.0.1', port: rig.port, servername: `wiki.${DOMAIN}`, ca: rig.ca, ...more };
  return new Promise((resolve, reject) => {
    const socket = connectTls(options, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends bytes as they are and returns everything that comes back until the other side closes. */
export async function sendRaw(rig: IngressRig, bytes: string): Promise<string> {
  const socket = await openSocket(rig);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => resolve());
  });
  socket.write(Buffer.from(bytes, 'latin1'));
  await closed;
  return text;
}
