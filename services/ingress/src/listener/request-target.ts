/**
 * Request targets (RFC 9112, 3.2), read once and before any app is resolved, so that the ingress and every origin agree
 * on the path. Dot segments are removed, escapes of unreserved characters are decoded (RFC 3986, 6.2.2), and what
 * parsers disagree on is refused.
 */

export type TargetFault = 'target-form' | 'target-character' | 'target-escape' | 'target-traversal' | 'target-too-long';

export type RequestTarget = {
  /** Normalized path; begins with a slash. `*` for the asterisk form. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
  /** The path as the most lenient origin would read it: escaped and repeated slashes are single slashes. */
  readonly matchPath: string;
  /** Host and port of an absolute-form target. */
  readonly authority: string | undefined;
};

const HAZARD_IN_PATH = /[^\x21-\x7e]|[\\#%]|\/\.|\/\//;
const HAZARD_IN_QUERY = /[^\x21-\x7e]|#/;
const ABSOLUTE = /^https:\/\/([^/?#@]+)([/?].*)?$/i;
const UNRESERVED = /[A-Za-z0-9._~-]/;
const ESCAPED_SLASH = /%2f|%5c/i;
const TRAVERSAL_PART = /^\.{1,2}(;.*)?$/;

export function parseRequestTarget(raw: string, maxLength: number): RequestTarget | TargetFault {
  if (raw.length > maxLength) return 'target-too-long';
  if (raw === '*') return { path: '*', query: '', matchPath: '*', authority: undefined };
  if (raw.charCodeAt(0) === 0x2f) return parsePathAndQuery(raw, undefined);
  const absolute = ABSOLUTE.exec(raw);
  if (!absolute) return 'target-form';
  const rest = absolute[2] ?? '';
  return parsePathAndQuery(rest.startsWith('/') ? rest : `/${rest}`, absolute[1]);
}

function parsePathAndQuery(raw: string, authority: string | undefined): RequestTarget | TargetFault {
  const mark = raw.indexOf('?');
  const rawPath = mark < 0 ? raw : raw.slice(0, mark);
  let query = mark < 0 ? '' : raw.slice(mark);
  if (query !== '' && HAZARD_IN_QUERY.test(query)) {
    const encoded = encodeOctets(query);
    if (encoded === undefined) return 'target-character';
    query = encoded;
  }
  if (!HAZARD_IN_PATH.test(rawPath)) return { path: rawPath, query, matchPath: rawPath, authority };
  const encoded = encodeOctets(rawPath);
  if (encoded === undefined || encoded.includes('\\')) return 'target-character';
  const decoded = decodeUnreserved(encoded);
  if (decoded === undefined) return 'target-escape';
  const path = removeDotSegments(decoded);
  if (path === undefined) return 'target-traversal';
  return { path, query, matchPath: path.replace(/%2f|%5c/gi, '/').replace(/\/{2,}/g, '/'), authority };
}

/** Octets above ASCII become escapes; control characters, spaces and `#` have no place in a target. */
function encodeOctets(text: string): string | undefined {
  let out = '';
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f || code === 0x23 || code > 0xff) return undefined;
    out += code < 0x80 ? text.charAt(i) : `%${code.toString(16).toUpperCase()}`;
  }
  return out;
}

/** Undefined for a broken escape and for an escaped control character. */
function decodeUnreserved(path: string): string | undefined {
  let isValid = true;
  const out = path.replace(/%(.{0,2})/g, (escaped, digits: string) => {
    if (!/^[0-9a-f]{2}$/i.test(digits)) isValid = false;
    const code = Number.parseInt(digits, 16);
    if (code < 0x20 || code === 0x7f) isValid = false;
    const character = String.fromCharCode(code);
    return UNRESERVED.test(character) ? character : escaped;
  });
  return isValid ? out : undefined;
}

/** RFC 3986, 5.2.4. Undefined when the path climbs above the root or hides a dot segment behind an escaped slash. */
function removeDotSegments(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '.' || segment === '..') {
      if (segment === '..' && kept.pop() === undefined) return undefined;
      if (isLast) kept.push('');
      continue;
    }
    if (segment.split(ESCAPED_SLASH).some((part) => TRAVERSAL_PART.test(part))) return undefined;
    kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
