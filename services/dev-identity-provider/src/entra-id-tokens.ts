import { decodeJwt, SignJWT } from 'jose';
import type Provider from 'oidc-provider';
import type { SigningKey } from './signing-key.ts';

type IdToken = InstanceType<Provider['IdToken']>;
type Issue = (this: IdToken, options: Parameters<IdToken['issue']>[0]) => Promise<string>;

/**
 * Makes the provider's ID tokens look like Entra's: header `typ: "JWT"`, which oidc-provider omits and passport-azure-ad
 * insists on, and no `amr`, which Entra v2.0 never sends. Done by signing again, since the library has no hook for it.
 */
export function issueEntraIdTokens(provider: Provider, key: SigningKey): void {
  // A session id in every ID token, as with Entra's optional claim, not only where logout tokens go.
  provider.Client.prototype.includeSid = () => true;
  const { prototype } = provider.IdToken;
  const issue: Issue = Reflect.get(prototype, 'issue');
  prototype.issue = async function issueAsEntra(this: IdToken, options): Promise<string> {
    const token = await issue.call(this, options);
    if (options.use !== 'idtoken') return token;
    const { amr: _amr, ...payload } = decodeJwt(token);
    return new SignJWT(payload).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.kid }).sign(key.privateKey);
  };
}
