import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { SallyportError } from '#libs/errors';

/** ADR-0001 no. 10: whoever can read the data directory owns the system, so the CLI beside it signs its own calls. */
export const LOCAL_OPERATOR_ISSUER = 'sallyport-local-operator';
export const LOCAL_OPERATOR_AUDIENCE = 'api://sallyport';
/** Seconds a token lives; auth refuses one that claims more. */
export const LOCAL_OPERATOR_LIFETIME_SECONDS = 300;

/** A new ECDSA P-256 key pair, PEM (PKCS #8 and SPKI). */
export function createLocalOperatorKey(): { readonly privateKeyPem: string; readonly publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** An ES256 token for our own API. `name` is who runs the tool, recorded with what it does. Error: ERR_LOCAL_OPERATOR_KEY. */
export async function mintLocalOperatorToken(privateKeyPem: string, name: string): Promise<string> {
  try {
    return await new SignJWT({ name })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setIssuer(LOCAL_OPERATOR_ISSUER)
      .setAudience(LOCAL_OPERATOR_AUDIENCE)
      .setSubject('local-operator')
      .setIssuedAt()
      .setExpirationTime(`${LOCAL_OPERATOR_LIFETIME_SECONDS}s`)
      .sign(createPrivateKey(privateKeyPem));
  } catch (cause) {
    throw new SallyportError('ERR_LOCAL_OPERATOR_KEY', 'local operator key is no P-256 private key in PEM', {
      cause,
      expose: true,
    });
  }
}
