import { createOpenidIdentityProvider } from '../../../../services/auth/src/identity-provider/openid-identity-provider.ts';
import { createPassportIdentityProvider } from '../../../../services/auth/src/identity-provider/passport-identity-provider.ts';
import { firstIdentityProvider } from '../../../../services/auth/src/identity-provider/provider-config.ts';
import {
  API_ID,
  CLIENT_ID,
  describeIdentityProvider,
  OID,
  type ProviderOptions,
  SIGN_IN_ORIGIN,
  SUB,
} from './identity-provider.contract.ts';

const common = ({ issuer, caFile, secretFile, timeoutMs }: ProviderOptions) => ({
  issuer,
  caFile,
  timeoutMs,
  clientId: CLIENT_ID,
  clientSecretFile: secretFile,
  apiAudience: API_ID,
});

describeIdentityProvider('Entra ID by passport-azure-ad', {
  create: (options) => {
    const config = firstIdentityProvider.parse({ ...common(options), tenantId: options.tenantId });
    if (config.kind === 'openid') throw new Error('expected Entra ID without a kind');
    return createPassportIdentityProvider({ config, signInOrigin: SIGN_IN_ORIGIN, nowMs: options.nowMs });
  },
  person: ({ tenantId }) => ({ subject: OID, directoryTenant: tenantId }),
});

describeIdentityProvider('an OpenID provider by openid-client', {
  create: (options) => {
    const config = firstIdentityProvider.parse({
      ...common(options),
      kind: 'openid',
      accessTokenTypes: ['JWT'],
    });
    if (config.kind !== 'openid') throw new Error('expected an OpenID provider');
    return createOpenidIdentityProvider({ config, signInOrigin: SIGN_IN_ORIGIN, nowMs: options.nowMs });
  },
  person: ({ issuer }) => ({ subject: SUB, directoryTenant: issuer }),
});
