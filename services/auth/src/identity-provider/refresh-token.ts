import { IdentityProviderError } from '../errors.ts';
import { checkToken } from './check-token.ts';
import type { HardenedOidcOptions, PassportUser } from './hardened-oidc.ts';
import type { Refreshed, RefreshedPerson } from './identity-provider.ts';
import { keepingNextToken } from './unconfirmed-refresh.ts';

/**
 * Longest refresh token kept, in characters of its JSON: sealed it fits into a fact. Of a longer one the session is not refreshed, nor of
 * one with other characters than RFC 6749, A.17 has (printable ASCII), which take more room than they count.
 */
export const MAX_REFRESH_TOKEN_LENGTH = 5_800;

/**
 * Answers after which a refresh token works no more: it is used up or taken back (RFC 6749, 5.2), or the provider wants to see the person
 * first (OpenID Connect Core, 3.1.2.6; Entra answers a refresh with them when one of its policies asks for more).
 */
const FINAL = new Set(['invalid_grant', 'interaction_required', 'login_required', 'consent_required']);

/**
 * RFC 6749, 6, at the connection with its bounds (`timeoutMs`, no redirects, 1 MiB, a JSON object). An ID token that comes is checked as
 * one of a sign-in is, but for the nonce, which need not be there, and must be of the same person (OpenID Connect Core, 12.2). Error:
 * UnconfirmedRefreshError, with the next token, when all but the ID token is well.
 */
export async function useRefreshToken(
  options: Omit<HardenedOidcOptions, 'redirectUrl'>,
  refreshToken: string,
  person: RefreshedPerson,
  signal: AbortSignal,
  read: (claims: PassportUser['claims']) => Omit<Refreshed, 'refreshToken'>,
): Promise<Refreshed> {
  const { store, connection, issuer, tenantId, clientId, clientSecret, scopes, timeoutMs } = options;
  const { oidc } = await store.get();
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    client_secret: clientSecret,
    scope: scopes.join(' '),
  });
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const answer = await connection.postForm(oidc.token_endpoint, form, inTime, onRefreshRefusal);
  const { id_token: idToken } = answer;
  const next = requireKeepable(answer.refresh_token);
  if (idToken === undefined) return { principal: null, refreshToken: next };
  const check = async () => {
    if (typeof idToken !== 'string') throw nonsense('id_token is not text');
    const claims = await checkToken(store, idToken, { issuer, audience: [clientId], tenantId });
    const { oid, tid, sub } = claims;
    if (tid !== person.directoryTenant || oid !== person.subject || (person.providerSubject ?? sub) !== sub)
      throw new IdentityProviderError(
        'refresh-refused',
        'The refreshed token of the identity provider is of another person.',
      );
    const { principal, deviceStates = null } = read(claims);
    return { principal, deviceStates, refreshToken: next };
  };
  return keepingNextToken(() => next, signal, check);
}

/** The next refresh token, null for none. One that cannot be kept is an error: the one before may be used up. */
export function requireKeepable(next: unknown): string | null {
  if (next === undefined) return null;
  if (typeof next !== 'string' || !isKeepable(next))
    throw nonsense('refresh_token is no text of printable ASCII and a length that can be kept');
  return next;
}

/**
 * The next refresh token of an answer as it came, null for none that can be kept: openid-client refuses whole answers for what is wrong
 * with their ID token.
 */
export function nextTokenIn(text: string): string | null {
  try {
    const answer: unknown = JSON.parse(text);
    return requireKeepable(Reflect.get(Object(answer), 'refresh_token'));
  } catch {
    // It is read again, and what is wrong is said then.
    return null;
  }
}

/** Null for none, and for one that cannot be kept. */
export function keepableRefreshToken(token: string | null): string | null {
  return token === null || !isKeepable(token) ? null : token;
}

const VSCHARS = /^[\x20-\x7e]+$/;
const QUOTES = 2;

function isKeepable(token: string): boolean {
  return VSCHARS.test(token) && JSON.stringify(token).length - QUOTES <= MAX_REFRESH_TOKEN_LENGTH;
}

/** The error for an answer after which a refresh token works no more; null: it may still. */
export function onRefreshRefusal(code: string): IdentityProviderError | null {
  if (!FINAL.has(code)) return null;
  return new IdentityProviderError(
    'refresh-refused',
    `The identity provider does not confirm the session any more: it answered ${code}.`,
  );
}

function nonsense(what: string): IdentityProviderError {
  const sentence = `The identity provider answered nonsense: ${what}.`;
  return new IdentityProviderError('identity-provider-answer-invalid', sentence);
}
