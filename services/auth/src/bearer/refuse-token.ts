import type { AuthorizeReply } from '#libs/contracts';

export type TokenRefusal = Extract<AuthorizeReply, { verdict: 'refuse-token' }>;

export type TokenRefusalReason =
  | 'access-token-invalid'
  | 'access-token-expired'
  | 'access-token-scope-missing'
  | 'access-token-signed-out'
  | 'access-tokens-not-taken'
  | 'access-token-provider-unknown'
  | 'service-token-invalid'
  | 'service-token-expired'
  | 'service-token-revoked'
  | 'service-token-of-another-app';

/** One sentence for whoever runs the program; `access-token-invalid` and `access-token-scope-missing` have one of the identity provider's port. */
const DETAILS: Readonly<Record<TokenRefusalReason, string>> = {
  'access-token-invalid': 'The access token was refused.',
  'access-token-expired': 'The access token has expired: get a new one.',
  'access-token-scope-missing': 'The access token lacks the scope this app asks for.',
  'access-token-signed-out': 'The access token is from before its user was signed out everywhere: get a new one.',
  'access-tokens-not-taken':
    'This app takes no access tokens of the identity provider: its administrator has not named an audience.',
  'access-token-provider-unknown': 'This app names an identity provider that is not configured.',
  'service-token-invalid': 'There is no such service token.',
  'service-token-expired': 'The service token has expired, or was replaced by a newer one: ask for a new one.',
  'service-token-revoked': 'The service token was revoked.',
  'service-token-of-another-app': 'The service token is good for other apps only.',
};
const INSUFFICIENT: ReadonlySet<TokenRefusalReason> = new Set([
  'access-token-scope-missing',
  'service-token-of-another-app',
]);

/** Of service tokens whose secret was right. */
const OF_KNOWN_TOKENS = ['service-token-expired', 'service-token-revoked', 'service-token-of-another-app'] as const;

export function isOfKnownToken(reason: string): reason is (typeof OF_KNOWN_TOKENS)[number] {
  return OF_KNOWN_TOKENS.some((one) => one === reason);
}

/** Names a token whose secret was right, so that its admin finds who still brings it; of all others nothing is known. */
export function refuseServiceToken(reason: TokenRefusalReason, id: string): TokenRefusal {
  const detail = DETAILS[reason];
  return refuseToken(reason, isOfKnownToken(reason) ? detail.replace('service token', `service token ${id}`) : detail);
}

/** As RFC 6750, 3.1, tells apart a token that is not good and one that is not good enough. */
export function refuseToken(reason: TokenRefusalReason, detail: string = DETAILS[reason]): TokenRefusal {
  const error = INSUFFICIENT.has(reason) ? 'insufficient_scope' : 'invalid_token';
  return { verdict: 'refuse-token', error, reason, detail };
}
