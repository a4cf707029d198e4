import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
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

/** The head of a request as HTTP/2 has it (RFC 9113, 8.3.1). Undefined when a field has no proper name. */
export function headersOf(request: OriginRequest, length: BodyLength): OutgoingHttpHeaders | undefined {
  const { target, fields } = request;
  const control = requestControl(fields);
  if (control === undefined) return undefined;
  const headers: OutgoingHttpHeaders = {
    ':method': request.method,
    ':scheme': target.tls === undefined ? 'http' : 'https',
    ':authority': target.hostHeader,
    ':path': request.path,
    ...(control.takesTrailers ? { te: 'trailers' } : {}),
    ...(typeof length === 'number' ? { 'content-length': String(length) } : {}),
  };
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (isForwarded(name, control)) add(headers, name.toLowerCase(), fields[i + 1] ?? '');
  }
  return headers;
}

/** Trailers as Node takes them. */
export function objectOf(fields: FieldList): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (let i = 0; i + 1 < fields.length; i += 2) add(headers, (fields[i] ?? '').toLowerCase(), fields[i + 1] ?? '');
  return headers;
}

/** Cookies are one field in HTTP/1.1 (RFC 9113, 8.2.3); of other names each value stays its own. */
function add(headers: OutgoingHttpHeaders, name: string, value: string): void {
  const known = headers[name];
  if (known === undefined) headers[name] = value;
  else if (name === 'cookie') headers[name] = `${String(known)}; ${value}`;
  else headers[name] = Array.isArray(known) ? [...known, value] : [String(known), value];
}
