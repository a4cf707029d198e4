import { z } from 'zod';
import { MAX_KEPT_CLAIMS, type Principal } from '#libs/contracts';

const MAX_TEXT_LENGTH = 1024;
const MAX_TEXTS = 200;
const text = z.string().max(MAX_TEXT_LENGTH);
const texts = z.array(text).max(MAX_TEXTS);
const CONTROL = /\p{C}/u;

export type OnLeftOut = (claim: string, why: string) => void;

/** Names no configuration may keep: what a token is checked by, and whatever sounds like a secret. */
const RESERVED = /^(iss|aud|exp|nbf|iat|jti|nonce|c_hash|at_hash|sid|_claim_names|_claim_sources|__proto__)$/i;
const SECRET = /password|passwd|secret|token|credential|private|api.?key|otp|pin$/i;

/** Why a claim of this name is not kept, null when it is: for whoever reads the configuration. */
export function problemOfKeptClaim(name: string): string | null {
  if (RESERVED.test(name)) return 'is of the token itself, not of the person';
  if (SECRET.test(name)) return 'sounds like a secret, and claims stand in facts and headers';
  return null;
}

/**
 * Texts and lists of texts as they are, numbers and booleans as text. Whatever else, too long or with control characters is left out and
 * told of: one odd claim ends no sign-in. At most 32 names, texts of 1024 characters, lists of 200.
 */
export function keptClaimsOf(
  claims: Readonly<Record<string, unknown>>,
  options: { readonly keepClaims?: readonly string[]; readonly onLeftOut?: OnLeftOut },
): Pick<Principal, 'claims'> {
  const { keepClaims = [], onLeftOut } = options;
  const kept: [string, string | string[]][] = [];
  for (const name of keepClaims.slice(0, MAX_KEPT_CLAIMS)) {
    if (!Object.hasOwn(claims, name) || problemOfKeptClaim(name) !== null) continue;
    const value = readValue(claims[name]);
    if (value === null)
      onLeftOut?.(name, `expected text of at most ${MAX_TEXT_LENGTH} characters, or a list of ${MAX_TEXTS}`);
    else kept.push([name, value]);
  }
  return kept.length === 0 ? {} : { claims: Object.fromEntries(kept) };
}

function readValue(value: unknown): string | string[] | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const one = text.safeParse(value);
  if (one.success) return CONTROL.test(one.data) ? null : one.data;
  const many = texts.safeParse(value);
  return many.success && !many.data.some((part) => CONTROL.test(part)) ? many.data : null;
}
