import type { ConnectorConfiguration } from '#libs/contracts';
import type { FieldList } from '#libs/tunnel-protocol';

/** Everything needed to call one app's origin, worked out once per configuration. */
export type OriginTarget = {
  readonly appId: string;
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  /** Name the origin's certificate must carry. */
  readonly hostname: string;
  /** Path of the internal URL, begins and ends with `/`. */
  readonly basePath: string;
  /** Path of the external URL, begins and ends with `/`. */
  readonly externalPath: string;
  readonly hostHeader: string;
  readonly backendTimeoutMs: number;
  readonly validateCertificate: boolean;
};

export type OriginTable = ReadonlyMap<string, OriginTarget>;

/** Apps whose URLs cannot be used are left out: requests for them are refused as unknown, never sent elsewhere. */
export function createOriginTable(apps: ConnectorConfiguration['apps']): OriginTable {
  const table = new Map<string, OriginTarget>();
  for (const app of apps) {
    const internal = parseUrl(app.internalUrl);
    const external = parseUrl(app.externalUrl);
    if (!internal || !external) continue;
    table.set(app.appId, {
      appId: app.appId,
      origin: internal.origin,
      hostname: internal.hostname.replace(/^\[|\]$/g, ''),
      basePath: withSlash(internal.pathname),
      externalPath: withSlash(external.pathname),
      hostHeader: app.translateHeaders ? internal.host : external.host,
      backendTimeoutMs: app.backendTimeoutSeconds * 1000,
      validateCertificate: app.validateBackendCertificate,
    });
  }
  return table;
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** A `.` or `..` segment, plain, percent-encoded, or behind a backslash, which some origins read as a slash. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|$)/i;

/**
 * Path and query at the origin: what follows the external path, put behind the internal path. Undefined when the target
 * is no path of this app, or when an app that is published below a path could be left through a dot segment.
 */
export function originPath(target: OriginTarget, requested: string): string | undefined {
  if (!requested.startsWith('/')) return undefined;
  const relative = relativePath(target.externalPath, requested);
  if (relative === undefined) return undefined;
  if (target.basePath === '/') return `/${relative}`;
  const query = relative.search(/[?#]/);
  const path = query === -1 ? relative : relative.slice(0, query);
  return DOT_SEGMENT.test(path) ? undefined : `${target.basePath}${relative}`;
}

function relativePath(externalPath: string, requested: string): string | undefined {
  if (requested.startsWith(externalPath)) return requested.slice(externalPath.length);
  const bare = externalPath.slice(0, -1);
  if (requested === bare) return '';
  return requested.startsWith(`${bare}?`) ? requested.slice(bare.length) : undefined;
}

/** Fields of one connection only (RFC 9110, 7.6.1), those this side sets itself, and `expect`: credit replaces it. */
const NOT_FORWARDED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy-authorization',
  'host',
  'expect',
]);

/** The field block for the origin: order, case and duplicates as the ingress gave them, `Host` in front. */
export function requestFields(target: OriginTarget, fields: FieldList, hasBody: boolean): string[] {
  const named = connectionOptions(fields);
  const block = ['host', target.hostHeader];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const lower = name.toLowerCase();
    if (NOT_FORWARDED.has(lower) || named?.has(lower)) continue;
    if (lower === 'content-length' && !hasBody) continue;
    block.push(name, fields[i + 1] ?? '');
  }
  return block;
}

const NOT_RETURNED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
]);

/** The origin's field block without what belongs to its connection. `keepUpgrade` for a 101 answer. */
export function responseFields(fields: FieldList, keepUpgrade = false): string[] {
  const named = connectionOptions(fields);
  const isChunked = fieldValue(fields, 'transfer-encoding') !== undefined;
  const block: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'upgrade' && keepUpgrade) {
      block.push(name, fields[i + 1] ?? '');
      continue;
    }
    if (NOT_RETURNED.has(lower) || named?.has(lower)) continue;
    // A length beside a transfer coding says nothing reliable about the body (RFC 9112, 6.3).
    if (lower === 'content-length' && isChunked) continue;
    block.push(name, fields[i + 1] ?? '');
  }
  return block;
}

/** First value of a field, by lower-case name. */
export function fieldValue(fields: FieldList, name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const candidate = fields[i] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return fields[i + 1];
  }
  return undefined;
}

/** Field names the `Connection` field lists, or undefined when there is none. */
function connectionOptions(fields: FieldList): ReadonlySet<string> | undefined {
  let options: Set<string> | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toLowerCase() !== 'connection') continue;
    options ??= new Set();
    for (const option of (fields[i + 1] ?? '').split(',')) options.add(option.trim().toLowerCase());
  }
  // An origin cannot be made to lose its framing or its caller's identity through this list.
  for (const kept of ['content-length', 'content-type', 'host', 'set-cookie', 'authorization', 'cookie'])
    options?.delete(kept);
  return options;
}
