/** A header object as Node's http2 takes it: names in lower case, repeated fields as lists. */
export type Http2Headers = { [name: string]: string | string[] | undefined };

/**
 * Names that may stand once: Node throws ERR_HTTP2_HEADER_SINGLE_VALUE for a list of them (`kSingleValueHeaders` in its
 * lib/internal/http2/util.js); nothing of its API tells them.
 */
const SINGLE_VALUE_NAMES: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);

/** Without a prototype, so that a field called `constructor` finds nothing there. */
export function createHttp2Headers(): Http2Headers {
  return Object.create(null) as Http2Headers;
}

/**
 * Adds a field; `name` in lower case. Of a name that may stand once the first value stays: false when this one says
 * something else, and is left out. `__proto__` is left out.
 */
export function addHttp2Field(headers: Http2Headers, name: string, value: string): boolean {
  if (name === '__proto__') return false;
  const known = headers[name];
  if (known === undefined) headers[name] = value;
  else if (SINGLE_VALUE_NAMES.has(name)) return known === value;
  else if (Array.isArray(known)) known.push(value);
  else headers[name] = [known, value];
  return true;
}
