import { type FieldList, TOKEN } from '#libs/http1';
import { type RequestHeadFields, scanRequestHead } from '../request-head.ts';

/** A request of HTTP/2 in the terms of all requests (RFC 9113, 8.3.1). */
export type Http2Head = {
  readonly method: string;
  readonly target: string;
  readonly fields: FieldList;
  readonly head: RequestHeadFields;
  /** Extended CONNECT for a WebSocket (RFC 8441): `method` is GET, as HTTP/1.1 asks for the same. */
  readonly isExtendedConnect: boolean;
};

/**
 * `raw` alternates names and values, pseudo fields first. Undefined for a head that is no request: the stream is reset
 * (RFC 9113, 8.1.1). The authority stands as Host in front of the fields; cookie crumbs are one field (8.2.3).
 */
export function readHttp2Head(raw: readonly string[], hasBody: boolean, maxFields: number): Http2Head | undefined {
  let method = '';
  let path = '';
  let authority: string | undefined;
  let protocol: string | undefined;
  let host: string | undefined;
  let cookie = '';
  const rest: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (name === ':method') method = value;
    else if (name === ':path') path = value;
    else if (name === ':authority') authority = value;
    else if (name === ':protocol') protocol = value;
    else if (name === ':scheme') {
      if (value !== 'https') return undefined;
    } else if (name === 'host') {
      if (host !== undefined && host !== value) return undefined;
      host = value;
    } else if (name === 'cookie') cookie = cookie === '' ? value : `${cookie}; ${value}`;
    else rest.push(name, value);
  }
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) return undefined;
  const isExtendedConnect = method === 'CONNECT' && protocol === 'websocket';
  if (!TOKEN.test(method) || (method === 'CONNECT' && !isExtendedConnect) || path === '') return undefined;
  const fields = withHost(authority ?? host, cookie, rest);
  const head = scanRequestHead(fields, false, maxFields);
  if (isExtendedConnect && head.hasBody) return undefined;
  if (isExtendedConnect) head.becomeWebSocket();
  else if (hasBody) head.isStreamed = true;
  return { method: isExtendedConnect ? 'GET' : method, target: path, fields, head, isExtendedConnect };
}

function withHost(host: string | undefined, cookie: string, rest: readonly string[]): FieldList {
  const fields = host === undefined ? [...rest] : ['host', host, ...rest];
  if (cookie !== '') fields.push('cookie', cookie);
  return fields;
}
