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
  readonly isTls: boolean;
  readonly port: number;
  /** The same for apps whose calls may share connections. */
  readonly poolKey: string;
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
      isTls: internal.protocol === 'https:',
      port: portOf(internal),
      poolKey: `${app.validateBackendCertificate ? 'v' : 'u'} ${internal.origin}`,
    });
  }
  return table;
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
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

/** What a peer may not take out of a message by naming it in `Connection`: its framing, its caller's identity. */
const PROTECTED_NAMES = ['content-length', 'content-type', 'host', 'set-cookie', 'authorization', 'cookie'];

/** Names and options the value of a `Connection` field lists, lower case, added to `known`. */
export function connectionNames(value: string, known: Set<string> = new Set()): Set<string> {
  for (const option of value.split(',')) known.add(option.trim().toLowerCase());
  for (const name of PROTECTED_NAMES) known.delete(name);
  return known;
}

/** First value of a field, by lower-case name. */
export function fieldValue(fields: FieldList, name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const candidate = fields[i] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return fields[i + 1];
  }
  return undefined;
}
