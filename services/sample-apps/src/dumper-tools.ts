import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { sendJson } from './answer.ts';

/** Bounds of what a visitor may ask for. */
export const MAX_SLOW_MS = 3_600_000;
export const MAX_EVENTS = 100_000;
export const MIN_EVENT_INTERVAL_MS = 1;
export const MAX_BIG_BYTES = 20 * 1024 ** 3;
const BLOCK_BYTES = 64 * 1024;

/** Body back as it came, streamed. */
export function sendEcho(req: IncomingMessage, res: ServerResponse): void {
  const length = req.headers['content-length'];
  res.writeHead(200, {
    'content-type': req.headers['content-type'] ?? 'application/octet-stream',
    ...(length === undefined ? {} : { 'content-length': length }),
  });
  req.pipe(res);
}

/** Answers after `?ms=`, default 1000. */
export function sendLate(req: IncomingMessage, res: ServerResponse, query: URLSearchParams): void {
  req.resume();
  const ms = bounded(query.get('ms'), 1000, 0, MAX_SLOW_MS);
  const timer = setTimeout(() => sendJson(res, 200, { waitedMs: ms }), ms);
  res.once('close', () => clearTimeout(timer));
}

/** `?count=` server-sent events, one each `?interval=` ms; every one carries the instant it was written. */
export function sendEvents(req: IncomingMessage, res: ServerResponse, query: URLSearchParams): void {
  req.resume();
  const count = bounded(query.get('count'), 10, 1, MAX_EVENTS);
  const intervalMs = bounded(query.get('interval'), 1000, MIN_EVENT_INTERVAL_MS, 60_000);
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  let sent = 0;
  const send = () => {
    sent += 1;
    res.write(`id: ${sent}\ndata: ${JSON.stringify({ number: sent, writtenAt: new Date().toISOString() })}\n\n`);
    if (sent < count) return;
    clearInterval(timer);
    res.end();
  };
  const timer = setInterval(send, intervalMs);
  send();
  res.once('close', () => clearInterval(timer));
}

/** `?bytes=` of repeating data, streamed; a single byte range is honored. */
export function sendBig(req: IncomingMessage, res: ServerResponse, query: URLSearchParams): void {
  req.resume();
  const total = bounded(query.get('bytes'), 1_048_576, 0, MAX_BIG_BYTES);
  const range = readRange(req.headers.range, total);
  const common = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' };
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'content-range': `bytes */${total}` });
    return void res.end();
  }
  const { first, last } = range ?? { first: 0, last: total - 1 };
  res.writeHead(range ? 206 : 200, {
    ...common,
    'content-length': String(last - first + 1),
    ...(range ? { 'content-range': `bytes ${first}-${last}/${total}` } : {}),
  });
  if (req.method === 'HEAD') return void res.end();
  Readable.from(blocks(first, last + 1), { objectMode: false, highWaterMark: BLOCK_BYTES }).pipe(res);
}

/** Counts and hashes what arrives; keeps nothing. */
export function takeUpload(req: IncomingMessage, res: ServerResponse): void {
  const hash = createHash('sha256');
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  req.on('end', () => sendJson(res, 200, { bytes, sha256: hash.digest('hex') }));
}

/** Byte n of the data is n modulo 251: every range can be checked, no block equals its neighbor. */
const PATTERN = Buffer.from(Array.from({ length: BLOCK_BYTES + 251 }, (_, index) => index % 251));

function* blocks(from: number, to: number): Generator<Buffer> {
  for (let at = from; at < to; ) {
    const size = Math.min(BLOCK_BYTES, to - at);
    const offset = at % 251;
    yield PATTERN.subarray(offset, offset + size);
    at += size;
  }
}

function readRange(
  text: string | undefined,
  total: number,
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [start, end] = [match[1] ?? '', match[2] ?? ''];
  const first = start === '' ? Math.max(total - Number(end), 0) : Number(start);
  const last = start === '' || end === '' ? total - 1 : Math.min(Number(end), total - 1);
  return first > last ? 'unsatisfiable' : { first, last };
}

function bounded(text: string | null, fallback: number, least: number, most: number): number {
  const value = text === null || text === '' ? fallback : Number(text);
  return Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), least), most) : fallback;
}
