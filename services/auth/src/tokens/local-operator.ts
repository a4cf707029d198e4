import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeJwt, jwtVerify } from 'jose';
import type { Principal } from '#libs/contracts';
import { fileError, IdentityProviderError } from '../errors.ts';
import type { VerifiedBearer } from '../identity-provider/identity-provider.ts';

/** `iss` and `aud` of a local operator's token (ADR-0001, 10). */
export const LOCAL_OPERATOR_ISSUER = 'sallyport-local-operator';
export const LOCAL_OPERATOR_AUDIENCE = 'api://sallyport';
/** Longest validity accepted, in seconds. */
const MAX_VALIDITY_SECONDS = 300;
const CLOCK_SKEW_SECONDS = 5;

/** Who may read the data directory owns the system: administrator, known under one name. */
const LOCAL_OPERATOR: Principal = {
  subject: 'local-operator',
  directoryTenant: 'local',
  username: 'local-operator',
  name: 'Local operator',
  email: null,
  groups: [],
  roles: [],
  directoryRoles: [],
};

export type LocalOperatorVerifier = (token: string) => Promise<VerifiedBearer>;

/** Whether a token says of itself that it is a local operator's; nothing is believed yet. */
export function claimsLocalOperator(token: string): boolean {
  try {
    return decodeJwt(token).iss === LOCAL_OPERATOR_ISSUER;
  } catch {
    // Not a JWT: the identity provider's check says so.
    return false;
  }
}

/** Errors: ERR_AUTH_FILE here; tokens are refused with IdentityProviderError `token-invalid`. */
export function createLocalOperatorVerifier(publicKeyFile: string, nowMs: () => number): LocalOperatorVerifier {
  const key = readPublicKey(publicKeyFile);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['ES256'],
        issuer: LOCAL_OPERATOR_ISSUER,
        audience: LOCAL_OPERATOR_AUDIENCE,
        requiredClaims: ['exp', 'iat'],
        maxTokenAge: MAX_VALIDITY_SECONDS,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: new Date(nowMs()),
      });
      const { exp = 0, iat = 0 } = payload;
      if (exp - iat > MAX_VALIDITY_SECONDS) throw new RangeError(`valid longer than ${MAX_VALIDITY_SECONDS} s`);
      return { principal: LOCAL_OPERATOR, issuedAtMs: iat * 1000, expiresAtMs: exp * 1000 };
    } catch (cause) {
      const sentence =
        'The token of the local operator was refused: it is not signed by this installation, or has expired.';
      throw new IdentityProviderError('token-invalid', sentence, cause);
    }
  };
}

function readPublicKey(path: string) {
  try {
    const key = createPublicKey(readFileSync(path, 'utf8'));
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('the key is not on P-256');
    return key;
  } catch (cause) {
    throw fileError(path, 'public key file of the local operator', cause);
  }
}
