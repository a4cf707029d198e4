import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SignJWT } from 'jose';
import { groupsOf, type Principal } from '#libs/contracts';
import { fileError } from '../errors.ts';
import { isCode, linkWhole } from '../whole-file.ts';

/** Seconds an assertion is valid; longer than any decision is cached (300 s at most). */
export const ASSERTION_SECONDS = 600;
/** Groups, and app roles, listed; an assertion travels in one header line, which many origins cap at 8 KiB. */
export const MAX_ASSERTED_GROUPS = 100;
/** Bytes of both lists together, as JSON; 6 KB of the header line. App roles go before groups. */
export const MAX_ASSERTED_LIST_BYTES = 4500;

export type AssertionSubject = {
  readonly principal: Principal;
  readonly sessionId: string;
  /** Origin of the app's external URL. */
  readonly audience: string;
  /** Who a connector may name to the domain for this app; null or absent: nobody. */
  readonly delegation?: Delegation | null;
};

export type Delegation = { readonly login: string; readonly servicePrincipalName: string };

export type AssertionSigner = {
  /**
   * ES256 JWT for one session and one app (RFC 7519). Groups that are too many or too long (100, 4,500 bytes with the
   * roles), or unknown: no `groups`, but `hasgroups: true`. App roles that are: no `roles`, but `hasroles: true`.
   */
  sign(subject: AssertionSubject): Promise<string>;
  /** Public keys (RFC 7517). */
  readonly keys: readonly Record<string, unknown>[];
  /** What they are checked against: keys and `iss`. */
  published(): { keys: Record<string, unknown>[]; issuer: string };
};

/** Reads the P-256 key, or makes it at the first start (mode 0600); processes that do so at once come to the same one. Error ERR_AUTH_FILE. */
export function createAssertionSigner(options: {
  readonly keyFile: string;
  /** URL of the sign-in host. */
  readonly issuer: string;
  readonly nowMs: () => number;
}): AssertionSigner {
  const privateKey = readKey(options.keyFile);
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  // RFC 7638 thumbprint.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  const keys = [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }];
  return {
    keys,
    published: () => ({ keys: [...keys], issuer: options.issuer }),
    sign: ({ principal, sessionId, audience, delegation = null }) => {
      const { username, name, email } = principal;
      const issuedAt = Math.floor(options.nowMs() / 1000);
      const claims = {
        name,
        preferred_username: username,
        ...(email === null ? {} : { email }),
        ...listsOf(principal),
        sid: sessionId,
        ...(delegation === null
          ? {}
          : { delegated_login: delegation.login, delegated_to: delegation.servicePrincipalName }),
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
        .setIssuer(options.issuer)
        .setAudience(audience)
        .setSubject(principal.subject)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ASSERTION_SECONDS)
        .sign(privateKey);
    },
  };
}

function listsOf(principal: Principal) {
  const roles = fitting(principal.roles, MAX_ASSERTED_LIST_BYTES);
  const left = MAX_ASSERTED_LIST_BYTES - (roles === null ? 0 : bytesOf(roles));
  const groups = fitting(groupsOf(principal), left);
  return {
    ...(groups === null ? { hasgroups: true } : { groups }),
    ...(roles === null ? { hasroles: true } : { roles }),
  };
}

/** The whole list or nothing: one cut in silence could be taken for all there is. */
function fitting(list: readonly string[] | null, maxBytes: number): readonly string[] | null {
  return list !== null && list.length <= MAX_ASSERTED_GROUPS && bytesOf(list) <= maxBytes ? list : null;
}

function bytesOf(list: readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(list));
}

function readKey(path: string) {
  try {
    const key = createPrivateKey(readOrCreate(path));
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('the key is not on P-256');
    return key;
  } catch (cause) {
    throw fileError(path, 'assertion key file', cause);
  }
}

function readOrCreate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  linkWhole(path, pem);
  // Another instance may have been first.
  return readFileSync(path, 'utf8');
}
