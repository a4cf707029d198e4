import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseConfig } from '#libs/config';
import { isSallyportError } from '#libs/errors';
import { authConfig } from '../../../../services/auth/src/config.ts';

const entra = {
  issuer: 'https://login.microsoftonline.com/7f3a1c9e-5a0b-4c0e-9d52-0d6a3b1c2e4f/v2.0',
  tenantId: '7f3a1c9e-5a0b-4c0e-9d52-0d6a3b1c2e4f',
  clientId: 'sallyport',
  clientSecretFile: '/run/secret',
  apiAudience: 'api://sallyport',
};
const keycloak = {
  kind: 'openid',
  id: 'partners',
  name: 'Partners',
  issuer: 'https://id.partners.example/realms/main',
  clientId: 'sallyport',
  clientSecretFile: '/run/partners',
};
const config = (identityProvider: object = entra, furtherIdentityProviders?: readonly object[]) => ({
  tenant: 'default',
  broker: { servers: ['tls://localhost:4222'], caFile: '/ca.pem' },
  credentials: { backbone: '/a', core: '/b' },
  signInUrl: 'https://login.example/',
  portalUrl: 'https://portal.example/',
  keyDirectory: '/keys',
  identityProvider,
  ...(furtherIdentityProviders === undefined ? {} : { furtherIdentityProviders }),
});
const problemsOf = (input: object): readonly string[] => {
  try {
    parseConfig(authConfig, input, 'auth.json');
    return [];
  } catch (error) {
    if (!isSallyportError(error, 'ERR_CONFIG_INVALID')) throw error;
    return error.details.problems as string[];
  }
};

describe('identity providers in the configuration', () => {
  it('are Entra ID alone, as before there were several', () => {
    const { identityProvider, furtherIdentityProviders } = parseConfig(authConfig, config(), 'auth.json');
    expect(identityProvider).to.deep.include({ ...entra, id: 'first', timeoutMs: 4000 });
    expect(furtherIdentityProviders).to.deep.equal([]);
  });

  it('may be an OpenID provider first, and further ones of both kinds', () => {
    const { id: _id, name: _name, ...first } = keycloak;
    const further = { ...entra, kind: 'entra', id: 'staff', name: 'Staff' };
    const parsed = parseConfig(authConfig, config(first, [further]), 'auth.json');
    expect(parsed.identityProvider).to.deep.include({
      kind: 'openid',
      id: 'first',
      scopes: ['profile', 'email'],
      userInfo: false,
      accessTokenTypes: ['at+jwt'],
    });
    expect(parsed.furtherIdentityProviders[0]).to.deep.include({ id: 'staff', expectGroupsClaim: false });
  });

  it('have claims of their own', () => {
    const claims = { groups: 'realm_access.groups', directoryRoles: 'roles' };
    const parsed = parseConfig(authConfig, config(entra, [{ ...keycloak, claims }]), 'auth.json');
    const [partners] = parsed.furtherIdentityProviders;
    expect(partners)
      .to.have.property('claims')
      .that.deep.includes({ ...claims, subject: 'sub', name: 'name' });
  });

  const refused: readonly [string, object, RegExp][] = [
    [
      'an id twice',
      config(entra, [keycloak, { ...keycloak, issuer: 'https://b.example' }]),
      /^furtherIdentityProviders\.1\.id: partners is the id of another/,
    ],
    [
      'the id of the first',
      config(entra, [{ ...keycloak, id: 'first' }]),
      /^furtherIdentityProviders\.0\.id: first is the id of another/,
    ],
    [
      'an issuer twice',
      config(entra, [keycloak, { ...keycloak, id: 'b' }]),
      /^furtherIdentityProviders\.1\.issuer: https:\S+ is the issuer of another/,
    ],
    [
      'the issuer of the first',
      config(entra, [{ ...keycloak, issuer: entra.issuer }]),
      /^furtherIdentityProviders\.0\.issuer: /,
    ],
    [
      'an id with capitals',
      config(entra, [{ ...keycloak, id: 'Partners' }]),
      /\.id: expected 1 to 32 of a-z, 0-9 and -$/,
    ],
    ['no id', config(entra, [{ ...keycloak, id: undefined }]), /^furtherIdentityProviders\.0\.id: /],
    ['no name', config(entra, [{ ...keycloak, name: ' ' }]), /^furtherIdentityProviders\.0\.name: /],
    [
      'an issuer without TLS',
      config({ ...entra, issuer: 'http://localhost/' }),
      /^identityProvider\.issuer: expected an https address$/,
    ],
    [
      'an issuer too long to be a directory',
      config(entra, [{ ...keycloak, issuer: `https://${'x'.repeat(130)}.example` }]),
      /\.issuer: /,
    ],
    [
      'more time for an exchange than a sign-in has',
      config({ ...entra, timeoutMs: 15_001 }),
      /^identityProvider\.timeoutMs: /,
    ],
    ['a kind nobody knows', config({ ...entra, kind: 'saml' }), /^identityProvider\.kind: /],
    ['an option of the other kind', config({ ...entra, claims: {} }), /^identityProvider: .*claims/],
    ['a directory of an OpenID provider', config(entra, [{ ...keycloak, tenantId: entra.tenantId }]), /tenantId/],
    [
      'a context that is too long',
      config(entra, [{ ...keycloak, authenticationContexts: { acr: { a: 'x'.repeat(17) } } }]),
      /authenticationContexts\.acr\.a: /,
    ],
    ['a scope with a space', config(entra, [{ ...keycloak, scopes: ['a b'] }]), /scopes\.0: expected a scope name$/],
    [
      'ten further ones',
      config(
        entra,
        Array.from({ length: 10 }, (_, i) => ({ ...keycloak, id: `p${i}`, issuer: `https://p${i}.example` })),
      ),
      /^furtherIdentityProviders: /,
    ],
  ];
  for (const [what, input, problem] of refused)
    it(`are refused with ${what}, and the problem says where`, () => {
      expect(
        problemsOf(input).some((found) => problem.test(found)),
        problemsOf(input).join('\n'),
      ).to.equal(true);
    });
});
