import type { FieldList } from '#libs/tunnel-protocol';
import type { Exchange } from '../pipeline/exchange.ts';
import { rewriteSetCookie } from './rewrite-cookies.ts';
import { toExternalUrl } from './rewrite-urls.ts';

/**
 * Fields of an origin's response that do not reach the user: those of its connection, those that would lead the user
 * around the ingress (Alt-Svc), and those this side makes itself.
 */
const NOT_RETURNED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
  'proxy-authenticate',
  'proxy-authentication-info',
  'alt-svc',
  'x-request-id',
]);

export type ResponseFields = {
  readonly fields: string[];
  /** -1 when absent. */
  readonly contentLength: number;
  /** Value of Trailer, which has a meaning only in front of chunks. */
  readonly trailer: string | undefined;
};

/** The response head for the user, built anew. Undefined when its length cannot be trusted. */
export function buildResponseFields(exchange: Exchange, origin: FieldList): ResponseFields | undefined {
  const named = connectionNames(origin);
  const fields: string[] = [];
  let contentLength = -1;
  let trailer: string | undefined;
  for (let i = 0; i + 1 < origin.length; i += 2) {
    const name = origin[i] ?? '';
    const value = origin[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (NOT_RETURNED.has(lower) || lower.startsWith('x-sallyport-') || named?.has(lower)) continue;
    if (lower === 'content-length') {
      const length = /^[0-9]{1,15}$/.test(value) ? Number(value) : -1;
      if (length < 0 || (contentLength >= 0 && contentLength !== length)) return undefined;
      contentLength = length;
      continue;
    }
    if (lower === 'trailer') {
      trailer = value;
      continue;
    }
    const rewritten = rewriteField(exchange, lower, value);
    if (rewritten !== undefined) fields.push(name, rewritten);
  }
  fields.push('X-Request-Id', exchange.requestId);
  return { fields, contentLength, trailer };
}

function rewriteField(exchange: Exchange, lower: string, value: string): string | undefined {
  const { app } = exchange;
  if (!app) return value;
  if (lower === 'set-cookie') return rewriteSetCookie(app, value);
  if (!app.view.translateHeaders) return value;
  const { directory } = exchange.tenant;
  switch (lower) {
    case 'location':
    case 'content-location':
      return toExternalUrl(app, directory, value);
    case 'refresh':
      return rewriteRefresh(value, (url) => toExternalUrl(app, directory, url));
    case 'link':
      return value.replace(/<([^<>]*)>/g, (_all, url: string) => `<${toExternalUrl(app, directory, url)}>`);
    case 'access-control-allow-origin':
      return value === app.internalOrigin ? app.externalOrigin : value;
    default:
      return value;
  }
}

/** `5; url=/next`, the address in quotes or not. One pass: no value of an origin may keep the ingress busy. */
function rewriteRefresh(value: string, rewrite: (url: string) => string): string {
  const before = /^\s*[0-9.]+\s*[;,]\s*url\s*=/i.exec(value)?.[0];
  if (before === undefined) return value;
  const rest = value.slice(before.length);
  const given = rest.trim();
  const quote = /^['"]/.exec(given)?.[0] ?? '';
  const url = quote === '' ? given : given.slice(1, -1);
  if (/['"]/.test(url) || !given.endsWith(quote) || given === quote) return value;
  return `${before}${rest.startsWith(' ') ? ' ' : ''}${quote}${rewrite(url)}${quote}`;
}

function connectionNames(origin: FieldList): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let i = 0; i + 1 < origin.length; i += 2) {
    if (origin[i]?.toLowerCase() !== 'connection') continue;
    names ??= new Set();
    for (const name of (origin[i + 1] ?? '').split(',')) names.add(name.trim().toLowerCase());
  }
  for (const kept of ['content-length', 'set-cookie', 'content-type']) names?.delete(kept);
  return names;
}
