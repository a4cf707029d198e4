import type { KerberosName } from './kerberos-names.ts';

/** What the connector asks its ticket process; one answer comes for each, in any order. */
export type TicketQuestion = {
  readonly id: number;
  readonly user: KerberosName;
  readonly service: KerberosName;
  readonly mechanism: 'spnego' | 'kerberos';
};

/**
 * Whom a refusal is about: the way to the domain or the connector's own account (`domain`), the delegation to this service
 * (`delegation`), or the user.
 */
export type RefusedAbout = 'domain' | 'delegation' | 'user';

export type TicketAnswer =
  /** `token`: base64, for one request alone. `keptForMs`: so long another one of the same kind needs no KDC, as it seems. */
  | { readonly kind: 'token'; readonly token: string; readonly keptForMs: number }
  | { readonly kind: 'refused'; readonly about: RefusedAbout; readonly text: string };

export type ProcessMessage =
  | { readonly kind: 'ready' }
  /** It ends; `text` says what is missing on this host. */
  | { readonly kind: 'unusable'; readonly text: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: TicketAnswer };
