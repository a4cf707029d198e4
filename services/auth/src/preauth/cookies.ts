import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ACCESS_COOKIE, COOKIE_PREFIX, type CookieFlags, newId } from '#libs/contracts';

/** Seconds a sign-in may take: binding and transaction cookies, sealed begin and state. */
export const SIGN_IN_SECONDS = 600;
/** Parallel sign-ins of one browser on one host; at the bound the cookies of the earlier ones are cleared. */
export const MAX_PARALLEL_SIGN_INS = 8;

const BIND_PREFIX = `${COOKIE_PREFIX}bind-`;
const TRANSACTION_PREFIX = `${COOKIE_PREFIX}tx-`;
/** Of the sign-in host: the browser, across sessions. */
export const DEVICE_COOKIE = `${COOKIE_PREFIX}device`;
/** Seconds a browser keeps it after the last sign-in: the most browsers allow (RFC 6265bis, 400 days). */
const DEVICE_SECONDS = 400 * 86_400;
const DEVICE_ID = /^dev_[a-z2-7]{24}$/;
const OWN_COOKIE = new RegExp(`^${COOKIE_PREFIX}[\\w-]{1,64}$`);
/** Cookies cleared at once at most. */
const MAX_CLEARED = 20;

export type Cookies = Readonly<Record<string, string>>;

/** Ties a sign-in to the browser it began in: the secret stays in a cookie of the app's host, its hash travels. */
export type Binding = { readonly suffix: string; readonly hash: string };

export function createBinding(): Binding & { readonly setCookie: string } {
  const suffix = randomBytes(6).toString('base64url');
  const secret = randomBytes(32).toString('base64url');
  return {
    suffix,
    hash: sha256(secret).toString('base64url'),
    setCookie: temporary(`${BIND_PREFIX}${suffix}`, secret),
  };
}

export function hasBinding(cookies: Cookies, { suffix, hash }: Binding): boolean {
  const secret = cookies[`${BIND_PREFIX}${suffix}`];
  const expected = Buffer.from(hash, 'base64url');
  if (secret === undefined || expected.length !== 32) return false;
  return timingSafeEqual(sha256(secret), expected);
}

export function clearBinding({ suffix }: Pick<Binding, 'suffix'>): string {
  return clear(`${BIND_PREFIX}${suffix}`);
}

/** One cookie per attempt, named by its state, so that tabs do not disturb each other. */
export function transactionCookieName(state: string): string {
  return `${TRANSACTION_PREFIX}${sha256(state).toString('base64url').slice(0, 16)}`;
}

export function transactionCookie(state: string, sealed: string): string {
  return temporary(transactionCookieName(state), sealed);
}

/** Clears earlier attempts when there are too many: a browser that never finishes must not grow its Cookie header. */
export function clearStale(cookies: Cookies, kind: 'bind' | 'tx'): readonly string[] {
  const prefix = kind === 'bind' ? BIND_PREFIX : TRANSACTION_PREFIX;
  const names = ownNames(cookies).filter((name) => name.startsWith(prefix));
  return names.length < MAX_PARALLEL_SIGN_INS ? [] : names.map(clear);
}

/** All but the device's: who signs out is still at the same browser. */
export function clearAll(cookies: Cookies): string[] {
  return ownNames(cookies)
    .filter((name) => name !== DEVICE_COOKIE)
    .map(clear);
}

export function clear(name: string): string {
  return `${name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;
}

/** Ends with the browser, unless it is to be kept for some seconds; the sealed text inside ends with the session. */
export function sessionCookie(sealed: string, name: string, keptSeconds?: number): string {
  const cookie = `${name}=${sealed}; Path=/; Secure; HttpOnly; SameSite=Lax`;
  return keptSeconds === undefined ? cookie : `${cookie}; Max-Age=${keptSeconds}`;
}

/**
 * The browser behind a sign-in: 120 random bits that outlive sessions, renewed at each. It tells browsers apart for those who look at
 * sessions and proves nothing: nobody may be let in for it. One that is no id of ours is replaced.
 */
export function deviceOf(cookies: Cookies): { readonly deviceId: string; readonly setCookies: readonly string[] } {
  const known = cookies[DEVICE_COOKIE];
  const deviceId = known !== undefined && DEVICE_ID.test(known) ? known : newId('dev');
  const cookie = `${DEVICE_COOKIE}=${deviceId}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${DEVICE_SECONDS}`;
  return { deviceId, setCookies: [cookie] };
}

/** With the flags the admin chose for the app. `persistent`: for the rest of the session, in seconds. */
export function accessCookie(sealed: string, flags: CookieFlags, remainingSeconds: number): string {
  const sameSite = { lax: 'Lax', strict: 'Strict', none: 'None' }[flags.sameSite];
  const parts = [`${ACCESS_COOKIE}=${sealed}`, 'Path=/', 'Secure', `SameSite=${sameSite}`];
  if (flags.httpOnly) parts.push('HttpOnly');
  if (flags.persistent) parts.push(`Max-Age=${remainingSeconds}`);
  return parts.join('; ');
}

function temporary(name: string, value: string): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${SIGN_IN_SECONDS}`;
}

function ownNames(cookies: Cookies): readonly string[] {
  return Object.keys(cookies)
    .filter((name) => OWN_COOKIE.test(name))
    .slice(0, MAX_CLEARED);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
