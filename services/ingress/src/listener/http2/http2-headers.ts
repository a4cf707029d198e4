import { createHash } from 'node:crypto';
import { addHttp2Field, createHttp2Headers, type FieldList, fieldLines, type Http2Headers } from '#libs/http1';

/** Fields of one connection: HTTP/2 has none of them (RFC 9113, 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);
/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Fields of an answer or its trailers as Node takes them, without what HTTP/2 has no place for. Throws a TypeError for a
 * name or value that no field may have.
 */
export function headersOf(fields: FieldList, status?: number): Http2Headers {
  fieldLines(fields);
  const headers = createHttp2Headers();
  if (status !== undefined) headers[':status'] = String(status);
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = (fields[i] ?? '').toLowerCase();
    if (!CONNECTION_FIELDS.has(name)) addHttp2Field(headers, name, fields[i + 1] ?? '');
  }
  return headers;
}

/** Whether an HTTP/1.1 origin accepted the handshake made with this key. */
export function isWebSocketAccepted(fields: FieldList, key: string): boolean {
  const wanted = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  for (let i = 0; i + 1 < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === 'sec-websocket-accept') return fields[i + 1] === wanted;
  return false;
}
