import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PatternReader, patternPiece } from './pattern.ts';

const STREAM_PIECE_BYTES = 16 * 1024;
const STREAM_EVERY_MS = 20;
const EVENT_EVERY_MS = 50;
/** A small answer is written in two halves this far apart, so that a fault can fall between them. */
const HALVES_APART_MS = 10;

/** One for all answers: this process must not be the one that needs memory. */
const LARGE_PIECE = Buffer.alloc(64 * 1024, 0x61);

/** How an upload looked from here. */
export type SeenUpload = { readonly bytes: number; readonly isIntact: boolean; readonly end: 'whole' | 'cut' };

/**
 * An origin that counts. What it answers names the request, so that an answer that reached another request shows.
 *
 * - `/echo/<id>`: the answer of `echoOf(id)`, chunked for ids that end in an odd digit.
 * - `/download`: an endless pattern until `finish`. `/upload`: checks the pattern. `/events`: an endless event stream.
 * - `/hold/<ms>`: answers after this long. `/bytes/<n>`: so many bytes, as fast as they are taken.
 */
export type FaultOrigin = {
  readonly port: number;
  /** How often each id was seen at `/echo/`, by the time its body had ended. */
  readonly counts: ReadonlyMap<string, number>;
  readonly uploads: ReadonlyMap<string, SeenUpload>;
  /** Addresses that requests came from. */
  readonly callers: ReadonlySet<string>;
  /** Requests begun and not answered. */
  readonly openRequests: () => number;
  /** Bytes that `/bytes/` has got rid of so far. */
  readonly sentBytes: () => number;
  /** Lets every download and event stream end as it should. */
  finish(): void;
  close(): Promise<void>;
};

/** The body of `/echo/<id>`. */
export function echoOf(id: string): string {
  return `${id};`.repeat(40);
}

export async function startFaultOrigin(host = '127.0.0.1'): Promise<FaultOrigin> {
  const counts = new Map<string, number>();
  const uploads = new Map<string, SeenUpload>();
  const finishers = new Set<() => void>();
  const callers = new Set<string>();
  const sent = { bytes: 0 };
  let openRequests = 0;
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    openRequests += 1;
    callers.add(request.socket.remoteAddress ?? '');
    response.once('close', () => {
      openRequests -= 1;
    });
    answer(request, response, { counts, uploads, finishers, sent });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    uploads,
    callers,
    openRequests: () => openRequests,
    sentBytes: () => sent.bytes,
    finish: () => {
      for (const finish of finishers) finish();
      finishers.clear();
    },
    close: () => closeServer(server),
  };
}

type Books = {
  readonly counts: Map<string, number>;
  readonly uploads: Map<string, SeenUpload>;
  readonly finishers: Set<() => void>;
  readonly sent: { bytes: number };
};

function answer(request: IncomingMessage, response: ServerResponse, books: Books): void {
  const [, what = '', argument = ''] = (request.url ?? '').split('/');
  switch (what) {
    case 'echo':
      answerEcho(request, response, argument, books);
      return;
    case 'download':
      sendPattern(response, books);
      return;
    case 'upload':
      receivePattern(request, response, argument, books);
      return;
    case 'events':
      sendEvents(response, books);
      return;
    case 'hold':
      setTimeout(() => response.end('held'), Number(argument));
      return;
    case 'bytes':
      sendBytes(response, Number(argument), books);
      return;
    default:
      response.end('ok');
  }
}

function answerEcho(request: IncomingMessage, response: ServerResponse, id: string, { counts }: Books): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
  request.resume();
  const body = echoOf(id);
  const isChunked = Number(id.slice(-1)) % 2 === 1;
  if (!isChunked) response.setHeader('Content-Length', body.length);
  const half = body.length / 2;
  request.on('end', () => {
    response.write(body.slice(0, half));
    setTimeout(() => response.end(body.slice(half)), HALVES_APART_MS);
  });
}

function sendPattern(response: ServerResponse, { finishers }: Books): void {
  let offset = 0;
  const timer = setInterval(() => {
    if (response.writableNeedDrain) return;
    response.write(patternPiece(offset, STREAM_PIECE_BYTES));
    offset += STREAM_PIECE_BYTES;
  }, STREAM_EVERY_MS);
  endWith(response, timer, finishers);
}

function sendBytes(response: ServerResponse, length: number, { sent }: Books): void {
  let left = length;
  response.setHeader('Content-Length', length);
  const push = () => {
    while (left > 0) {
      const piece = LARGE_PIECE.subarray(0, Math.min(left, LARGE_PIECE.length));
      left -= piece.length;
      sent.bytes += piece.length;
      if (!response.write(piece)) return;
    }
    response.end();
  };
  response.on('drain', push);
  push();
}

function sendEvents(response: ServerResponse, { finishers }: Books): void {
  let number = 0;
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const timer = setInterval(() => {
    response.write(`data: ${number}\n\n`);
    number += 1;
  }, EVENT_EVERY_MS);
  endWith(response, timer, finishers);
}

function endWith(response: ServerResponse, timer: NodeJS.Timeout, finishers: Set<() => void>): void {
  const finish = () => {
    clearInterval(timer);
    response.end();
  };
  finishers.add(finish);
  response.once('close', () => {
    clearInterval(timer);
    finishers.delete(finish);
  });
}

function receivePattern(request: IncomingMessage, response: ServerResponse, id: string, { uploads }: Books): void {
  const reader = new PatternReader();
  const seen = (end: SeenUpload['end']) => uploads.set(id, { bytes: reader.bytes, isIntact: reader.isIntact, end });
  request.on('data', (chunk: Buffer) => reader.read(chunk));
  request.on('end', () => {
    seen('whole');
    response.end(JSON.stringify({ bytes: reader.bytes, isIntact: reader.isIntact }));
  });
  request.on('close', () => {
    if (!request.complete) seen('cut');
  });
  request.on('error', () => undefined);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
