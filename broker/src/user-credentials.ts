import {
  createNkey,
  credentialsOf,
  encodeUserJwt,
  nkeyFromSeed,
  parseCredentials,
  type UserClaims,
} from '#libs/nats-identity';
import { corrupt, readIfPresent, requirePrivate, writeSecretFile } from './data-files.ts';
import { isSameClaims } from './jwt-files.ts';
import type { AccountKeys } from './keys.ts';
import type { ServiceUser } from './permissions/types.ts';

const RESPONSE_LIFETIME_NANOS = 60_000_000_000;

/**
 * Keeps a credentials file whose rights are those wanted. Changed rights give a new JWT for the same key.
 * @returns the user's public key.
 */
export async function ensureCredentials(input: {
  readonly path: string;
  readonly service: string;
  readonly user: ServiceUser;
  readonly account: AccountKeys;
}): Promise<string> {
  const text = await readIfPresent(input.path);
  const existing = text === undefined ? undefined : parseCredentials(text);
  if (text !== undefined && !existing) throw unusable(input.path);
  if (existing) await requirePrivate(input.path);
  const key = existing ? seedOf(existing.seed, input.path) : createNkey('user');
  const jwt = await encodeUserJwt({
    name: input.service,
    publicKey: key.publicKey,
    account: input.account.identity.publicKey,
    signer: input.account.signing,
    permissions: userRights(input.user),
  });
  if (!existing || !isSameClaims(existing.jwt, jwt)) await writeSecretFile(input.path, credentialsOf(jwt, key));
  return key.publicKey;
}

/** In a user JWT an empty list means everything: nothing is written as a denial of everything. */
function userRights(user: ServiceUser): Partial<UserClaims> {
  return {
    pub: user.publish.length > 0 ? { allow: [...user.publish] } : { deny: ['>'] },
    sub: user.subscribe.length > 0 ? { allow: [...user.subscribe] } : { deny: ['>'] },
    ...(user.mayRespond ? { resp: { max: 1, ttl: RESPONSE_LIFETIME_NANOS } } : {}),
    allowed_connection_types: ['STANDARD'],
  };
}

function seedOf(seed: string, path: string) {
  try {
    return nkeyFromSeed(seed, 'user');
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause?: unknown) {
  return corrupt(path, 'is no NATS credentials file', 'delete it to have new credentials made', cause);
}
