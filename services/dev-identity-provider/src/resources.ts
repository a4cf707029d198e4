import type { DevIdentityProviderConfig } from './config.ts';
import { type Directory, entraClaims } from './directory.ts';

/** Short names, as they stand in `scp`. */
const API_SCOPES = ['Sallyport.Manage', 'Connector.Register'] as const;
/** What programs alone ask for: whatever was granted to them. */
const DEFAULT_SCOPE = '.default';

/** What access tokens are for. */
export type Resource = {
  readonly clientId: string;
  /** `api://<client id>`. */
  readonly uri: string;
  /** All of its scopes, as one text. */
  readonly scope: string;
};

/** Sallyport's own API first. */
export function resourcesOf({ clients }: DevIdentityProviderConfig): readonly Resource[] {
  return [{ clientId: clients.api.clientId, scopes: [...API_SCOPES] }, ...clients.apis].map(({ clientId, scopes }) => {
    const uri = `api://${clientId}`;
    return { clientId, uri, scope: [...scopes, DEFAULT_SCOPE].map((name) => `${uri}/${name}`).join(' ') };
  });
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

type JwtParts = { header?: Record<string, unknown> | undefined; payload: Record<string, unknown> };

/** Access tokens of Entra v2.0: short scope names in `scp`, the client in `azp`, `typ: "JWT"`; those of programs alone with `roles`. */
export function shapeAccessToken(
  { config, directory }: { readonly config: DevIdentityProviderConfig; readonly directory: Directory },
  token: object,
  jwt: JwtParts,
): void {
  const { scope, client_id: clientId, ...payload } = jwt.payload;
  const person =
    'accountId' in token && typeof token.accountId === 'string' ? directory.find(token.accountId) : undefined;
  const daemon = config.clients.daemons.find((one) => one.clientId === clientId);
  const names = (typeof scope === 'string' ? scope : '')
    .split(' ')
    .map((name) => name.slice(name.lastIndexOf('/') + 1))
    .filter((name) => name !== '' && name !== DEFAULT_SCOPE);
  jwt.header = { typ: 'JWT' };
  jwt.payload = {
    ...payload,
    azp: clientId,
    azpacr: daemon === undefined ? '0' : '1',
    ...(names.length > 0 ? { scp: names.join(' ') } : {}),
    ...(person === undefined ? {} : { ...entraClaims(person, config.tenantId, textsOf(payload.acrs)), idtyp: 'user' }),
    ...(daemon === undefined || person !== undefined ? {} : daemonClaims(daemon, config.tenantId, payload.aud)),
  };
}

function daemonClaims(
  { oid, roles }: DevIdentityProviderConfig['clients']['daemons'][number],
  tenantId: string,
  audience: unknown,
): Record<string, unknown> {
  const granted = typeof audience === 'string' ? (roles[audience] ?? []) : [];
  return {
    ver: '2.0',
    tid: tenantId,
    oid,
    sub: oid,
    idtyp: 'app',
    nbf: Math.floor(Date.now() / 1000),
    ...(granted.length > 0 ? { roles: granted } : {}),
  };
}
