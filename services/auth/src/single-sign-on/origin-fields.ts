import type { Principal } from '#libs/contracts';

/** Who an app's origin is told about, and what proves it. */
export type SignedOn = {
  readonly principal: Principal;
  /** Of the session; with a token, the id of the user or service token. */
  readonly sessionId: string;
  /** Our signed assertion of this person for this app. */
  readonly assertion: string;
  /** Milliseconds since the epoch after which nobody waits for the fields any more. Default: whoever is asked has all its time. */
  readonly deadlineMs?: number | undefined;
};

export type SignOnReason =
  /** A sealed secret cannot be opened: the key it was sealed with is gone. */
  | 'single-sign-on-secret-unreadable'
  /** The token service does not give a token for this person, or to this client. */
  | 'single-sign-on-refused'
  /** Kerberos: what asks is no person of the domain, or has no name there. */
  | 'single-sign-on-no-login'
  /** The token service cannot be asked, or answers nonsense. */
  | 'single-sign-on-unavailable';

/** A request never goes to the origin without the header it should have had: whoever refuses denies it. */
export type SignOnRefusal = {
  readonly kind: 'refused';
  readonly reason: SignOnReason;
  /** One sentence for the person: the source of the problem, and who can help. */
  readonly detail: string;
  /** Milliseconds since the epoch until which it will be the same; undefined: nobody knows. */
  readonly validUntilMs?: number;
};

export type SignOnOutcome =
  | {
      readonly kind: 'fields';
      /** Names and values by turns. They may hold secrets. */
      readonly fields: readonly string[];
      /** Milliseconds since the epoch; undefined: as long as the decision. */
      readonly validUntilMs?: number;
    }
  | SignOnRefusal;

/** One mode of single sign-on, set up for one app. */
export interface OriginFields {
  fieldsFor(person: SignedOn): SignOnOutcome | Promise<SignOnOutcome>;
}
