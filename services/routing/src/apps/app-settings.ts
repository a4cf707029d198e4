import {
  type AppSettings,
  type CookieFlags,
  connectorGroupId,
  DEFAULT_BACKEND_TIMEOUT_SECONDS,
  DEFAULT_CONNECTOR_GROUP,
  LONG_BACKEND_TIMEOUT_SECONDS,
  MAX_BACKEND_TIMEOUT_SECONDS,
  type PublishAppInput,
} from '#libs/contracts';
import { groupAbsent, refuseValue } from '../errors.ts';
import { defaultExternalUrl, type ExternalUrlPolicy, normalizeExternalUrl, normalizeInternalUrl } from './app-urls.ts';

const MAX_NAME_CHARACTERS = 120;

/** HttpOnly on, unlike the product this re-implements: scripts have no business with the access cookie. */
export const DEFAULT_COOKIE_FLAGS: CookieFlags = { httpOnly: true, persistent: false, sameSite: 'lax' };

/**
 * What a publication comes to: every setting checked and normalized, defaults filled in. Pure.
 * Errors: ERR_APP_NAME, ERR_APP_URL, ERR_APP_TIMEOUT, ERR_GROUP_ABSENT (not an id).
 */
export function completeSettings(input: PublishAppInput, policy: ExternalUrlPolicy): AppSettings {
  const name = normalizeName(input.name);
  const externalUrl = input.externalUrl;
  return {
    name,
    internalUrl: normalizeInternalUrl(input.internalUrl),
    externalUrl:
      externalUrl === undefined ? defaultExternalUrl(name, policy) : normalizeExternalUrl(externalUrl, policy),
    preauthentication: input.preauthentication ?? 'oidc',
    connectorGroupId: normalizeGroupId(input.connectorGroupId ?? DEFAULT_CONNECTOR_GROUP),
    backendTimeoutSeconds: requireTimeout(input.backendTimeoutSeconds ?? DEFAULT_BACKEND_TIMEOUT_SECONDS),
    cookieFlags: input.cookieFlags ?? DEFAULT_COOKIE_FLAGS,
    translateHeaders: input.translateHeaders ?? true,
    validateBackendCertificate: input.validateBackendCertificate ?? true,
  };
}

/** Settings to change; what is undefined stays as it is. */
export type AppChanges = { readonly [Key in keyof AppSettings]?: AppSettings[Key] | undefined };

/** Checks and normalizes only what is named; the rest stays as it is. Same errors as completeSettings. */
export function normalizeChanges(changes: AppChanges, policy: ExternalUrlPolicy): AppChanges {
  return {
    ...changes,
    ...(changes.name === undefined ? {} : { name: normalizeName(changes.name) }),
    ...(changes.internalUrl === undefined ? {} : { internalUrl: normalizeInternalUrl(changes.internalUrl) }),
    ...(changes.externalUrl === undefined ? {} : { externalUrl: normalizeExternalUrl(changes.externalUrl, policy) }),
    ...(changes.connectorGroupId === undefined ? {} : { connectorGroupId: normalizeGroupId(changes.connectorGroupId) }),
    ...(changes.backendTimeoutSeconds === undefined
      ? {}
      : { backendTimeoutSeconds: requireTimeout(changes.backendTimeoutSeconds) }),
  };
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

function requireTimeout(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_BACKEND_TIMEOUT_SECONDS) return seconds;
  throw refuseValue('ERR_APP_TIMEOUT', {
    field: 'backendTimeoutSeconds',
    value: seconds,
    why: 'is out of range',
    remedy: `expected a whole number from 1 to ${MAX_BACKEND_TIMEOUT_SECONDS} (default ${DEFAULT_BACKEND_TIMEOUT_SECONDS}, long ${LONG_BACKEND_TIMEOUT_SECONDS})`,
  });
}
