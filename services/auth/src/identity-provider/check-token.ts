import { errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { IdentityProviderError } from '../errors.ts';
import type { MetadataStore } from './metadata-store.ts';

/** Seconds a clock may be off. */
export const CLOCK_SKEW_SECONDS = 60;
export const MAX_TOKEN_LENGTH = 16_384;

const headerOf = (types: readonly [string, ...string[]]) =>
  z.object({ alg: z.literal('RS256'), typ: z.enum(types), kid: z.string().min(1).max(200) });
const JWT = headerOf(['JWT']);
/** The first as OpenID Connect Back-Channel Logout 1.0, 2.4 recommends. */
const LOGOUT_JWT = headerOf(['logout+jwt', 'JWT']);
/** Longest `sub` or `sid` taken, in characters; OpenID Connect Core, 2 allows 255. */
const MAX_NAME_LENGTH = 256;
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Seconds since the epoch that still are a time of four-digit years, as everything we record and answer has them. */
const MAX_INSTANT_SECONDS = 253_402_300_799;
/** A time in a token (NumericDate, RFC 7519, 2). One in milliseconds is none. */
export const numericDate = z.number().min(0).max(MAX_INSTANT_SECONDS);
const shortText = z.string().max(2048);
/** Types of every claim that we or passport-azure-ad read: it calls string methods on some, outside of any try. */
const claims = z.looseObject({
  iss: shortText,
  sub: z.string().min(1).max(MAX_NAME_LENGTH),
  sid: z.string().min(1).max(MAX_NAME_LENGTH).optional(),
  aud: z.union([shortText, z.array(shortText).length(1)]),
  exp: numericDate,
  iat: numericDate,
  nbf: numericDate,
  tid: shortText,
  oid: z.guid(),
  auth_time: numericDate.int().optional(),
  ver: z.literal('2.0'),
  nonce: shortText.optional(),
  c_hash: shortText.optional(),
  at_hash: shortText.optional(),
  acr: shortText.optional(),
  tfp: shortText.optional(),
  azp: shortText.optional(),
  scp: shortText.optional(),
});
export type TokenClaims = z.infer<typeof claims> & JWTPayload;

export type TokenExpectation = {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly tenantId: string;
  readonly nonce?: string;
};

/** The key id of a three-part RS256 JWT with a JSON payload; error `token-invalid` for anything else. */
export function requireKeyId(token: unknown): string {
  return requireShape(token, JWT).keyId;
}

/** What a token says before anybody vouches for it: for a better reason to refuse it, and for nothing else. */
export function peekClaims(token: string): object {
  return requireShape(token, JWT).payload;
}

function requireShape(token: unknown, header: typeof JWT): { readonly keyId: string; readonly payload: object } {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !COMPACT.test(token))
    throw refused('it is not a signed JWT');
  const [first = '', second = ''] = token.split('.');
  const parsed = header.safeParse(parseJson(first));
  if (!parsed.success) throw refused('its header is not that of an RS256 JWT with a key id');
  const payload = parseJson(second);
  if (typeof payload !== 'object' || payload === null) throw refused('its payload is not JSON');
  return { keyId: parsed.data.kid, payload };
}

/** Our own check, independent of passport-azure-ad: signature, issuer, audience, times, tenant, subject, version, nonce. */
export async function checkToken(
  store: MetadataStore,
  token: string,
  expected: TokenExpectation,
): Promise<TokenClaims> {
  const metadata = await store.get(requireKeyId(token));
  const requiredClaims = ['exp', 'iat', 'nbf', 'tid', 'oid', 'sub'];
  const payload = await verify(token, metadata.keys, { ...expected, requiredClaims });
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw wrongClaim(parsed.error);
  if (parsed.data.tid !== expected.tenantId) throw refused('it is of another directory (claim tid)');
  requireMade(parsed.data);
  if (expected.nonce !== undefined && parsed.data.nonce !== expected.nonce)
    throw refused('its nonce is not of this sign-in');
  return parsed.data;
}

/** What says that it was made in the future would outlive every "signed out before". */
export function requireMade({ iat }: { readonly iat: number }): void {
  if (iat > Date.now() / 1000 + CLOCK_SKEW_SECONDS) throw refused('claim iat lies in the future');
}

type Verification = {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly requiredClaims: readonly string[];
};

/** Signature, issuer, audience and times of a logout token; its claims are for the caller. */
export async function verifyLogoutToken(
  store: MetadataStore,
  token: string,
  expected: Verification,
): Promise<JWTPayload> {
  const metadata = await store.get(requireShape(token, LOGOUT_JWT).keyId);
  return verify(token, metadata.keys, expected);
}

export function wrongClaim(error: z.ZodError): IdentityProviderError {
  return refused(`claim ${error.issues[0]?.path.join('.') || '?'} is missing or wrong`);
}

async function verify(
  token: string,
  keys: Parameters<typeof jwtVerify>[1] & object,
  expected: Verification,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: expected.issuer,
      audience: [...expected.audience],
      algorithms: ['RS256'],
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: [...expected.requiredClaims],
    });
    return payload;
  } catch (cause) {
    throw refused(explain(cause), cause);
  }
}

function explain(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return 'it has expired';
  if (cause instanceof errors.JWTClaimValidationFailed) return `claim ${cause.claim} is missing or wrong`;
  if (cause instanceof errors.JWKSNoMatchingKey)
    return 'the identity provider does not publish the key it is signed with';
  if (cause instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it cannot be verified';
}

export function refused(what: string, cause?: unknown): IdentityProviderError {
  return new IdentityProviderError('token-invalid', `The token of the identity provider was refused: ${what}.`, cause);
}

function parseJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    // Not JSON is an answer here: undefined fits no schema.
    return undefined;
  }
}
