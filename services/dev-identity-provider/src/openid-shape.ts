import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { DevIdentityProviderConfig } from './config.ts';
import type { Directory, Person } from './directory.ts';
import { SECOND_FACTOR_ACR } from './second-factor.ts';

/** Claims by scope (OpenID Connect Core, 5.4); groups and app roles come with the profile. */
const CLAIMS = {
  openid: ['sub', 'amr'],
  profile: ['name', 'preferred_username', 'groups', 'roles'],
  email: ['email', 'email_verified'],
};

/**
 * The same provider without anything of Entra ID: standard claims, most of them at the UserInfo endpoint alone, access tokens of RFC
 * 9068, `acr_values` in place of authentication contexts. Its cookies have names of their own: browsers tell ports apart for nothing.
 */
export function openidShaped(
  entraShaped: Configuration,
  { config, directory }: { readonly config: DevIdentityProviderConfig; readonly directory: Directory },
): Configuration {
  const { routes: _routes, formats: _formats, cookies, ...kept } = entraShaped;
  const further = config.users.flatMap(({ claims }) => Object.keys(claims));
  return {
    ...kept,
    acrValues: [SECOND_FACTOR_ACR],
    claims: {
      ...CLAIMS,
      profile: [...new Set([...CLAIMS.profile, ...further])],
      acr: null,
      sid: null,
      auth_time: null,
      iss: null,
    },
    conformIdTokenClaims: true,
    cookies: {
      ...cookies,
      names: { session: '_openid_session', interaction: '_openid_interaction', resume: '_openid_resume' },
    },
    extraTokenClaims: (_ctx, token) => {
      const person = 'accountId' in token ? directory.find(String(token.accountId)) : undefined;
      return person === undefined ? undefined : standardClaims(person);
    },
    findAccount: (_ctx: KoaContextWithOIDC, id: string) => {
      const person = directory.find(id);
      if (person === undefined) return undefined;
      return { accountId: id, claims: () => ({ ...standardClaims(person), sub: id }) };
    },
  };
}

function standardClaims(person: Person): Record<string, unknown> {
  return {
    ...person.claims,
    name: person.name,
    preferred_username: person.username,
    email: person.email,
    email_verified: true,
    groups: person.groups,
    roles: person.roles,
  };
}
