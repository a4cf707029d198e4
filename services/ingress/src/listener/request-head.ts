import type { HeadFacts } from '../pipeline/head-facts.ts';

/**
 * One pass over the fields of a request: what the pipeline needs to know, and the faults that parsers disagree on. The strict
 * parser has already refused malformed syntax.
 */

export type HeadFault =
  | 'too-many-fields'
  | 'host-missing'
  | 'host-repeated'
  | 'length-and-encoding'
  | 'length-invalid'
  | 'length-repeated'
  | 'encoding-unsupported'
  | 'encoding-repeated'
  | 'field-character'
  | 'field-look-alike'
  | 'expectation';

export class RequestHeadFields {
  host: string | undefined = undefined;
  cookie = '';
  accept = '';
  userAgent = '';
  secFetchMode = '';
  secFetchSite = '';
  secFetchDest = '';
  origin = '';
  xForwardedFor = '';
  /** See CredentialFields. */
  credential: string | undefined = undefined;
  isCredentialRepeated = false;
  authorization: string | undefined = undefined;
  isAuthorizationRepeated = false;
  traceparent = '';
  tracestate = '';
  /** Names listed by Connection fields, lower case; `undefined` when there is none besides keep-alive and close. */
  connectionNames: Set<string> | undefined = undefined;
  /** -1 when absent. */
  contentLength = -1;
  isChunked = false;
  /** HTTP/2: a body follows, of whatever length. */
  isStreamed = false;
  #isWebSocket = false;
  isScripted = false;
  /** Value of Upgrade, lower case. */
  upgrade = '';
  /** Access-Control-Request-Method and -Headers. */
  requestMethod = '';
  requestHeaders = '';
  /** `Connection: close`. */
  mustClose = false;
  expectsContinue = false;
  wantsTrailers = false;
  fault: HeadFault | undefined = undefined;
  /** Made by the first request with this head. */
  facts: HeadFacts | undefined = undefined;

  /** RFC 6455, 4.2.1; for HTTP/2 the adapter says so (RFC 8441). */
  get isWebSocket(): boolean {
    return this.#isWebSocket || (this.upgrade === 'websocket' && this.connectionNames?.has('upgrade') === true);
  }

  becomeWebSocket(): void {
    this.#isWebSocket = true;
  }

  get hasBody(): boolean {
    return this.isChunked || this.isStreamed || this.contentLength > 0;
  }
}

const CHUNKED_TWICE = /chunked.*chunked/i;
const DIGITS = /^[0-9]{1,15}$/;
/** Control characters other than tab: Node's parser lets some through, and no two origins agree on them. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

export function scanRequestHead(raw: readonly string[], isHttp10: boolean, maxFields: number): RequestHeadFields {
  const head = new RequestHeadFields();
  if (raw.length / 2 > maxFields) head.fault = 'too-many-fields';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const value = raw[i + 1] ?? '';
    if (BAD_VALUE.test(value)) head.fault ??= 'field-character';
    readField(head, (raw[i] ?? '').toLowerCase(), value);
  }
  if (head.host === undefined) head.fault ??= 'host-missing';
  if (head.isChunked && (head.contentLength >= 0 || isHttp10)) head.fault ??= 'length-and-encoding';
  return head;
}

function readField(head: RequestHeadFields, name: string, value: string): void {
  switch (name) {
    case 'host':
      if (head.host !== undefined) head.fault ??= 'host-repeated';
      head.host = value;
      return;
    case 'cookie':
      head.cookie = head.cookie === '' ? value : `${head.cookie}; ${value}`;
      return;
    case 'accept':
      head.accept = head.accept === '' ? value : `${head.accept}, ${value}`;
      return;
    case 'user-agent':
      head.userAgent = value;
      return;
    case 'sec-fetch-mode':
      head.secFetchMode = value;
      return;
    case 'sec-fetch-dest':
      head.secFetchDest = value;
      return;
    case 'sec-fetch-site':
      head.secFetchSite = value;
      return;
    case 'origin':
      head.origin = value;
      return;
    case 'authorization':
      head.isAuthorizationRepeated = head.authorization !== undefined;
      head.authorization = head.authorization === undefined ? value : `${head.authorization},${value}`;
      return;
    case 'x-sallyport-authorization':
      head.isCredentialRepeated = head.credential !== undefined;
      head.credential = head.credential === undefined ? value : `${head.credential},${value}`;
      return;
    case 'x-requested-with':
      head.isScripted = true;
      return;
    case 'x-forwarded-for':
      head.xForwardedFor = head.xForwardedFor === '' ? value : `${head.xForwardedFor}, ${value}`;
      return;
    case 'traceparent':
      head.traceparent = value;
      return;
    case 'tracestate':
      head.tracestate = head.tracestate === '' ? value : `${head.tracestate},${value}`;
      return;
    case 'te':
      head.wantsTrailers ||= /(^|[\s,])trailers([\s,;]|$)/i.test(value);
      return;
    case 'expect':
      if (value.toLowerCase() !== '100-continue') head.fault ??= 'expectation';
      head.expectsContinue = true;
      return;
    case 'upgrade':
      head.upgrade = value.toLowerCase();
      return;
    case 'connection':
      readConnection(head, value);
      return;
    case 'content-length':
      readLength(head, value);
      return;
    case 'transfer-encoding':
      if (head.isChunked || CHUNKED_TWICE.test(value)) head.fault ??= 'encoding-repeated';
      else if (value.toLowerCase() !== 'chunked') head.fault ??= 'encoding-unsupported';
      head.isChunked = true;
      return;
    case 'access-control-request-method':
      head.requestMethod = value;
      return;
    case 'access-control-request-headers':
      head.requestHeaders = value;
      return;
    case 'content_length':
    case 'transfer_encoding':
      // CGI-like origins cannot tell these from the fields that frame a body.
      head.fault ??= 'field-look-alike';
      return;
    default:
  }
}

function readLength(head: RequestHeadFields, value: string): void {
  if (!DIGITS.test(value)) head.fault ??= 'length-invalid';
  else if (head.contentLength >= 0) head.fault ??= 'length-repeated';
  else head.contentLength = Number(value);
}

function readConnection(head: RequestHeadFields, value: string): void {
  if (value === 'keep-alive' || value === 'Keep-Alive') return;
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase();
    if (name === 'close') head.mustClose = true;
    head.connectionNames ??= new Set();
    head.connectionNames.add(name);
  }
}
