import type { AppSettings, BearerTokens, SingleSignOn } from '#libs/contracts';
import { parseUrl } from '#libs/urls';
import { refuseValue } from '../errors.ts';
import { normalizeClaimHeaders } from './claim-headers.ts';
import { normalizeKerberos } from './kerberos-settings.ts';

/** Visible ASCII without blanks: what may stand in a scope token or an audience (RFC 6749, 3.3; RFC 8693, 2.1). */
const VISIBLE = /^[\x21-\x7e]+$/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;
/** In place of what may hold a password: `user:password` for a user name, or one in a URL. */
const NOT_SHOWN = '(not shown)';
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Error: ERR_APP_SETTING. */
export function requireBearerTokens(bearerTokens: BearerTokens | null): BearerTokens | null {
  if (bearerTokens === null) return null;
  const { audience, scope } = bearerTokens;
  if (!VISIBLE.test(audience))
    throw refuse('bearerTokens.audience', audience, 'is no audience', 'expected an application ID URI or a client id');
  if (!VISIBLE.test(scope))
    throw refuse(
      'bearerTokens.scope',
      scope,
      'is no scope',
      'expected the short name of one, such as user_impersonation',
    );
  return bearerTokens;
}

/** Error: ERR_APP_SETTING. Whether the provider exists is not known here. */
export function requireIdentityProvider(id: string | null): string | null {
  if (id === null || /^[a-z0-9-]{1,32}$/.test(id)) return id;
  throw refuse('identityProvider', id, 'is no id of an identity provider', 'expected 1 to 32 characters of a-z 0-9 -');
}

/** Checked and normalized; sealed secrets are taken as they are. Error: ERR_APP_SETTING. */
export function normalizeSingleSignOn({ claimHeaders, authorization }: SingleSignOn): SingleSignOn {
  return { claimHeaders: normalizeClaimHeaders(claimHeaders), authorization: normalizeAuthorization(authorization) };
}

/** The three settings are about people who sign in, and for passthrough nobody does. Error: ERR_APP_SETTING. */
export function requireSignedInUsers(app: AppSettings): void {
  if (app.preauthentication !== 'passthrough') return;
  const { claimHeaders, authorization } = app.singleSignOn;
  const field =
    app.bearerTokens !== null
      ? 'bearerTokens'
      : app.identityProvider !== null
        ? 'identityProvider'
        : claimHeaders.length > 0 || authorization !== null
          ? 'singleSignOn'
          : undefined;
  if (field === undefined) return;
  throw refuse(
    'preauthentication',
    'passthrough',
    `does not go with ${field}, for nobody signs in`,
    `take ${field} away, or set preauthentication to oidc`,
  );
}

function normalizeAuthorization(authorization: SingleSignOn['authorization']): SingleSignOn['authorization'] {
  if (authorization === null) return null;
  const { kind } = authorization;
  switch (kind) {
    case 'basic':
      // RFC 7617, 2: the first colon ends the user name.
      if (!/[:\p{Cc}]/u.test(authorization.username)) return authorization;
      throw refuse(
        'singleSignOn.authorization.username',
        NOT_SHOWN,
        'has a colon or control characters',
        'expected a user name that Basic can carry',
      );
    case 'bearer':
      return authorization;
    case 'kerberos':
      return normalizeKerberos(authorization);
    case 'token-exchange': {
      const { clientId, audience, scope } = authorization;
      if (!/^[\x20-\x7e]+$/.test(clientId))
        throw refuse('singleSignOn.authorization.clientId', clientId, 'is no client id', 'expected printable ASCII');
      if (audience !== null && !VISIBLE.test(audience))
        throw refuse(
          'singleSignOn.authorization.audience',
          audience,
          'is no audience',
          'expected visible ASCII, or null',
        );
      if (scope !== null && !SCOPE.test(scope))
        throw refuse(
          'singleSignOn.authorization.scope',
          scope,
          'is no scope',
          'expected names with single spaces between, or null',
        );
      return { ...authorization, tokenEndpoint: normalizeTokenEndpoint(authorization.tokenEndpoint) };
    }
    default:
      return kind satisfies never;
  }
}

function normalizeTokenEndpoint(text: string): string {
  const refuseIt = (why: string, remedy: string, shown = NOT_SHOWN) =>
    refuse('singleSignOn.authorization.tokenEndpoint', shown, why, remedy);
  const url = parseUrl(text);
  if (url === undefined) throw refuseIt('is no URL', 'expected one such as https://login.example.com/token');
  if (url.username !== '' || url.password !== '')
    throw refuseIt('holds credentials', 'give them as clientId and clientSecret');
  // `user:password@host` is a URL too, of a scheme `user:`.
  const shown = /^https?:$/.test(url.protocol) ? `${url.origin}${url.pathname}` : NOT_SHOWN;
  if (url.hash !== '') throw refuseIt('has a fragment', 'leave it out (RFC 6749, 3.2)', shown);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url.href;
  throw refuseIt('is not https', 'a secret goes there: expected https (http to a loopback address only)', shown);
}

function refuse(field: string, value: string, why: string, remedy: string): Error {
  return refuseValue('ERR_APP_SETTING', { field, value, why, remedy });
}
