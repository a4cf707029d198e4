import type { SignInDemand } from './identity-provider.ts';
import type { OpenidMetadataDocument } from './openid-metadata.ts';
import type { OpenidProviderConfig } from './provider-config.ts';

/** Longest user name sent as a hint, in characters, as long as the longest we keep; a longer one is no hint. */
const MAX_HINT_LENGTH = 320;
/** By the claims parameter (OpenID Connect Core, 5.5), where the provider takes it: a session is dated by `auth_time`. */
const ASK_FOR_TIME = JSON.stringify({ id_token: { auth_time: { essential: true } } });

/**
 * What is asked for (OpenID Connect Core, 3.1.2.1). `max_age` makes `auth_time` a claim that must come, by which a fresh sign-in is
 * judged. A context that no value of `acr` stands for cannot be asked for.
 */
export function parametersOf(
  demand: SignInDemand | undefined,
  parts: {
    readonly config: OpenidProviderConfig;
    readonly document: OpenidMetadataDocument;
    readonly wantsRefreshTokens: boolean;
  },
): Record<string, string> {
  const { acr } = parts.config.authenticationContexts;
  const { contexts, isFresh, loginHint } = demand ?? { contexts: [], isFresh: false, loginHint: null };
  const values = Object.keys(acr).filter((value) => contexts.includes(acr[value] ?? ''));
  return {
    scope: scopesOf(parts).join(' '),
    ...(parts.document.claims_parameter_supported === true && { claims: ASK_FOR_TIME }),
    ...(values.length > 0 && { acr_values: values.join(' ') }),
    ...(isFresh && { prompt: 'login', max_age: '0' }),
    ...(loginHint !== null && loginHint.length <= MAX_HINT_LENGTH && { login_hint: loginHint }),
  };
}

/** A provider that lists its scopes is not asked for refresh tokens it does not offer. */
function scopesOf({ config, document, wantsRefreshTokens }: Parameters<typeof parametersOf>[1]): readonly string[] {
  const offersRefresh = document.scopes_supported?.includes('offline_access') ?? true;
  return [...new Set(['openid', ...config.scopes, ...(wantsRefreshTokens && offersRefresh ? ['offline_access'] : [])])];
}

/**
 * Whether the scopes of a token answer hold all that the configuration asks for. One that says none may answer to another request than
 * ours: scopes travel through the browser, and an answer need not say them when it grants what came (RFC 6749, 5.1).
 */
export function holdsScopes(granted: string | undefined, configured: readonly string[]): boolean {
  const held = new Set(granted?.split(' '));
  return configured.every((scope) => scope === 'openid' || held.has(scope));
}
