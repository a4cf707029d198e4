import { type AppSettings, isWildcardHost, type KerberosAuthorization } from '#libs/contracts';
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
 * What an app with Kerberos cannot be. Kerberos over HTTP/2 would sign in a connection that several users share (RFC 4559, 6): connectors
 * speak HTTP/1.1 to such an origin. And the ticket is for one service: whoever runs another host that requests reach could use it there,
 * so all of them go to one host. Error: ERR_APP_SETTING.
 */
export function requireKerberosFits(app: AppSettings): void {
  if (app.singleSignOn.authorization?.kind !== 'kerberos') return;
  if (app.originProtocol === 'h2')
    throw refuseSetting(
      'originProtocol',
      'h2',
      'does not go with Kerberos, which signs in connections that HTTP/2 shares',
      'set originProtocol to auto or http1, or take Kerberos away',
    );
  const host = hostOf(app.internalUrl);
  if (isWildcardHost(host))
    throw refuseSetting(
      'internalUrl',
      app.internalUrl,
      'has *, and with Kerberos the ticket for one service would go to every host of it',
      'give its exact host and publish an app for each service, or take Kerberos away',
    );
  const elsewhere = app.segments?.find(({ internalUrl }) => hostOf(internalUrl) !== host);
  if (elsewhere === undefined) return;
  throw refuseSetting(
    'segments',
    elsewhere.internalUrl,
    `is another host than ${host} of the internal URL, and with Kerberos would get the ticket for that`,
    'publish an app of its own for it, or take Kerberos away',
  );
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}

function refuseSetting(field: string, value: string, why: string, remedy: string): Error {
  return refuseValue('ERR_APP_SETTING', { field, value, why, remedy });
}

function refuse(part: string, value: string, why: string, remedy: string): Error {
  return refuseSetting(`singleSignOn.authorization.${part}`, value, why, remedy);
}
