import type { CancelReason, FieldList } from '#libs/tunnel-protocol';
import { fieldValue } from '../origin-rules.ts';
import type { KerberosTarget } from '../origin-target.ts';
import type { CheckAssertion } from './check-assertion.ts';
import { serviceNameOf, userNameOf } from './kerberos-names.ts';
import type { RefusedAbout } from './ticket-messages.ts';
import type { Tickets } from './tickets.ts';

/** In lower case; the ingress puts it into the head of every request of a signed-in user. */
const ASSERTION = 'x-sallyport-assertion';
const AUTHORIZATION = 'authorization';

export type AuthorizedCall =
  /** The fields with the user's ticket in place of whatever stood in `Authorization`. */
  | { readonly kind: 'fields'; readonly fields: FieldList }
  /** The request must not go out. `text`: for the logs. */
  | { readonly kind: 'refused'; readonly reason: CancelReason; readonly text: string };

/** Called before each try of a call: origins take a ticket once. Never rejects. */
export type AuthorizeCall = (target: KerberosTarget, fields: FieldList) => Promise<AuthorizedCall>;

const REASONS: Readonly<Record<RefusedAbout, CancelReason>> = {
  domain: 'kerberos-unavailable',
  delegation: 'kerberos-delegation-refused',
  user: 'kerberos-user-refused',
};

export function createAuthorizeCall(check: CheckAssertion, tickets: Pick<Tickets, 'ask'>): AuthorizeCall {
  return async (target, fields) => {
    const { servicePrincipalName, realm, mechanism } = target;
    const asserted = await check(fieldValue(fields, ASSERTION), target);
    if (asserted.kind === 'refused') return { kind: 'refused', reason: 'assertion-refused', text: asserted.text };
    const user = userNameOf(asserted.login, realm);
    if (user === undefined) {
      const text = `${JSON.stringify(asserted.login)} is no name that a domain could know`;
      return { kind: 'refused', reason: 'kerberos-user-refused', text };
    }
    const answer = await tickets.ask({ user, service: serviceNameOf(servicePrincipalName), mechanism });
    if (answer.kind === 'refused') return { kind: 'refused', reason: REASONS[answer.about], text: answer.text };
    return { kind: 'fields', fields: withAuthorization(fields, `Negotiate ${answer.token}`) };
  };
}

function withAuthorization(fields: FieldList, value: string): FieldList {
  const kept: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (name.toLowerCase() !== AUTHORIZATION) kept.push(name, fields[i + 1] ?? '');
  }
  return [...kept, 'Authorization', value];
}
