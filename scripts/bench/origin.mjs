// The private service that every target leads to: a plain node:http server in a process of its own, and the same
// handler behind TLS for the direct target. Started with {cert, key} files as arguments; says its ports as one JSON line.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { sendEvents } from './origin-events.mjs';
import { echoWebSocket } from './websocket/echo.mjs';

/** Longer than any front keeps an idle connection, so that no front finds its connection closed. */
const KEEP_ALIVE_MS = 120_000;
const CHUNK = randomBytes(64 * 1024);
const ONE_KIB = Buffer.from(randomBytes(512).toString('hex'));
const MAX_DOWNLOAD_BYTES = 100_000_000_000;

/** Requests for /1k answered so far: what a load tool claims can be compared with what arrived. */
let smallAnswers = 0;

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function answer(request, response) {
  const url = request.url ?? '/';
  if (url === '/1k') {
    smallAnswers += 1;
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': ONE_KIB.length });
    response.end(ONE_KIB);
  } else if (request.method === 'POST' || request.method === 'PUT') {
    receive(request, response);
  } else if (url.startsWith('/big?bytes=')) {
    send(response, Number(url.slice('/big?bytes='.length))).catch(() => response.destroy());
  } else if (url === '/events') {
    sendEvents(response);
  } else if (url === '/count') {
    response.end(JSON.stringify({ smallAnswers }));
  } else {
    response.writeHead(404).end();
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} bytes
 */
async function send(response, bytes) {
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > MAX_DOWNLOAD_BYTES) {
    response.writeHead(400).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  for (let left = bytes; left > 0 && !response.destroyed; left -= CHUNK.length) {
    const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
    if (response.write(chunk)) continue;
    // A user who has gone away emits close and never drain.
    const gone = new AbortController();
    const { signal } = gone;
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
      gone.abort(),
    );
  }
  response.end();
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function receive(request, response) {
  let received = 0;
  request.on('data', (/** @type {Buffer} */ chunk) => {
    received += chunk.length;
  });
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ received }));
  });
}

const [certFile = '', keyFile = ''] = process.argv.slice(2);
/** @type {import('node:tls').TlsOptions} */
const tls = {
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
  minVersion: 'TLSv1.3',
  // The one cipher every front of the bench uses.
  ciphers: 'TLS_AES_128_GCM_SHA256',
};
const servers = [createServer(answer), createTlsServer(tls, answer)];
const ports = await Promise.all(
  servers.map(async (server) => {
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    // Uploads take as long as they take; the load tool has its own deadline.
    server.requestTimeout = 0;
    server.on('upgrade', echoWebSocket);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
    await once(server, 'listening');
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }),
);
process.stdout.write(`${JSON.stringify({ event: 'ready', httpPort: ports[0], httpsPort: ports[1] })}\n`);
// The bench holds the other end of stdin: when it is gone, in whatever way, so is this process.
process.stdin.on('end', () => process.exit(0)).resume();
