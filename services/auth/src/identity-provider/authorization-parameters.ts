import type { SignInDemand } from './identity-provider.ts';

/** Options of passport-azure-ad that become parameters of the authorization request. */
export type AuthorizationOptions = {
  readonly prompt?: 'login';
  readonly login_hint?: string;
  readonly extraAuthReqQueryParams: Readonly<Record<string, string>>;
};

const OPTIONS = ['session', 'prompt', 'login_hint', 'extraAuthReqQueryParams', 'extraTokenReqQueryParams'];
/** passport-azure-ad would let `redirect_uri` and `response_type` be replaced by what stands here: only these may. */
const EXTRA_PARAMETERS = ['code_challenge', 'code_challenge_method', 'claims'];
const EXTRA_TOKEN_PARAMETERS = ['code_verifier'];
/** Longest user name sent as a hint, in characters, as long as the longest we keep; a longer one is no hint. */
const MAX_HINT_LENGTH = 320;

/**
 * The authorization request of a demand. Contexts are asked for by the claims request parameter (OpenID Connect Core, 5.5)
 * as Entra's developer guide to authentication contexts has it: `value` for one, `values` for more.
 *
 * A fresh sign-in is asked for by `prompt=login` together with the claim `auth_time`, by which it is judged. Not by
 * `max_age`: Entra does not document it, counts it from the password and not from the second factor, and lets the token
 * expire that early (reports on MSAL for Python, 444 and 455), so that slow people would be refused.
 *
 * `auth_time` is asked for always: a provider that still knows the person signs them in silently, with an old sign-in.
 */
export function authorizationOptions(demand: SignInDemand | undefined, codeChallenge: string): AuthorizationOptions {
  const pkce = { code_challenge: codeChallenge, code_challenge_method: 'S256' };
  const { contexts, isFresh, loginHint } = demand ?? { contexts: [], isFresh: false, loginHint: null };
  const [first, ...others] = contexts;
  const wanted = {
    ...(first !== undefined && {
      acrs: { essential: true, ...(others.length === 0 ? { value: first } : { values: contexts }) },
    }),
    auth_time: { essential: true },
  };
  return {
    ...(isFresh && { prompt: 'login' }),
    ...(loginHint !== null && loginHint.length <= MAX_HINT_LENGTH && { login_hint: loginHint }),
    extraAuthReqQueryParams: { ...pkce, claims: JSON.stringify({ id_token: wanted }) },
  };
}

/** The first option or parameter that is not one of ours, null when there is none: a mistake of this program. */
export function foreignOption(options: object | undefined): string | null {
  const given = new Map<string, unknown>(Object.entries(options ?? {}));
  const foreign = [...given.keys()].find((name) => !OPTIONS.includes(name));
  if (foreign !== undefined) return foreign;
  const prompt = given.get('prompt');
  if (prompt !== undefined && prompt !== 'login') return 'prompt';
  return (
    foreignParameter(given.get('extraAuthReqQueryParams'), EXTRA_PARAMETERS) ??
    foreignParameter(given.get('extraTokenReqQueryParams'), EXTRA_TOKEN_PARAMETERS)
  );
}

function foreignParameter(parameters: unknown, allowed: readonly string[]): string | null {
  if (typeof parameters !== 'object' || parameters === null) return null;
  const wrong = Object.entries(parameters).find(
    ([name, value]) => !allowed.includes(name) || typeof value !== 'string',
  );
  return wrong?.[0] ?? null;
}
