import { z } from 'zod';
import { ScopeMissingError } from '../errors.ts';
import { checkToken, peekClaims, refused, type TokenClaims } from './check-token.ts';
import type { MetadataStore } from './metadata-store.ts';

const API_PREFIX = 'api://';
const ofApp = z.looseObject({
  /** Entra's optional claim: `app` for a token of a program on its own behalf, `user` else. */
  idtyp: z.enum(['app', 'user']).optional(),
  azp: z.string().min(1).max(128).optional(),
});
/** Of ID tokens and logout tokens alone: those of a client that is its own API have the same audience. */
const OF_OTHER_TOKENS = ['nonce', 'c_hash', 'at_hash', 'events'];

export type CheckedAccessToken = {
  readonly kind: 'user' | 'app';
  readonly claims: TokenClaims;
  /** `azp`: the client the token was given to; null: the token does not say. */
  readonly clientId: string | null;
};

/**
 * An access token of Entra ID v2.0 for a published app. Tokens of v2.0 name the API by its client id, whatever it is asked for by, so
 * `api://<id>` and `<id>` are one audience. A token with `idtyp` `app` is of a program alone; without that optional claim, one that has no
 * `scp`, and `sub` the same as `oid`. No scope is asked of it, who grants it anything looks at its roles. passport-azure-ad has no part in this: it wants a strategy for each audience,
 * refuses tokens without `scp`, and checks nothing that is not checked here.
 */
export async function checkAccessToken(
  store: MetadataStore,
  token: string,
  expected: {
    readonly issuer: string;
    readonly tenantId: string;
    readonly audience: string;
    readonly scope: string;
  },
): Promise<CheckedAccessToken> {
  if (Reflect.get(peekClaims(token), 'ver') === '1.0')
    throw refused(
      'it is of version 1.0: set requestedAccessTokenVersion (accessTokenAcceptedVersion in older manifests) of the app registration to 2',
    );
  const { issuer, tenantId } = expected;
  const claims = await checkToken(store, token, { issuer, tenantId, audience: audiencesOf(expected.audience) });
  const { scp = '' } = claims;
  const sign = OF_OTHER_TOKENS.find((name) => Object.hasOwn(claims, name));
  if (sign !== undefined) throw refused(`it is no access token (claim ${sign})`);
  const parsed = ofApp.safeParse(claims);
  if (!parsed.success) throw refused('claim idtyp or azp is of a wrong kind');
  const { idtyp, azp } = parsed.data;
  const kind = idtyp ?? (scp === '' ? 'app' : 'user');
  // An ID token that a refresh brought has no nonce, and would be a program with the roles of its user.
  if (idtyp === undefined && kind === 'app' && (azp === undefined || claims.sub !== claims.oid))
    throw refused('it has neither a scope nor the marks of a program alone (claims azp and idtyp, or sub as oid)');
  if (kind === 'user' && !scp.split(' ').includes(expected.scope)) throw new ScopeMissingError(expected.scope);
  return { kind, claims, clientId: azp ?? null };
}

/** Both names of an API: `api://<id>` and `<id>`. */
export function audiencesOf(audience: string): readonly string[] {
  const id = audience.startsWith(API_PREFIX) ? audience.slice(API_PREFIX.length) : audience;
  return [id, `${API_PREFIX}${id}`];
}
