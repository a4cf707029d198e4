import type { FieldList } from '#libs/tunnel-protocol';

/** Fields that must not come after the body (RFC 9110, 6.5.1), and cookies, which translation must see. */
const NOT_IN_TRAILERS = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'trailer',
  'host',
  'set-cookie',
  'location',
  'content-type',
  'content-encoding',
  'content-range',
  'cache-control',
  'www-authenticate',
]);

/** Trailers of an origin that may reach the user. */
export function trailersFrom(trailers: FieldList): FieldList {
  const fields: string[] = [];
  for (let i = 0; i + 1 < trailers.length; i += 2) {
    const name = trailers[i] ?? '';
    if (!NOT_IN_TRAILERS.has(name.toLowerCase())) fields.push(name, trailers[i + 1] ?? '');
  }
  return fields;
}
