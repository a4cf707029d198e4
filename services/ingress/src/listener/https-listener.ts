import type { AddressInfo, Server } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { bareProblem } from '../answers/bare-problem.ts';
import { respondProblem } from '../answers/respond.ts';
import { answerChallenges, type PendingChallenges } from '../certificates/acme/challenge-gate.ts';
import { listenFailed } from '../errors.ts';
import { Exchange } from '../pipeline/exchange.ts';
import { HeadFacts } from '../pipeline/head-facts.ts';
import { runPipeline } from '../pipeline/request-pipeline.ts';
import type { IngressServices } from '../pipeline/services.ts';
import type { TlsSettings } from './certificate-files.ts';
import { HttpDate } from './http1/http-date.ts';
import { Http1Connection, type Http1Host } from './http1/http1-connection.ts';
import { createHttp2Sessions } from './http2/http2-sessions.ts';
import { RefusalLog } from './refusal-log.ts';
import type { RequestHeadFields } from './request-head.ts';
import type { UserStream } from './user-stream.ts';

/** How often deadlines are looked at: one is noticed up to this much late. */
const CHECK_INTERVAL_MS = 1_000;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

export type HttpsListener = {
  readonly port: number;
  readonly openConnections: () => number;
  /** For new connections; running ones keep what they have. */
  setSecureContext(settings: TlsSettings): void;
  /** Closes connections that wait for their next request. */
  closeIdle(): void;
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
  /** Certificates that answer pending ACME challenges. */
  readonly challenges?: PendingChallenges;
}): Promise<HttpsListener> {
  const { services, host, port } = options;
  const connections = new Set<Http1Connection>();
  const refusals = new RefusalLog(services.logger);
  const http1 = http1Host(services, connections, refusals);
  const server = createServer({
    ...options.tls,
    // HTTP/1.0 has a name too (RFC 7301): whoever offers that alone is no stranger.
    ALPNProtocols: ['h2', 'http/1.1', 'http/1.0'],
    handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
  if (options.challenges) answerChallenges(server, options.challenges);
  server.maxConnections = services.limits.maxConnections;
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const http2 = createHttp2Sessions({
    limits: services.limits,
    onStream: (stream, head, socket) => handle(services, stream, head, socket),
    onMalformed: () => {
      services.counters.malformed += 1;
    },
  });
  server.on('secureConnection', (socket) => {
    if (socket.alpnProtocol === 'h2') http2.serve(socket);
    else connections.add(new Http1Connection(http1, socket));
  });
  server.on('tlsClientError', () => undefined);
  server.on('error', (error) => services.logger.error('listener failed', { error }));
  const timer = setInterval(
    () => {
      const now = performance.now();
      checkDeadlines(connections, now);
      refusals.check(now);
    },
    Math.min(CHECK_INTERVAL_MS, services.limits.headerTimeoutMs, services.limits.keepAliveTimeoutMs),
  );
  timer.unref();
  await listen(server, host, port);
  const closeIdle = () => {
    for (const connection of connections) if (connection.isIdle) connection.endSoon(true);
  };
  return {
    port: (server.address() as AddressInfo).port,
    openConnections: () => sockets.size,
    setSecureContext: (settings) => server.setSecureContext(settings),
    closeIdle,
    close: () => {
      server.close();
      closeIdle();
      http2.close();
    },
    destroy: () => {
      clearInterval(timer);
      refusals.end();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function http1Host(services: IngressServices, connections: Set<Http1Connection>, refusals: RefusalLog): Http1Host {
  return {
    limits: services.limits,
    date: new HttpDate(),
    onTurn: (turn, head, socket) => handle(services, turn, head, socket),
    onMalformed: (reason, socket) => {
      services.counters.malformed += 1;
      const requestId = services.ids.nextRequestId();
      if (refusals.tryTakeLine(performance.now())) {
        const { address } = services.readClientAddress(socket.remoteAddress, '');
        refusals.write({ reason, requestId, address });
      }
      return bareProblem(reason, requestId);
    },
    onClosed: (connection) => void connections.delete(connection),
  };
}

function checkDeadlines(connections: ReadonlySet<Http1Connection>, now: number): void {
  for (const connection of connections)
    if (connection.deadlineAtMs !== 0 && connection.deadlineAtMs <= now) connection.onDeadline();
}

function handle(services: IngressServices, stream: UserStream, head: RequestHeadFields, socket: TLSSocket): void {
  head.facts ??= new HeadFacts(head, services.readClientAddress(socket.remoteAddress, head.xForwardedFor));
  const requestId = services.ids.nextRequestId();
  const exchange = new Exchange(services, stream, { head, facts: head.facts, requestId });
  services.counters.requests += 1;
  if (!services.recordBudget.tryTake()) {
    services.counters.refusedForRecords += 1;
    stream.events = undefined;
    respondProblem(exchange, 'records-full', { outcome: 'failed', retryAfterSeconds: 10 });
    return;
  }
  runPipeline(exchange);
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
