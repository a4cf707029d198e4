import type { AppSettings, KerberosAuthorization } from '#libs/contracts';
import { refuseValue } from '../errors.ts';

const HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?';
/** RFC 4120, 6.2: service and host of an account, perhaps with a port and a realm. */
const BY_ACCOUNT = new RegExp(`^[A-Za-z][A-Za-z0-9-]{0,31}/${HOST}(:[0-9]{1,5})?(@[A-Za-z0-9.-]{1,255})?$`);
/** RFC 2743, 4.1: service at a host; the realm is looked up by the host. */
const BY_HOST = new RegExp(`^[A-Za-z][A-Za-z0-9-]{0,31}@${HOST}$`);
const REALM = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/;
/** As of a claim that the identity provider's configuration keeps. */
const CLAIM = /^[\x21-\x7e]{1,128}$/;

/** Error: ERR_APP_SETTING. */
export function normalizeKerberos(authorization: KerberosAuthorization): KerberosAuthorization {
  const { servicePrincipalName: name, delegatedLogin, claim, realm } = authorization;
  if (!BY_ACCOUNT.test(name) && !BY_HOST.test(name))
    throw refuse(
      'servicePrincipalName',
      name,
      'is no service principal name',
      'expected one such as HTTP/wiki.corp.example',
    );
  if (realm !== null && !REALM.test(realm))
    throw refuse(
      'realm',
      realm,
      'is no realm',
      'expected one such as CORP.EXAMPLE, or null for the default of the host',
    );
  if (delegatedLogin !== 'claim' && claim !== null)
    throw refuse(
      'claim',
      claim,
      `does not go with delegatedLogin ${delegatedLogin}`,
      'leave it out, or set delegatedLogin to claim',
    );
  if (delegatedLogin === 'claim' && (claim === null || !CLAIM.test(claim)))
    throw refuse(
      'claim',
      claim ?? '',
      'is no claim',
      'expected the name of a claim that the identity provider keeps (keepClaims)',
    );
  return authorization;
}

/**
 * Kerberos over HTTP/2 would sign in a connection that several users share (RFC 4559, 6): connectors speak HTTP/1.1 to such an
 * origin, and one that is HTTP/2 only cannot have it. Error: ERR_APP_SETTING.
 */
export function requireKerberosFits({ originProtocol, singleSignOn }: AppSettings): void {
  if (singleSignOn.authorization?.kind !== 'kerberos' || originProtocol !== 'h2') return;
  throw refuseValue('ERR_APP_SETTING', {
    field: 'originProtocol',
    value: 'h2',
    why: 'does not go with Kerberos, which signs in connections that HTTP/2 shares',
    remedy: 'set originProtocol to auto or http1, or take Kerberos away',
  });
}

function refuse(part: string, value: string, why: string, remedy: string): Error {
  return refuseValue('ERR_APP_SETTING', { field: `singleSignOn.authorization.${part}`, value, why, remedy });
}
