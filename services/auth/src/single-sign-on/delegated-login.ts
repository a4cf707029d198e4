import type { AppState, KerberosAuthorization, Principal } from '#libs/contracts';
import type { Asker } from '../decisions/asker.ts';
import type { Delegation } from '../tokens/assertion-signer.ts';
import type { SignOnRefusal } from './origin-fields.ts';

export type Delegated = { readonly kind: 'delegation'; readonly delegation: Delegation } | SignOnRefusal;

/** Characters of a name that is put to a domain; Active Directory's user principal names are shorter. */
const MAX_LOGIN_CHARACTERS = 256;
/** One part of a Kerberos name: nothing that would end it, begin another part or name a realm (RFC 1964, 2.1.1), no blanks. */
const PART = /^[^\s\p{C}/@\\"]+$/u;

/**
 * Whom the connector is to name to the domain when it signs this person in at the app's origin, for the signed assertion; undefined
 * for an app without Kerberos. Programs have no account to act for, and the user name of a guest is one that another directory
 * gives out: only a claim can say who a guest is here. Pure.
 */
export function delegationOf(
  app: AppState | null,
  asker: Pick<Asker, 'principal' | 'credential'>,
): Delegated | undefined {
  if (app?.status !== 'published') return undefined;
  const { authorization } = app.singleSignOn;
  if (authorization?.kind !== 'kerberos') return undefined;
  const { principal, credential } = asker;
  const { username } = principal;
  if (credential !== null && credential.kind !== 'user-token')
    return refused(
      `${username} is a program, and this app signs in people by Kerberos: a program has no account there.`,
    );
  if (principal.isGuest === true && authorization.delegatedLogin !== 'claim')
    return refused(
      `You are signed in, but as a guest, and the domain of this app knows you by no user name of its own.`,
    );
  const login = loginOf(principal, authorization);
  if (login === undefined)
    return refused(
      `You are signed in, but nothing that is known of ${username} is the name of an account in the domain of this app. Whoever manages the app can say which name to use.`,
    );
  const { servicePrincipalName } = authorization;
  return { kind: 'delegation', delegation: { login, servicePrincipalName } };
}

/** A user principal name (`name@suffix`) or an account name; undefined when there is none that a domain could know. */
function loginOf(principal: Principal, { delegatedLogin, claim }: KerberosAuthorization): string | undefined {
  switch (delegatedLogin) {
    case 'upn':
      return isUpn(principal.username) ? principal.username : undefined;
    case 'user-part': {
      const [name = '', ...suffixes] = principal.username.split('@');
      return suffixes.length <= 1 && isPart(name) ? name : undefined;
    }
    case 'claim': {
      const { claims = {} } = principal;
      const value = claim !== null && Object.hasOwn(claims, claim) ? claims[claim] : undefined;
      return typeof value === 'string' && (isPart(value) || isUpn(value)) ? value : undefined;
    }
    default:
      return delegatedLogin satisfies never;
  }
}

function isUpn(text: string): boolean {
  const parts = text.split('@');
  return text.length <= MAX_LOGIN_CHARACTERS && parts.length === 2 && parts.every((part) => PART.test(part));
}

function isPart(text: string): boolean {
  return text.length <= MAX_LOGIN_CHARACTERS && PART.test(text);
}

function refused(detail: string): SignOnRefusal {
  return { kind: 'refused', reason: 'single-sign-on-no-login', detail };
}
