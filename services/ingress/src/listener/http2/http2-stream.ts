import { createHash, randomBytes } from 'node:crypto';
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type FieldList, fieldLines } from '#libs/http1';
import type { BodyReader, UserStream, UserStreamEvents } from '../user-stream.ts';
import type { Http2Head } from './http2-head.ts';

const NO_FIELDS: FieldList = [];
const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);
/** Fields of one connection: HTTP/2 has none of them (RFC 9113, 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** One request of an HTTP/2 connection and its answer (RFC 9113), also a WebSocket (RFC 8441). */
export class Http2UserStream implements UserStream {
  readonly method: string;
  readonly target: string;
  readonly version = '2';
  readonly fields: FieldList;
  readonly isBroken = false;
  events: UserStreamEvents | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  statusCode = 0;
  trailers: FieldList = NO_FIELDS;
  isComplete: boolean;
  readonly #stream: ServerHttp2Stream;
  readonly #wantsTrailers: boolean;
  /** Of the handshake an HTTP/1.1 origin needs and HTTP/2 does without. */
  readonly #webSocketKey: string | undefined;
  readonly #endConnection: () => void;
  #reader: BodyReader | undefined;
  #head: OutgoingHttpHeaders | undefined;
  #answerTrailers: FieldList = NO_FIELDS;
  #isBodyless = false;
  #isEnded = false;
  #isClosed = false;
  #isListening = false;

  constructor(stream: ServerHttp2Stream, head: Http2Head, endConnection: () => void) {
    this.#stream = stream;
    this.#endConnection = endConnection;
    this.method = head.method;
    this.target = head.target;
    this.#wantsTrailers = head.head.wantsTrailers;
    this.#webSocketKey = head.isExtendedConnect ? randomBytes(16).toString('base64') : undefined;
    this.fields = this.#webSocketKey ? [...head.fields, 'Sec-WebSocket-Key', this.#webSocketKey] : head.fields;
    // The bytes of a WebSocket are no body: they begin with the answer.
    this.isComplete = head.isExtendedConnect || !head.head.hasBody;
    stream.on('drain', () => this.onDrain?.());
    stream.on('error', () => undefined);
    stream.on('close', () => this.#closed(this.#isEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR));
    stream.on('aborted', () => this.#closed(false));
  }

  get headersSent(): boolean {
    return this.#head !== undefined || this.#stream.headersSent;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#isClosed;
  }

  // ---- request

  readBody(reader: BodyReader | undefined): void {
    this.#reader = reader;
    if (reader === undefined) this.#stream.pause();
    else this.#listen();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#stream.destroyed) this.#stream.resume();
  }

  discardBody(): void {
    this.#reader = undefined;
    this.#listen();
  }

  // ---- answer

  writeInformational(status: number, fields: FieldList): void {
    if (this.destroyed || this.headersSent) return;
    this.#stream.additionalHeaders({ ':status': status, ...headersOf(fields) });
  }

  writeHead(status: number, fields: FieldList): void {
    if (this.headersSent) throw new Error('the head of this answer was written before');
    fieldLines(fields);
    this.statusCode = status;
    this.#head = { ':status': status, ...headersOf(fields) };
    this.#isBodyless = this.method === 'HEAD' || NO_BODY_STATUS.has(status);
  }

  upgrade(fields: FieldList): void {
    this.statusCode = 200;
    this.isComplete = false;
    if (!isAccepted(fields, this.#webSocketKey ?? '')) {
      this.destroy();
      return;
    }
    const { 'sec-websocket-accept': _accepted, ...headers } = headersOf(fields);
    this.#stream.respond({ ':status': 200, ...headers });
    if (this.#reader) this.#listen();
  }

  flushHeaders(): void {
    this.#sendHead(false);
  }

  write(chunk: Uint8Array): boolean {
    if (this.destroyed || this.#isEnded || this.#isBodyless) return true;
    this.#sendHead(false);
    return this.#stream.write(chunk);
  }

  end(chunk?: Uint8Array, trailers?: FieldList): void {
    if (this.destroyed || this.#isEnded) return;
    this.#isEnded = true;
    this.#answerTrailers = trailers ?? NO_FIELDS;
    const hasBody = chunk !== undefined && chunk.length > 0 && !this.#isBodyless;
    const isHeadAlone = !hasBody && this.#answerTrailers.length === 0 && !this.#stream.headersSent;
    this.#sendHead(isHeadAlone);
    if (!isHeadAlone) this.#stream.end(hasBody ? chunk : undefined);
    // What is left of the request is not wanted: the user learns it without an error (RFC 9113, 8.1).
    if (!this.isComplete && this.#reader === undefined) this.#stream.once('finish', () => this.#stream.close());
  }

  destroy(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  endConnection(): void {
    this.#endConnection();
  }

  #sendHead(endStream: boolean): void {
    const head = this.#head;
    if (head === undefined || this.#stream.headersSent || this.#stream.destroyed) return;
    const waitForTrailers = this.#wantsTrailers && !endStream;
    if (waitForTrailers) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    this.#stream.respond(head, { endStream, waitForTrailers });
  }

  #sendTrailers(): void {
    if (this.#answerTrailers.length > 0) this.#stream.sendTrailers(headersOf(this.#answerTrailers));
    else this.#stream.close();
  }

  #listen(): void {
    if (!this.#isListening) {
      this.#isListening = true;
      this.#stream.on('data', (chunk: Buffer) => this.#reader?.onUserData(chunk));
      this.#stream.on('trailers', (_trailers, _flags, raw?: unknown) => {
        if (Array.isArray(raw)) this.trailers = raw.map(String);
      });
      this.#stream.on('end', () => this.#requestDone());
    }
    if (!this.#stream.destroyed) this.#stream.resume();
  }

  #requestDone(): void {
    this.isComplete = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.onUserEnd();
  }

  #closed(isComplete: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.events?.onClosed(isComplete);
  }
}

/** Names in lower case, repeated fields as lists; without what HTTP/2 has no place for. */
function headersOf(fields: FieldList): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = (fields[i] ?? '').toLowerCase();
    const value = fields[i + 1] ?? '';
    if (CONNECTION_FIELDS.has(name)) continue;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else headers[name] = [known, value];
  }
  return headers;
}

function isAccepted(fields: FieldList, key: string): boolean {
  const wanted = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  for (let i = 0; i + 1 < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === 'sec-websocket-accept') return fields[i + 1] === wanted;
  return false;
}
