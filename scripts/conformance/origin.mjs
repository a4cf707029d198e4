// The app behind the tunnel, run as a process of its own: node origin.mjs [folder of the ws package]. It says
// {"event":"ready","port":N} once it listens on 127.0.0.1.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { patternBlocks } from './pattern.mjs';

/** Echoed with its length when it is no longer than this, in chunks beyond it. */
const MAX_GATHERED_BYTES = 1024 * 1024;
const EVENTS_PER_TIMER = 1;

/**
 * No breach of the protocol: a connection that the connector drops, in the middle of a body too, and a method that
 * Node.js does not know.
 */
const HARMLESS = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE', 'HPE_INVALID_METHOD']);

const counts = { requests: 0, malformed: 0 };

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/** @type {Readonly<Record<string, (request: Request, response: Response, query: URLSearchParams) => void>>} */
const ROUTES = {
  '/echo': (request, response) => {
    const lines = [];
    for (let i = 0; i + 1 < request.rawHeaders.length; i += 2)
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    sendText(response, `${lines.join('\n')}\n`);
  },
  '/cookie': (request, response) =>
    sendText(response, (request.headers.cookie ?? '').split(/; */).filter(Boolean).join('\n')),
  '/small': (_request, response) => sendText(response, 'small'),
  '/count': (_request, response) => {
    // Whoever asks wants to know about the others.
    counts.requests -= 1;
    sendText(response, JSON.stringify(counts));
  },
  '/big': (_request, response, query) => {
    const size = Number(query.get('n') ?? 0);
    const headers = { 'content-type': 'application/octet-stream' };
    response.writeHead(200, query.has('chunked') ? headers : { ...headers, 'content-length': size });
    pipeline(Readable.from(patternBlocks(size)), response, () => undefined);
  },
  '/hash': (request, response) => {
    const hash = createHash('sha256');
    let bytes = 0;
    request.on('data', (chunk) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    request.on('end', () => sendText(response, JSON.stringify({ bytes, sha256: hash.digest('hex') })));
  },
  '/sse': (_request, response, query) =>
    sendEvents(response, Number(query.get('n') ?? 10), Number(query.get('ms') ?? 1)),
};

/**
 * Events that say when they were written, in nanoseconds of the clock that all processes of a machine share.
 * @param {Response} response
 * @param {number} count
 * @param {number} everyMs
 */
function sendEvents(response, count, everyMs) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let sent = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < EVENTS_PER_TIMER && sent < count; i += 1) {
      response.write(`id: ${sent}\ndata: ${process.hrtime.bigint()}\n\n`);
      sent += 1;
    }
    if (sent < count) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.on('close', () => clearInterval(timer));
}

/**
 * @param {Response} response
 * @param {string} text
 */
function sendText(response, text) {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/**
 * The request body for any method.
 * @param {Request} request
 * @param {Response} response
 */
function echoBody(request, response) {
  const length = request.headers['content-length'];
  const type = request.headers['content-type'] ?? 'application/octet-stream';
  if (length !== undefined && Number(length) > MAX_GATHERED_BYTES) {
    response.writeHead(200, { 'content-type': type, 'content-length': length });
    pipeline(request, response, () => undefined);
    return;
  }
  /** @type {Buffer[]} */
  let gathered = [];
  let bytes = 0;
  let isStreaming = false;
  request.on('data', (/** @type {Buffer} */ chunk) => {
    bytes += chunk.length;
    gathered.push(chunk);
    if (bytes <= MAX_GATHERED_BYTES) return;
    if (!isStreaming) response.writeHead(200, { 'content-type': type });
    isStreaming = true;
    for (const piece of gathered) {
      if (response.write(piece)) continue;
      request.pause();
      response.once('drain', () => request.resume());
    }
    gathered = [];
  });
  request.on('end', () => {
    const body = Buffer.concat(gathered);
    if (!isStreaming) response.writeHead(200, { 'content-type': type, 'content-length': body.length });
    response.end(isStreaming ? undefined : body);
  });
}

const server = createServer((request, response) => {
  counts.requests += 1;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://origin');
  request.on('error', () => response.destroy());
  (ROUTES[pathname] ?? echoBody)(request, response, searchParams);
});
server.requestTimeout = 0;
server.on('clientError', (error, socket) => {
  const code = 'code' in error ? String(error.code) : '';
  if (!HARMLESS.has(code)) counts.malformed += 1;
  if (code === 'HPE_INVALID_METHOD') socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\n\r\n');
  else socket.destroy();
});

/**
 * Echoes messages; `close CODE REASON` closes, `ping TEXT` pings, as asked for. No limits: they are the judge's to set.
 * @param {string} folder of the ws package
 */
function serveWebSockets(folder) {
  const { WebSocketServer } = createRequire(join(folder, 'package.json'))(folder);
  const options = { server, maxPayload: 0, maxFragments: 0, perMessageDeflate: false };
  new WebSocketServer(options).on('connection', (/** @type {import('./web-socket.mjs').WebSocket} */ socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) => {
      const [verb, first, ...rest] = isBinary || data.length > 200 ? [] : data.toString().split(' ');
      if (verb === 'close') socket.close(Number(first), rest.join(' '));
      else if (verb === 'ping') socket.ping([first, ...rest].join(' '));
      else if (verb === 'cut') socket.terminate();
      else socket.send(data, { binary: isBinary });
    });
  });
}

const [wsFolder] = process.argv.slice(2);
if (wsFolder !== undefined) serveWebSockets(wsFolder);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ event: 'ready', port })}\n`);
});
// The runner holds the other end: when it is gone, so is this.
process.stdin.on('end', () => process.exit(0)).resume();
