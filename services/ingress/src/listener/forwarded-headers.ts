import { NOT_FORWARDED } from '#libs/http1';
import type { FieldList } from '#libs/tunnel-protocol';
import type { GrantedAccess } from '../decisions/granted-access.ts';
import { holdsOwnToken } from '../decisions/presented-token.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { narrowAcceptEncoding } from '../translation/content-coding.ts';
import { toInternalUrl } from '../translation/rewrite-urls.ts';
import type { ClientAddress } from './client-address.ts';
import { traceState } from './trace-state.ts';

const OTHER_SIGN = /[^a-z0-9-]/;
const OTHER_SIGNS = /[^a-z0-9-]/g;

const SCHEME = 'https://';
const PORT = /:([0-9]+)$/;

const TRANSLATED = new Set(['origin', 'referer', 'destination']);

/**
 * The request head for the origin, built anew. What the user sent under our names is dropped, also in spellings that
 * CGI-like origins cannot tell apart from dashes: some turn only underscores, some every sign of a token into `_`.
 */
export function buildForwardedFields(exchange: Exchange): FieldList {
  const { app, head, services, access } = exchange;
  if (!app) throw new Error('forwarding needs a resolved app');
  const fields = exchange.facts.forwarded(app, exchange.tenant.directory.changes, () => userFields(exchange, app));
  const traceparent = services.ids.nextTraceparent(head.traceparent);
  const own = ['X-Request-Id', exchange.requestId, 'traceparent', traceparent];
  const isContinued = head.traceparent !== '' && traceparent.slice(0, 35) === head.traceparent.slice(0, 35);
  own.push('tracestate', traceState(exchange.requestId, isContinued ? head.tracestate : ''));
  if (!access) return fields.concat(own);
  return withoutOwned(fields, app, access).concat(own, access.identityFields);
}

/** The decision may know of headers that the directory has not heard of yet: then, too, only ours are sent. */
function withoutOwned(fields: FieldList, app: PublishedApp, { signOnNames }: GrantedAccess): FieldList {
  for (const name of signOnNames)
    if (!app.signOnNames.has(name))
      return fields.filter((_text, i) => !signOnNames.has(plainName(fields[i - (i % 2)]?.toLowerCase() ?? '')));
  return fields;
}

/** What is the same for every request with this head to this app. */
function userFields(exchange: Exchange, app: PublishedApp): FieldList {
  const { head } = exchange;
  const raw = exchange.req.fields;
  const fields: string[] = ['Host', externalHost(app)];
  const token = exchange.facts.tokenFor(app);
  const isTokenUsed = token?.kind === 'token' && token.header === 'authorization';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (isReserved(lower, app) || head.connectionNames?.has(lower)) continue;
    if (lower === 'authorization' && (isTokenUsed || holdsOwnToken(value))) continue;
    if (app.view.translateHeaders && TRANSLATED.has(lower)) {
      fields.push(name, toInternalUrl(app, value, exchange.tenant.directory));
    } else if (app.view.translateBodyLinks && lower === 'accept-encoding') {
      fields.push(name, narrowAcceptEncoding(value));
    } else fields.push(name, value);
  }
  if (head.contentLength >= 0) fields.push('Content-Length', String(head.contentLength));
  const cookie = exchange.facts.originCookie;
  if (cookie !== '') fields.push('Cookie', cookie);
  if (head.wantsTrailers) fields.push('TE', 'trailers');
  addForwardingFields(exchange.client, externalHost(app), fields);
  return fields;
}

/** Whether a request field with this lower-case name is ours to set, or nobody's; `signOnNames` of an app or a decision. */
export function isReserved(lower: string, { signOnNames }: { readonly signOnNames: ReadonlySet<string> }): boolean {
  const name = plainName(lower);
  if (NOT_FORWARDED.has(name) || signOnNames.has(name)) return true;
  return name.charCodeAt(0) === 0x78 && (name.startsWith('x-forwarded') || name.startsWith('x-sallyport'));
}

function plainName(lower: string): string {
  return OTHER_SIGN.test(lower) ? lower.replace(OTHER_SIGNS, '-') : lower;
}

/**
 * The host a person came by, with the port of the external URL. What the user wrote may name any port, and an origin makes links
 * of what it is told.
 */
function externalHost(app: PublishedApp): string {
  return app.externalOrigin.slice(SCHEME.length);
}

function addForwardingFields(client: ClientAddress, host: string, fields: string[]): void {
  fields.push('X-Forwarded-For', client.forwardedFor);
  fields.push('X-Forwarded-Host', host);
  fields.push('X-Forwarded-Proto', 'https');
  fields.push('X-Forwarded-Port', PORT.exec(host)?.[1] ?? '443');
  fields.push('Forwarded', forwardedElements(client.forwardedFor, host));
  fields.push('Via', '1.1 sallyport');
}

/** RFC 7239: one element per hop we know; host and protocol are those of the external URL. */
function forwardedElements(forwardedFor: string, hostAndPort: string): string {
  const own = `host="${hostAndPort}";proto=https`;
  if (!forwardedFor.includes(',')) return `for=${nodeName(forwardedFor)};${own}`;
  const [first = '', ...rest] = forwardedFor.split(', ');
  return [`for=${nodeName(first)};${own}`, ...rest.map((hop) => `for=${nodeName(hop)}`)].join(', ');
}

function nodeName(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}
