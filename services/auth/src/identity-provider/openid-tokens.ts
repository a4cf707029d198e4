import { createHash } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { ScopeMissingError } from '../errors.ts';
import { CLOCK_SKEW_SECONDS, MAX_TOKEN_LENGTH, numericDate, refused, requireMade } from './check-token.ts';
import type { KeptMetadata } from './kept-metadata.ts';
import { type OpenidMetadata, SIGNATURE_ALGORITHMS } from './openid-metadata.ts';

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const name = z.string().min(1).max(256);
const header = z.looseObject({
  alg: z.enum(SIGNATURE_ALGORITHMS),
  typ: z.string().max(64).optional(),
  kid: z.string().min(1).max(200).optional(),
  /** Extensions one must understand (RFC 7515, 4.1.11): we know none. */
  crit: z.undefined().optional(),
});
const claims = z.looseObject({
  sub: name,
  iat: numericDate,
  exp: numericDate,
  nonce: z.string().max(2048).optional(),
  sid: name.optional(),
  auth_time: numericDate.int().optional(),
  acr: z.string().max(400).optional(),
  amr: z.array(z.string().max(100)).max(50).optional(),
  azp: name.optional(),
  client_id: name.optional(),
  /** The client, at Okta. */
  cid: name.optional(),
  at_hash: z.string().max(200).optional(),
  scope: z.string().max(4096).optional(),
  scp: z.union([z.string().max(4096), z.array(z.string().max(200)).max(200)]).optional(),
});
export type OpenidClaims = z.infer<typeof claims>;

export type TokenParts = {
  readonly metadata: KeptMetadata<OpenidMetadata>;
  readonly issuer: string;
  readonly clientId: string;
};

/** Lower case, without the prefix that may be left out (RFC 7515, 4.1.9); empty when the token does not say. */
type TokenType = '' | 'jwt' | 'at+jwt' | 'logout+jwt';

/**
 * An ID token (OpenID Connect Core, 3.1.3.7): of this issuer, for this client alone. `nonce` null: it is of a refresh, and need not
 * carry one (12.2). Error: `token-invalid`, or what reading the metadata throws.
 */
export async function checkIdToken(
  parts: TokenParts,
  token: unknown,
  expected: { readonly nonce: string | null; readonly accessToken: string | null },
): Promise<OpenidClaims> {
  const payload = await verify(parts, token, { audience: parts.clientId, types: ['', 'jwt'] });
  const { aud } = payload;
  if (Array.isArray(aud) && aud.length !== 1) throw refused('it is for others too (claim aud)');
  const read = readClaims(payload);
  if (read.azp !== undefined && read.azp !== parts.clientId)
    throw refused('it was made for another client (claim azp)');
  if (expected.nonce !== null && read.nonce !== expected.nonce) throw refused('its nonce is not of this sign-in');
  if (read.at_hash !== undefined && expected.accessToken !== null && read.at_hash !== hashOf(expected.accessToken))
    throw refused('it belongs to another access token (claim at_hash)');
  return read;
}

export type CheckedOpenidAccessToken = {
  readonly kind: 'user' | 'app';
  readonly claims: OpenidClaims;
  /** The client the token was given to; null: the token does not say. */
  readonly clientId: string | null;
};

/**
 * A JWT access token (RFC 9068, 4). Of a program alone when the provider says so in its own words, or its subject is the client itself
 * (2.2) and nothing in it is of a person, for a person may have the id of a client as subject; else of a user, of whom the scope is asked.
 */
export async function checkOpenidAccessToken(
  parts: TokenParts,
  token: string,
  expected: { readonly audience: string; readonly scope: string; readonly types: readonly ('at+jwt' | 'JWT')[] },
): Promise<CheckedOpenidAccessToken> {
  const isUntyped = expected.types.includes('JWT');
  const types: readonly TokenType[] = isUntyped ? ['', 'jwt', 'at+jwt'] : ['at+jwt'];
  const payload = await verify(parts, token, { audience: expected.audience, types });
  const other = OF_OTHER_TOKENS.find((claim) => payload[claim] !== undefined);
  if (other !== undefined) throw refused(`it is no access token (claim ${other})`);
  if (typeof payload.typ === 'string' && payload.typ !== 'Bearer') throw refused('it is no access token (claim typ)');
  const read = readClaims(payload);
  const clientId = read.client_id ?? read.azp ?? read.cid ?? null;
  const isSaid = payload.idtyp === 'app' || payload.gty === 'client-credentials';
  const isApp = isSaid || (read.sub === clientId && !OF_PEOPLE.some((claim) => payload[claim] !== undefined));
  if (!isApp && !hasScope(read, expected.scope)) throw new ScopeMissingError(expected.scope);
  return { kind: isApp ? 'app' : 'user', claims: read, clientId };
}

/** Signature, issuer, audience and times of a logout token; its claims are for the caller. */
export function verifyOpenidLogoutToken(parts: TokenParts, token: string): Promise<JWTPayload> {
  return verify(parts, token, { audience: parts.clientId, types: ['', 'jwt', 'logout+jwt'] });
}

/** Of people alone: that they signed in, and their names. */
const OF_PEOPLE = [
  'auth_time',
  'acr',
  'amr',
  'sid',
  'uid',
  'preferred_username',
  'upn',
  'email',
  'given_name',
  'family_name',
];

/** Of ID tokens (nonce, hashes) and logout tokens (events); an access token of the same audience has none of them. */
const OF_OTHER_TOKENS = ['nonce', 'at_hash', 'c_hash', 'events'];

/** `scope` (RFC 9068, 2.2.3), or `scp` where the provider calls it so; by its name, or as an address that ends in it. */
function hasScope({ scope, scp }: OpenidClaims, wanted: string): boolean {
  const given = scope ?? scp ?? '';
  const names = typeof given === 'string' ? given.split(' ') : given;
  return names.some((name) => name === wanted || name.endsWith(`/${wanted}`));
}

async function verify(
  { metadata, issuer }: TokenParts,
  token: unknown,
  expected: { readonly audience: string; readonly types: readonly TokenType[] },
): Promise<JWTPayload> {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !COMPACT.test(token))
    throw refused('it is not a signed JWT');
  const keyId = requireHeader(token, expected.types);
  const { keys } = await metadata.get(keyId);
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: expected.audience,
      algorithms: SIGNATURE_ALGORITHMS,
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: ['exp', 'iat'],
    });
    requireMade({ iat: payload.iat ?? 0 });
    return payload;
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause;
    throw refused(explain(cause), cause);
  }
}

function requireHeader(token: string, types: readonly TokenType[]): string | undefined {
  let given: unknown;
  try {
    given = decodeProtectedHeader(token);
  } catch (cause) {
    throw refused('its header is not JSON', cause);
  }
  const parsed = header.safeParse(given);
  if (!parsed.success) throw refused(`its header is not that of a JWT signed by ${SIGNATURE_ALGORITHMS.join(', ')}`);
  const type = (parsed.data.typ ?? '').toLowerCase().replace(/^application\//, '');
  if (!types.some((known) => known === type)) throw refused('it is a token of another kind (header typ)');
  return parsed.data.kid;
}

function readClaims(payload: JWTPayload): OpenidClaims {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw refused(`claim ${parsed.error.issues[0]?.path[0]?.toString() ?? '?'} is missing or wrong`);
  return parsed.data;
}

/** All our algorithms hash by SHA-256: the left half of it (OpenID Connect Core, 3.1.3.6). */
function hashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken, 'ascii').digest().subarray(0, 16).toString('base64url');
}

function explain(cause: errors.JOSEError): string {
  if (cause instanceof errors.JWTExpired) return 'it has expired';
  if (cause instanceof errors.JWTClaimValidationFailed) return `claim ${cause.claim} is missing or wrong`;
  if (cause instanceof errors.JWKSNoMatchingKey)
    return 'the identity provider does not publish the key it is signed with';
  if (cause instanceof errors.JWKSMultipleMatchingKeys)
    return 'it does not say with which of several keys it is signed';
  if (cause instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it cannot be verified';
}
