import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { respondProblem } from '../answers/respond.ts';
import { listenFailed } from '../errors.ts';
import { Exchange, IngressResponse } from '../pipeline/exchange.ts';
import { runPipeline } from '../pipeline/request-pipeline.ts';
import type { IngressServices } from '../pipeline/services.ts';
import { accessRecordOf } from '../records/access-record-of.ts';
import type { TlsSettings } from './certificate-files.ts';
import { scanRequestHead } from './request-head.ts';

/** How often Node looks for heads that take too long: a deadline is noticed up to this much late. */
const CHECK_INTERVAL_MS = 1_000;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
/** Bytes Node takes for one user before `write` answers false. */
const WRITE_BUFFER_BYTES = 128 * 1024;

export type HttpsListener = {
  readonly server: Server;
  readonly port: number;
  readonly openConnections: () => number;
  /** Accepts no new connection and closes idle ones; running requests go on. */
  close(): void;
  /** Cuts every connection. */
  destroy(): void;
};

/** Errors: ERR_INGRESS_PORT_IN_USE, ERR_INGRESS_PORT_DENIED, ERR_INGRESS_LISTEN. */
export async function startHttpsListener(options: {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings;
  readonly services: IngressServices;
}): Promise<HttpsListener> {
  const { services, host, port } = options;
  const { limits } = services;
  const server = createServer({
    ...options.tls,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    ServerResponse: IngressResponse,
    insecureHTTPParser: false,
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headerTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, limits.headerTimeoutMs),
    highWaterMark: WRITE_BUFFER_BYTES,
    noDelay: true,
  });
  // Fields are counted by the ingress, which refuses; Node would silently drop those past its own maximum.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (req: IncomingMessage, res: IngressResponse) => handle(services, req, res, false));
  server.on('checkContinue', (req: IncomingMessage, res: IngressResponse) => handle(services, req, res, true));
  server.on('connect', (_req, socket) => refuseRaw(socket, '405 Method Not Allowed', 'Allow: GET, HEAD\r\n'));
  server.on('clientError', (error, socket) => answerClientError(services, error, socket));
  server.on('tlsClientError', () => undefined);
  await listen(server, host, port);
  return {
    server,
    port: (server.address() as AddressInfo).port,
    openConnections: () => sockets.size,
    close: () => {
      server.close();
      server.closeIdleConnections();
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function handle(services: IngressServices, req: IncomingMessage, res: IngressResponse, expectsContinue: boolean): void {
  // Node's parser goes on with bytes behind a request that was refused: they are not a request.
  if (services.closingSockets.has(req.socket)) return;
  const head = scanRequestHead(
    req.rawHeaders,
    req.httpVersionMajor === 1 && req.httpVersionMinor === 0,
    services.limits.maxHeaderCount,
  );
  const client = services.readClientAddress(req.socket.remoteAddress, head.xForwardedFor);
  const requestId = services.ids.nextRequestId();
  const exchange = new Exchange(services, req, res, { head, client, requestId, expectsContinue });
  services.counters.requests += 1;
  services.currentExchanges.set(req.socket, exchange);
  if (!services.recordBudget.tryTake()) {
    services.counters.refusedForRecords += 1;
    respondProblem(exchange, 'records-full', { outcome: 'failed', retryAfterSeconds: 10 });
    return;
  }
  res.on('close', onResponseClose);
  runPipeline(exchange);
}

/** Shared by all responses: `close` comes exactly once, after the last byte or when the user is gone. */
function onResponseClose(this: IngressResponse): void {
  const { exchange } = this;
  if (!exchange) return;
  const isComplete = this.writableFinished;
  exchange.onUserGone?.userGone();
  const { counters, currentExchanges } = exchange.services;
  if (currentExchanges.get(exchange.req.socket) === exchange) currentExchanges.delete(exchange.req.socket);
  const record = accessRecordOf(exchange, isComplete);
  counters[record.outcome] += 1;
  counters.bytesIn += exchange.requestBytes;
  counters.bytesOut += exchange.responseBytes;
  exchange.tenant.recorder.record(record);
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: unknown) => reject(listenFailed(host, port, cause));
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

const STATUS_OF_ERROR: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Bytes that Node's strict parser refused. Before a head is complete nothing of it is trusted, not even its host; in the
 * middle of a body the request it belongs to is refused, or its answer cut, as long as that runs.
 */
function answerClientError(services: IngressServices, error: NodeJS.ErrnoException, socket: Duplex): void {
  const exchange = services.currentExchanges.get(socket);
  if (error.code !== 'ECONNRESET') services.counters.malformed += 1;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
  } else if (exchange === undefined) {
    if (!services.closingSockets.has(socket))
      refuseRaw(socket, STATUS_OF_ERROR[error.code ?? ''] ?? '400 Bad Request', '');
  } else if (exchange.res.headersSent) {
    if (!services.closingSockets.has(socket)) socket.destroy();
  } else {
    exchange.onUserGone?.userGone();
    exchange.mustClose = true;
    exchange.isBodyBroken = true;
    respondProblem(exchange, 'bad-request', { outcome: 'answered', reason: 'body-malformed' });
  }
}

function refuseRaw(socket: Duplex, status: string, fields: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${fields}Connection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
