import type { FieldList } from '#libs/tunnel-protocol';
import type { PublishedApp } from '../directory/published-app.ts';
import { hstsValue } from '../listener/hsts.ts';
import { isReplacedByCors } from '../pipeline/apply-cors.ts';
import { type BodyPlan, isStaleAfterTranslation, planBody, weakEntityTag } from './body-plan.ts';
import { editPolicy, editRefresh } from './link-values.ts';
import { applyEdits } from './links.ts';
import { rewriteSetCookie } from './rewrite-cookies.ts';
import { type LinkDirectory, LinkMap } from './rewrite-urls.ts';

/**
 * Fields of an origin's response that do not reach the user: those of its connection, those that would lead the user
 * around the ingress (Alt-Svc) or name the origin (Host, which some send), and those this side makes itself.
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
  'host',
  'x-request-id',
]);

/** What of an exchange bears on the head of its answer. */
export type AnsweredRequest = {
  readonly app: PublishedApp | undefined;
  readonly requestId: string;
  /** Fields of the app's CORS rules in place of the origin's. */
  readonly corsFields: readonly string[] | undefined;
  readonly req: { readonly fields: FieldList };
  readonly tenant: { readonly directory: LinkDirectory };
};

export type ResponseFields = {
  readonly fields: string[];
  /** Of the body as the user gets it. -1 when not known. */
  readonly contentLength: number;
  /** Of the body as the origin sends it. -1 when not known. */
  readonly originLength: number;
  /** Value of Trailer, which has a meaning only in front of chunks. */
  readonly trailer: string | undefined;
  /** How the body is to be translated; undefined: it passes as it is. Also given for HEAD, whose answer has no body. */
  readonly body: BodyPlan | undefined;
};

/**
 * The response head for the user, built anew. Undefined when its length cannot be trusted. With `body` the fields already
 * say what is true of a translated body: no length, no digests, no ranges, a weak entity tag.
 */
export function buildResponseFields(
  exchange: AnsweredRequest,
  origin: FieldList,
  status = 200,
): ResponseFields | undefined {
  const { app } = exchange;
  const named = connectionNames(origin);
  const plan = app && planBody(app.view, status, origin);
  const mayBeStored = status === 304 && app?.view.translateBodyLinks === true;
  const fields: string[] = [];
  let originLength = -1;
  let trailer: string | undefined;
  let links: LinkMap | undefined;
  for (let i = 0; i + 1 < origin.length; i += 2) {
    const name = origin[i] ?? '';
    const value = origin[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (NOT_RETURNED.has(lower) || lower.startsWith('x-sallyport-') || named?.has(lower)) continue;
    if (plan && isStaleAfterTranslation(lower)) continue;
    if (isReplacedByCors(exchange, lower) || (lower === 'strict-transport-security' && app?.view.hsts)) continue;
    if (lower === 'content-length') {
      const length = /^[0-9]{1,15}$/.test(value) ? Number(value) : -1;
      if (length < 0 || (originLength >= 0 && originLength !== length)) return undefined;
      originLength = length;
    } else if (lower === 'trailer') {
      trailer = value;
    } else if (lower === 'etag' && (plan || (mayBeStored && isStoredAsWeak(exchange, value)))) {
      fields.push(name, weakEntityTag(value));
    } else if (lower === 'set-cookie') {
      const cookie = app ? rewriteSetCookie(app, value) : value;
      if (cookie !== undefined) fields.push(name, cookie);
    } else if (app?.view.translateHeaders && LINK_FIELDS.has(lower)) {
      links ??= new LinkMap(app, exchange.tenant.directory);
      fields.push(name, rewriteField(links, app, lower, value));
    } else fields.push(name, value);
  }
  if (exchange.corsFields) for (const part of exchange.corsFields) fields.push(part);
  if (app?.view.hsts) fields.push('Strict-Transport-Security', hstsValue(app.view.hsts));
  fields.push('X-Request-Id', exchange.requestId);
  // An empty body stays one.
  const body = originLength === 0 ? undefined : plan;
  return { fields, contentLength: body ? -1 : originLength, originLength, trailer, body };
}

/** The user has the translated body, whose entity tag was made weak. */
function isStoredAsWeak(exchange: AnsweredRequest, entityTag: string): boolean {
  const { fields } = exchange.req;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toLowerCase() === 'if-none-match' && fields[i + 1]?.includes(`W/${entityTag}`)) return true;
  }
  return false;
}

const LINK_FIELDS: ReadonlySet<string> = new Set([
  'location',
  'content-location',
  'refresh',
  'link',
  'access-control-allow-origin',
  'content-security-policy',
  'content-security-policy-report-only',
]);

function rewriteField(links: LinkMap, app: PublishedApp, lower: string, value: string): string {
  switch (lower) {
    case 'refresh': {
      const edit = editRefresh(value, links);
      return edit ? applyEdits(value, [edit]) : value;
    }
    case 'link':
      return value.replace(/<([^<>]*)>/g, (_all, url: string) => `<${links.toExternal(url.trim())}>`);
    case 'access-control-allow-origin':
      return value === app.internalOrigin ? app.externalOrigin : externalOriginOf(links, value);
    case 'content-security-policy':
    case 'content-security-policy-report-only':
      return applyEdits(value, editPolicy(value, links));
    default:
      return links.toExternal(value);
  }
}

/** What answers a request whose Origin was translated on its way in. */
function externalOriginOf(links: LinkMap, value: string): string {
  return /^https?:\/\/[^/]+$/.test(value) ? links.toExternal(value).replace(/^(https:\/\/[^/]+)\/.*$/, '$1') : value;
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
