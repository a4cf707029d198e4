/** How a name is read by the Kerberos library. */
export type NameKind =
  /** `name`, `service/host`, each perhaps with `@REALM` (RFC 1964, 2.1.1). */
  | 'account'
  /** A user principal name, which the domain looks up (RFC 6806, 5), perhaps with `@REALM` behind it. */
  | 'enterprise'
  /** `service@host`; the library finds the realm (RFC 2743, 4.1). */
  | 'host-service';

export type KerberosName = { readonly text: string; readonly kind: NameKind };

const MAX_LOGIN_CHARACTERS = 256;
/** One part: nothing that would end it, begin another or name a realm. */
const PART = /^[^\s\p{C}/@\\"]+$/u;

/**
 * `login` as auth asserts it: a user principal name or an account name. Undefined for anything else, and for a name that is written
 * otherwise than in its normal form (NFKC): a domain may take it for somebody else's, as with a full-width letter. Pure.
 */
export function userNameOf(login: string, realm: string | null): KerberosName | undefined {
  if (login.normalize('NFKC') !== login) return undefined;
  const parts = login.split('@');
  if (login.length > MAX_LOGIN_CHARACTERS || parts.length > 2 || !parts.every((part) => PART.test(part)))
    return undefined;
  const kind = parts.length === 2 ? 'enterprise' : 'account';
  return { text: realm === null ? login : `${login}@${realm}`, kind };
}

/** A service principal name as routing checked it. Pure. */
export function serviceNameOf(servicePrincipalName: string): KerberosName {
  return { text: servicePrincipalName, kind: servicePrincipalName.includes('/') ? 'account' : 'host-service' };
}
