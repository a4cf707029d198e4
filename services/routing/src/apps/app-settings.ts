import {
  type AppSettings,
  type CookieFlags,
  connectorGroupId,
  DEFAULT_BACKEND_TIMEOUT_SECONDS,
  DEFAULT_CONNECTOR_GROUP,
  DEFAULT_HSTS_SECONDS,
  DEFAULT_IDLE_TIMEOUT_SECONDS,
  type Hsts,
  LONG_BACKEND_TIMEOUT_SECONDS,
  MAX_BACKEND_TIMEOUT_SECONDS,
  MAX_HSTS_SECONDS,
  MAX_IDLE_TIMEOUT_SECONDS,
  MIN_IDLE_TIMEOUT_SECONDS,
  type PublishAppInput,
  SETTINGS_SINCE_V2,
} from '#libs/contracts';
import { groupAbsent, refuseValue } from '../errors.ts';
import { normalizeAlternateHosts, normalizeSegments, requirePlaces } from './app-places.ts';
import { defaultExternalUrl, type ExternalUrlPolicy, normalizeExternalUrl, normalizeInternalUrl } from './app-urls.ts';
import { normalizeCorsRules } from './cors-rules.ts';
import { requireKerberosFits } from './kerberos-settings.ts';
import {
  normalizeSingleSignOn,
  requireBearerTokens,
  requireIdentityProvider,
  requireSignedInUsers,
} from './sign-on-settings.ts';

const MAX_NAME_CHARACTERS = 120;

/** HttpOnly on, unlike the product this re-implements: scripts have no business with the access cookie. */
export const DEFAULT_COOKIE_FLAGS: CookieFlags = { httpOnly: true, persistent: false, sameSite: 'lax' };

/** Settings to change; what is undefined stays as it is. */
export type AppChanges = { readonly [Key in keyof AppSettings]?: AppSettings[Key] | undefined };

/**
 * What a publication comes to: every setting checked and normalized, defaults filled in. Pure, so certificates were read
 * before. Errors: ERR_APP_NAME, ERR_APP_URL, ERR_APP_HOSTS, ERR_APP_TIMEOUT, ERR_APP_CORS, ERR_APP_SETTING,
 * ERR_GROUP_ABSENT (not an id).
 */
export function completeSettings(input: PublishAppInput, policy: ExternalUrlPolicy): AppSettings {
  const given = defined(normalizeChanges(input, policy));
  const name = normalizeName(input.name);
  const externalUrl = given.externalUrl ?? defaultExternalUrl(name, policy);
  const settings: AppSettings = {
    ...SETTINGS_SINCE_V2,
    hsts: defaultHsts(externalUrl),
    preauthentication: 'oidc',
    connectorGroupId: normalizeGroupId(DEFAULT_CONNECTOR_GROUP),
    backendTimeoutSeconds: DEFAULT_BACKEND_TIMEOUT_SECONDS,
    cookieFlags: DEFAULT_COOKIE_FLAGS,
    translateHeaders: true,
    validateBackendCertificate: true,
    ...given,
    name,
    internalUrl: normalizeInternalUrl(input.internalUrl),
    externalUrl,
  };
  requirePlaces(settings);
  requireSignedInUsers(settings);
  requireKerberosFits(settings);
  return settings;
}

/** Checks and normalizes only what is named; the rest stays as it is. Same errors as completeSettings. */
export function normalizeChanges(changes: AppChanges, policy: ExternalUrlPolicy): AppChanges {
  const checked: AppChanges = {
    name: taken(changes.name, normalizeName),
    internalUrl: taken(changes.internalUrl, normalizeInternalUrl),
    externalUrl: taken(changes.externalUrl, (url) => normalizeExternalUrl(url, policy)),
    alternateHosts: taken(changes.alternateHosts, (hosts) => normalizeAlternateHosts(hosts, policy)),
    segments: taken(changes.segments, (segments) => segments && normalizeSegments(segments, policy)),
    connectorGroupId: taken(changes.connectorGroupId, normalizeGroupId),
    backendTimeoutSeconds: taken(changes.backendTimeoutSeconds, requireBackendTimeout),
    idleTimeoutSeconds: taken(changes.idleTimeoutSeconds, requireIdleTimeout),
    hsts: taken(changes.hsts, requireHsts),
    corsRules: taken(changes.corsRules, normalizeCorsRules),
    originClientCertificate: taken(changes.originClientCertificate, requireSecretName),
    bearerTokens: taken(changes.bearerTokens, requireBearerTokens),
    identityProvider: taken(changes.identityProvider, requireIdentityProvider),
    singleSignOn: taken(changes.singleSignOn, normalizeSingleSignOn),
  };
  return { ...changes, ...defined(checked) };
}

/**
 * A year, for users reach apps over https only. Not under `localhost`: a browser would keep it for a name that
 * another program on the same machine may serve tomorrow.
 */
export function defaultHsts(externalUrl: string): Hsts | null {
  if (new URL(externalUrl).hostname.endsWith('.localhost')) return null;
  return { maxAgeSeconds: DEFAULT_HSTS_SECONDS, includeSubDomains: false };
}

export function normalizeName(text: string, code = 'ERR_APP_NAME'): string {
  const name = text.trim();
  const refuse = (why: string, remedy: string) => refuseValue(code, { field: 'name', value: text, why, remedy });
  if (name === '') throw refuse('is empty', 'give a name that people will recognize');
  if (name.length > MAX_NAME_CHARACTERS)
    throw refuse(`has ${name.length} characters`, `expected at most ${MAX_NAME_CHARACTERS}`);
  if (/\p{Cc}/u.test(name)) throw refuse('has control characters', 'use printable characters only');
  return name;
}

function normalizeGroupId(text: string): AppSettings['connectorGroupId'] {
  const parsed = connectorGroupId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw groupAbsent(text);
}

function requireBackendTimeout(seconds: number): number {
  if (isWithin(seconds, 1, MAX_BACKEND_TIMEOUT_SECONDS)) return seconds;
  throw refuseValue('ERR_APP_TIMEOUT', {
    field: 'backendTimeoutSeconds',
    value: seconds,
    why: 'is out of range',
    remedy: `expected a whole number from 1 to ${MAX_BACKEND_TIMEOUT_SECONDS} (default ${DEFAULT_BACKEND_TIMEOUT_SECONDS}, long ${LONG_BACKEND_TIMEOUT_SECONDS})`,
  });
}

function requireIdleTimeout(seconds: number): number {
  if (isWithin(seconds, MIN_IDLE_TIMEOUT_SECONDS, MAX_IDLE_TIMEOUT_SECONDS)) return seconds;
  throw refuseValue('ERR_APP_TIMEOUT', {
    field: 'idleTimeoutSeconds',
    value: seconds,
    why: 'is out of range',
    remedy: `expected a whole number from ${MIN_IDLE_TIMEOUT_SECONDS} to ${MAX_IDLE_TIMEOUT_SECONDS} (default ${DEFAULT_IDLE_TIMEOUT_SECONDS})`,
  });
}

function requireHsts(hsts: Hsts | null): Hsts | null {
  if (hsts === null || isWithin(hsts.maxAgeSeconds, 0, MAX_HSTS_SECONDS)) return hsts;
  throw refuseValue('ERR_APP_SETTING', {
    field: 'hsts.maxAgeSeconds',
    value: hsts.maxAgeSeconds,
    why: 'is out of range',
    remedy: `expected a whole number from 0 (forget it) to ${MAX_HSTS_SECONDS} (default ${DEFAULT_HSTS_SECONDS})`,
  });
}

function requireSecretName(name: string | null): string | null {
  if (name === null || /^[a-z0-9_-]{1,64}$/.test(name)) return name;
  throw refuseValue('ERR_APP_SETTING', {
    field: 'originClientCertificate',
    value: name,
    why: 'is not the name of a pair in the secrets folder of the connector',
    remedy: 'expected 1 to 64 characters of a-z 0-9 _ -, without .crt or .key',
  });
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function taken<T, R>(value: T | undefined, check: (value: T) => R): R | undefined {
  return value === undefined ? undefined : check(value);
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function defined<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>;
}
