import { z } from 'zod';
import { type NkeyKind, verifyByNkey } from './nkey.ts';

/** Longest NATS JWT read, in characters: account JWTs with thousands of imports stay below the server's 1 MB payload. */
export const MAX_JWT_CHARACTERS = 1_048_576;

const header = z.object({ typ: z.string().regex(/^jwt$/i), alg: z.literal('ed25519-nkey') });
const claims = z.object({
  jti: z.string(),
  iat: z.number(),
  iss: z.string(),
  sub: z.string(),
  name: z.string().default(''),
  exp: z.number().optional(),
  nbf: z.number().optional(),
  aud: z.string().optional(),
  nats: z.looseObject({ type: z.string(), version: z.number() }),
});
export type NatsClaims = z.infer<typeof claims>;

export type DecodedJwt =
  | { readonly status: 'valid'; readonly claims: NatsClaims }
  | { readonly status: 'refused'; readonly reason: 'jwt-malformed' | 'jwt-signature-wrong' };

/**
 * Reads a NATS JWT (version 2) and verifies its signature by the issuer it names. Whether that issuer, the dates and the
 * kind are acceptable is the caller's question. Total: never throws.
 */
export function decodeJwt(text: string): DecodedJwt {
  const malformed = { status: 'refused', reason: 'jwt-malformed' } as const;
  if (text.length > MAX_JWT_CHARACTERS) return malformed;
  const [head, body, signature, ...rest] = text.trim().split('.');
  if (!head || !body || !signature || rest.length > 0) return malformed;
  const parsedHead = header.safeParse(parseJson(head));
  const parsedBody = claims.safeParse(parseJson(body));
  if (!parsedHead.success || !parsedBody.success) return malformed;
  const issuers: NkeyKind[] = ['account', 'operator', 'server', 'user'];
  const signed = Buffer.from(`${head}.${body}`);
  const isSigned = verifyByNkey(parsedBody.data.iss, issuers, signed, Buffer.from(signature, 'base64url'));
  return isSigned ? { status: 'valid', claims: parsedBody.data } : { status: 'refused', reason: 'jwt-signature-wrong' };
}

const userNats = z.looseObject({
  type: z.literal('user'),
  issuer_account: z.string().optional(),
  tags: z.array(z.string()).optional(),
});

export type UserJwtVerdict =
  | {
      readonly status: 'accepted';
      readonly name: string;
      readonly publicKey: string;
      readonly issuedAtSeconds: number;
      readonly tags: readonly string[];
    }
  | {
      readonly status: 'refused';
      readonly reason: 'jwt-malformed' | 'jwt-signature-wrong' | 'jwt-issuer-unknown' | 'jwt-expired' | 'jwt-revoked';
    };

/** Judges a user JWT as the server would: signature, issuer, account, dates, revocations of the account. */
export function verifyUserJwt(
  text: string,
  expected: {
    readonly account: string;
    readonly issuers: readonly string[];
    readonly nowSeconds: number;
    readonly revocations?: Readonly<Record<string, number>>;
  },
): UserJwtVerdict {
  const decoded = decodeJwt(text);
  if (decoded.status === 'refused') return decoded;
  const { claims: found } = decoded;
  const nats = userNats.safeParse(found.nats);
  if (!nats.success) return { status: 'refused', reason: 'jwt-malformed' };
  if (!expected.issuers.includes(found.iss) || (nats.data.issuer_account ?? found.iss) !== expected.account)
    return { status: 'refused', reason: 'jwt-issuer-unknown' };
  if ((found.exp ?? Infinity) <= expected.nowSeconds || (found.nbf ?? 0) > expected.nowSeconds)
    return { status: 'refused', reason: 'jwt-expired' };
  if (isRevoked(expected.revocations, found.sub, found.iat)) return { status: 'refused', reason: 'jwt-revoked' };
  return {
    status: 'accepted',
    name: found.name,
    publicKey: found.sub,
    issuedAtSeconds: found.iat,
    tags: nats.data.tags ?? [],
  };
}

/** A revocation names a user (or `*`) and the second up to which its JWTs are void. */
function isRevoked(revocations: Readonly<Record<string, number>> | undefined, user: string, issuedAt: number): boolean {
  const until = Math.max(revocations?.[user] ?? -1, revocations?.['*'] ?? -1);
  return issuedAt <= until;
}

function parseJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    // Not JSON: the schema check that follows says so.
    return undefined;
  }
}
