import type { FieldList } from '#libs/tunnel-protocol';
import { createFieldKinds } from './field-kinds.ts';
import { connectionNames } from './origin-rules.ts';
import type { OriginTarget } from './origin-target.ts';

/** What a call wants from its origin, whatever the protocol. */
export type OriginRequest = {
  readonly target: OriginTarget;
  readonly method: string;
  /** Path and query at the origin. */
  readonly path: string;
  /** As the ingress gave them. */
  readonly fields: FieldList;
  readonly isUpgrade: boolean;
};

/** How the body is told to the origin: bytes, `chunked`, or nothing of it. */
export type BodyLength = number | 'chunked' | 'none';

/** Fields of one connection only (RFC 9110, 7.6.1), those this side sets itself, and `expect`: credit replaces it. */
const kindOf = createFieldKinds({
  connection: 'connection',
  te: 'te',
  upgrade: 'upgrade',
  'content-length': 'drop',
  'proxy-connection': 'drop',
  'keep-alive': 'drop',
  'transfer-encoding': 'drop',
  'http2-settings': 'drop',
  'proxy-authorization': 'drop',
  host: 'drop',
  expect: 'drop',
});

/** RFC 9110, 8.6: these say how long their content is, even when there is none. */
const METHODS_WITH_CONTENT = new Set(['POST', 'PUT', 'PATCH']);
const TRAILERS = /(?:^|[\s,])trailers(?:$|[\s,;])/i;

/** What the user's own fields ask of the connection to the origin. */
export type RequestControl = { readonly named: ReadonlySet<string> | undefined; readonly takesTrailers: boolean };

export function requestControl(fields: FieldList): RequestControl | undefined {
  let named: Set<string> | undefined;
  let takesTrailers = false;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const kind = kindOf(fields[i] ?? '');
    if (kind === 'forward') continue;
    if (kind === 'invalid') return undefined;
    if (kind === 'connection') named = connectionNames(fields[i + 1] ?? '', named);
    else if (kind === 'te') takesTrailers ||= TRAILERS.test(fields[i + 1] ?? '');
  }
  return { named, takesTrailers };
}

/** Whether a field goes on to the origin as it is. */
export function isForwarded(name: string, control: RequestControl): boolean {
  return kindOf(name) === 'forward' && !control.named?.has(name.toLowerCase());
}

/**
 * Head of an HTTP/1.1 request as Latin-1 text: `host` in front, then the user's fields in their order and case, the length
 * last. Undefined when a field has no proper name. The tunnel lets no control character into method, target or fields.
 */
export function encodeRequestHead(request: OriginRequest, body: BodyLength): string | undefined {
  const { fields, method } = request;
  const control = requestControl(fields);
  if (control === undefined) return undefined;
  let text = `${method} ${request.path} HTTP/1.1\r\nhost: ${request.target.hostHeader}\r\n`;
  if (request.isUpgrade) text += `connection: upgrade\r\nupgrade: ${upgradeOf(fields)}\r\n`;
  else if (control.takesTrailers) text += 'connection: te\r\nte: trailers\r\n';
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (isForwarded(name, control)) text += `${name}: ${fields[i + 1]}\r\n`;
  }
  if (body === 'chunked') return `${text}transfer-encoding: chunked\r\n\r\n`;
  if (body !== 'none') return `${text}content-length: ${body}\r\n\r\n`;
  return METHODS_WITH_CONTENT.has(method) ? `${text}content-length: 0\r\n\r\n` : `${text}\r\n`;
}

function upgradeOf(fields: FieldList): string {
  for (let i = 0; i + 1 < fields.length; i += 2)
    if (kindOf(fields[i] ?? '') === 'upgrade') return fields[i + 1] ?? 'websocket';
  return 'websocket';
}
