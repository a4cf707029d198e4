import { ACCESS_COOKIE, COOKIE_PREFIX } from '#libs/contracts';

const MAX_COOKIES = 20;
const MAX_VALUE_LENGTH = 8192;
const PREFIX = COOKIE_PREFIX.toLowerCase();
/**
 * Ours at the start of a pair, or behind a sign that some reader takes for the end of something: `=name=value` without a
 * name, quotes, and the comma that joins Cookie fields and once separated cookies (RFC 2109).
 */
const OWN_INSIDE = new RegExp(`(^|[^a-z0-9_-])${PREFIX}`, 'i');

/** Ours by any spelling a lenient origin or browser could take for ours. */
export function isOwnCookie(name: string): boolean {
  return name.toLowerCase().startsWith(PREFIX);
}

/**
 * The access cookie, or undefined when absent. Two with different values mean that somebody planted one: neither counts.
 */
export function readAccessCookie(cookie: string): string | undefined {
  if (!cookie.includes(ACCESS_COOKIE)) return undefined;
  let found: string | undefined;
  for (const [name, value] of cookiePairs(cookie)) {
    if (name !== ACCESS_COOKIE) continue;
    if (found !== undefined && found !== value) return undefined;
    found = value;
  }
  return found === '' || (found?.length ?? 0) > MAX_VALUE_LENGTH ? undefined : found;
}

/** Our cookies for auth: at most 20, the first of each name, without oversized ones. */
export function readOwnCookies(cookie: string): Record<string, string> {
  const own = new Map<string, string>();
  if (cookie.includes(COOKIE_PREFIX)) {
    for (const [name, value] of cookiePairs(cookie)) {
      const fits = name.startsWith(COOKIE_PREFIX) && value.length <= MAX_VALUE_LENGTH && own.size < MAX_COOKIES;
      if (fits && !own.has(name)) own.set(name, value);
    }
  }
  return Object.fromEntries(own);
}

/** The Cookie field for the origin: as it came, without any cookie of ours. Empty when nothing is left. */
export function withoutOwnCookies(cookie: string): string {
  if (!cookie.toLowerCase().includes(PREFIX)) return cookie;
  return cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !OWN_INSIDE.test(pair))
    .join('; ');
}

function* cookiePairs(cookie: string): Generator<readonly [string, string]> {
  for (const part of cookie.split(';')) {
    const pair = part.trim();
    const equals = pair.indexOf('=');
    if (equals > 0) yield [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
  }
}
