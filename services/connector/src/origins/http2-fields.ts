import type { IncomingHttpHeaders } from 'node:http2';
import { addHttp2Field, createHttp2Headers, type Http2Headers } from '#libs/http1';
import type { FieldList } from '#libs/tunnel-protocol';
import { type BodyLength, isForwarded, type OriginRequest, requestControl } from './request-head.ts';

export function statusOf(headers: IncomingHttpHeaders): number {
  return Number(headers[':status']);
}

/** Node hands the fields over as they came, names and values alternating; its types leave that out. Pseudo-fields are left out. */
export function rawFields(raw: unknown): string[] {
  const fields: string[] = [];
  if (!Array.isArray(raw)) return fields;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = String(raw[i]);
    if (!name.startsWith(':')) fields.push(name, String(raw[i + 1]));
  }
  return fields;
}

/**
 * The head of a request as HTTP/2 has it (RFC 9113, 8.3.1). Undefined when a field has no proper name, or when two of a name
 * that may stand once say different things: which of them the origin should believe is not ours to choose.
 */
export function headersOf(request: OriginRequest, length: BodyLength): Http2Headers | undefined {
  const { target, fields } = request;
  const control = requestControl(fields);
  if (control === undefined) return undefined;
  const headers = createHttp2Headers();
  headers[':method'] = request.method;
  headers[':scheme'] = target.tls === undefined ? 'http' : 'https';
  headers[':authority'] = target.hostHeader;
  headers[':path'] = request.path;
  if (control.takesTrailers) headers.te = 'trailers';
  if (typeof length === 'number') headers['content-length'] = String(length);
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (isForwarded(name, control) && !addForwarded(headers, name.toLowerCase(), fields[i + 1] ?? '')) return undefined;
  }
  return headers;
}

/** Trailers as Node takes them; of a name that may stand once the first. */
export function trailersOf(fields: FieldList): Http2Headers {
  const headers = createHttp2Headers();
  for (let i = 0; i + 1 < fields.length; i += 2)
    addHttp2Field(headers, (fields[i] ?? '').toLowerCase(), fields[i + 1] ?? '');
  return headers;
}

/** Cookies are one field in HTTP/1.1 (RFC 9113, 8.2.3); of other names each value stays its own. */
function addForwarded(headers: Http2Headers, name: string, value: string): boolean {
  const known = headers[name];
  if (name !== 'cookie' || known === undefined) return name === '__proto__' || addHttp2Field(headers, name, value);
  headers[name] = `${String(known)}; ${value}`;
  return true;
}
