import { isDeepStrictEqual } from 'node:util';
import { decodeJwt, type NatsClaims } from '#libs/nats-identity';
import { corrupt, readIfPresent, writeSecretFile } from './data-files.ts';

/** The claims of a JWT file, `undefined` when there is none. @throws ERR_BROKER_CORRUPT when it does not verify. */
export async function readJwtFile(path: string): Promise<{ text: string; claims: NatsClaims } | undefined> {
  const text = (await readIfPresent(path))?.trim();
  if (text === undefined) return undefined;
  const decoded = decodeJwt(text);
  if (decoded.status === 'valid') return { text, claims: decoded.claims };
  throw corrupt(path, `is no valid NATS JWT (${decoded.reason})`, 'delete it to have it made again from its keys');
}

/**
 * Keeps a JWT whose claims are still those wanted, else writes a new one. JWTs carry the second they were issued, so a
 * new one differs even when nothing changed.
 */
export async function ensureJwtFile(path: string, encode: () => Promise<string>): Promise<string> {
  const [existing, wanted] = await Promise.all([readJwtFile(path), encode()]);
  if (existing && isSameClaims(existing.text, wanted)) return existing.text;
  await writeSecretFile(path, `${wanted}\n`);
  return wanted;
}

export function isSameClaims(one: string, other: string): boolean {
  const [a, b] = [decodeJwt(one), decodeJwt(other)];
  if (a.status === 'refused' || b.status === 'refused') return false;
  return isDeepStrictEqual(comparable(a.claims), comparable(b.claims));
}

/** Without what differs at every issue, and without activation tokens' own dates. */
function comparable(claims: NatsClaims): unknown {
  const { jti: _jti, iat: _iat, ...rest } = claims;
  return rest;
}
