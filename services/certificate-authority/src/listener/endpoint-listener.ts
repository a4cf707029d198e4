import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { SallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import { problemOf } from '../errors.ts';

/** Request bodies; a certificate request has about 1 KB. Beyond: 413. */
export const MAX_BODY_BYTES = 65_536;
/** Connections at once; further ones are dropped by the server. */
export const MAX_CONNECTIONS = 2_000;
/** Requests worked on at once. Beyond: 503 with Retry-After. */
export const MAX_CONCURRENT_REQUESTS = 256;
/** Time for the TLS handshake; then the connection is closed, so that silent ones do not keep connectors out. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How often Node looks for heads and bodies that take too long. */
const CHECK_INTERVAL_MS = 1_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
const DRAIN_LIMIT_MS = 5_000;

export type EndpointRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly socket: TLSSocket;
  readonly requestId: string;
  readonly address: string;
  /** The body as JSON. @throws ERR_CA_BODY (400), ERR_CA_BODY_TOO_LARGE (413) */
  json(): Promise<unknown>;
};

export type EndpointAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; none for 304. */
  readonly body?: unknown;
};

export type EndpointHandler = (request: EndpointRequest) => Promise<EndpointAnswer>;

export type EndpointListener = {
  readonly port: number;
  /** Takes no new connections, finishes running requests. Safe to call twice. */
  drain(): Promise<void>;
};

/**
 * HTTPS for connectors. A client certificate is asked for, and judged by the routes: TLS only says whether its chain holds.
 * Errors leave as problem+json (RFC 9457) with code, cause and remedy. @throws ERR_CA_LISTEN
 */
export async function listenForConnectors(options: {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  /** Authorities of client certificates, PEM. */
  readonly clientAuthorities: readonly string[];
  readonly handler: EndpointHandler;
  readonly logger: Logger;
  /** Default 10 s. */
  readonly handshakeTimeoutMs?: number;
}): Promise<EndpointListener> {
  const [cert, key] = await Promise.all([readFile(options.tls.certFile), readFile(options.tls.keyFile)]);
  let running = 0;
  const server = createServer(
    {
      cert,
      key,
      ca: [...options.clientAuthorities],
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    (req, res) => {
      running += 1;
      void answer(options, req, res, running > MAX_CONCURRENT_REQUESTS).finally(() => {
        running -= 1;
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', (error) => options.logger.debug('handshake failed', { error: error.message }));
  await listen(server, options.host, options.port);
  let draining: Promise<void> | undefined;
  return { port: (server.address() as AddressInfo).port, drain: () => (draining ??= close(server)) };
}

async function answer(
  options: { readonly handler: EndpointHandler; readonly logger: Logger },
  req: IncomingMessage,
  res: ServerResponse,
  isOverloaded: boolean,
): Promise<void> {
  const requestId = randomUUID();
  const send = (answered: EndpointAnswer, type: string) => {
    const text = answered.body === undefined ? '' : JSON.stringify(answered.body);
    res.writeHead(answered.status, {
      ...(text === '' ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) }),
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...answered.headers,
    });
    res.end(text);
  };
  try {
    if (isOverloaded) throw new SallyportError('ERR_CA_OVERLOADED', 'too many requests at once', { retryable: true });
    send(await options.handler(requestOf(req, requestId)), 'application/json');
  } catch (error) {
    const { retryAfterSeconds, ...problem } = problemOf(error);
    if (problem.status >= 500) options.logger.error('request failed', { requestId, error });
    const body = { type: 'about:blank', title: problem.code, ...problem, instance: requestId };
    const wait: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    const challenge: Record<string, string> = problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
    if (!res.headersSent)
      send({ status: problem.status, headers: { ...wait, ...challenge }, body }, 'application/problem+json');
    // What is left of a body nobody read must not hold the connection.
    if (!req.complete) res.once('finish', () => req.destroy());
  }
}

function requestOf(req: IncomingMessage, requestId: string): EndpointRequest {
  const { socket } = req;
  if (!(socket instanceof TLSSocket)) throw new SallyportError('ERR_CA_TLS', 'request did not arrive over TLS');
  return {
    method: req.method ?? '',
    path: (req.url ?? '/').split('?', 1)[0] ?? '/',
    headers: req.headers,
    socket,
    requestId,
    address: socket.remoteAddress ?? '',
    json: () => readJson(req),
  };
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw bodyError(413, 'ERR_CA_BODY_TOO_LARGE', `body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw bodyError(400, 'ERR_CA_BODY', 'body is not JSON', cause);
  }
}

function bodyError(status: number, code: string, message: string, cause?: unknown): SallyportError {
  return new SallyportError(code, message, {
    cause,
    expose: true,
    details: { status, remedy: 'send a JSON object as the reference describes it' },
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new SallyportError(
          'ERR_CA_LISTEN',
          `connector endpoint cannot listen on ${host}:${port}; free the port or name another`,
          {
            cause,
            expose: true,
            details: { host, port },
          },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS);
    server.close(() => {
      clearTimeout(limit);
      resolve();
    });
    server.closeIdleConnections();
  });
}
