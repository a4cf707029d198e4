import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { CLOCK_SKEW_SECONDS, refused, verifyLogoutToken, wrongClaim } from './check-token.ts';
import type { LogoutToken } from './identity-provider.ts';
import type { MetadataStore } from './metadata-store.ts';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Seconds from when a logout token was made until it expires: who remembers it to refuse a second use need not do so for longer. */
export const MAX_LOGOUT_TOKEN_SECONDS = 3600;

const name = z.string().min(1).max(256);
const claims = z.looseObject({
  iat: z.number(),
  exp: z.number(),
  jti: name,
  sub: name.optional(),
  sid: name.optional(),
  tid: z.string().max(256).optional(),
  /** The value is an object, which may be empty, and says nothing. */
  events: z.looseObject({ [LOGOUT_EVENT]: z.looseObject({}) }),
});

/**
 * A logout token (OpenID Connect Back-Channel Logout 1.0, 2.6): signed as ID tokens are, of this issuer, for this client, with the
 * one event, naming a session or a person, and without `nonce`, so that no ID token is one. Error: `token-invalid`.
 */
export async function checkLogoutToken(
  store: MetadataStore,
  token: string,
  expected: {
    readonly issuer: string;
    readonly clientId: string;
    /** Of Entra ID; null: the provider has no directories. */
    readonly tenantId: string | null;
    readonly nowMs: number;
  },
): Promise<LogoutToken> {
  const { issuer, clientId, tenantId, nowMs } = expected;
  const requiredClaims = ['iat', 'exp', 'jti', 'events'];
  const payload = await verifyLogoutToken(store, token, { issuer, audience: [clientId], requiredClaims });
  return readLogoutToken(payload, { issuer, tenantId, nowMs });
}

/** What a logout token says whose signature, issuer, audience and times are good. */
export function readLogoutToken(
  payload: JWTPayload,
  expected: { readonly issuer: string; readonly tenantId: string | null; readonly nowMs: number },
): LogoutToken {
  const { issuer, tenantId, nowMs } = expected;
  if ('nonce' in payload) throw refused('it carries a nonce, as no logout token does');
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw wrongClaim(parsed.error);
  const { iat, exp, jti, sub, sid, tid } = parsed.data;
  if (tenantId !== null && tid !== undefined && tid !== tenantId)
    throw refused('it is of another directory (claim tid)');
  if (sub === undefined && sid === undefined) throw refused('it names neither a session (sid) nor a person (sub)');
  if (iat > nowMs / 1000 + CLOCK_SKEW_SECONDS) throw refused('claim iat lies in the future');
  if (exp - iat > MAX_LOGOUT_TOKEN_SECONDS)
    throw refused(`it is good for longer than ${MAX_LOGOUT_TOKEN_SECONDS} seconds`);
  const times = { issuedAtMs: iat * 1000, expiresAtMs: exp * 1000 };
  return { subject: sub ?? null, sessionId: sid ?? null, tokenId: jti, ...times, issuer };
}
