import type { AccessChallengeView } from '#libs/contracts';

/**
 * Value of WWW-Authenticate that tells a program what a policy asks for, as Microsoft's libraries read it: the claims request
 * of OpenID Connect Core 5.5, base64, with the authentication context that is missing. Several of one claim would mean any of
 * them, so the first is asked for; whoever comes back with it is told the next. A sign-in that is only too old is the
 * challenge of RFC 9470, with its age in seconds.
 */
export function challengeField(realm: string, { contexts, maxAgeMinutes }: AccessChallengeView): string {
  const [context] = contexts;
  const maxAge = maxAgeMinutes === undefined ? '' : `, max_age="${maxAgeMinutes * 60}"`;
  if (context === undefined) return `Bearer realm="${realm}", error="insufficient_user_authentication"${maxAge}`;
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: context } } });
  const encoded = Buffer.from(claims).toString('base64');
  return `Bearer realm="${realm}", error="insufficient_claims", claims="${encoded}"${maxAge}`;
}
