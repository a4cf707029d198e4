import type { Mender, ProblemReason } from '../problems.ts';

/** What a page, a problem document and the documentation say about one number. Backticks mark what is typed. */
export type ProblemText = {
  readonly title: string;
  /** One or two sentences for everybody: what happened, and whose doing it was. */
  readonly detail: string;
  /** What the person can do now. */
  readonly advice?: string;
  /** For whoever mends it: what happened on the way from the user over ingress, hub and connector to the origin. */
  readonly cause: string;
  /** For whoever mends it: what to look at, in this order. */
  readonly look: readonly [string, ...string[]];
};

/** Why auth refuses a sign-in or denies access, as far as we know how to say it in other languages than English. */
export type DenialReason =
  | 'user-unassigned'
  | 'app-retired'
  | 'app-unknown'
  | 'return-url-foreign'
  | 'sign-in-link-invalid'
  | 'transaction-missing'
  | 'transaction-invalid'
  | 'state-replayed'
  | 'ticket-invalid'
  | 'ticket-replayed'
  | 'ticket-of-another-app'
  | 'binding-missing'
  | 'session-ended'
  | 'session-expired'
  | 'identity-provider-unreachable'
  | 'identity-provider-answer-invalid'
  | 'identity-provider-refused'
  | 'sign-in-response-invalid'
  | 'state-mismatch'
  | 'token-invalid'
  | 'groups-unknown'
  | 'step-up-not-met'
  | 'identity-provider-unknown'
  | 'provider-mismatch'
  | 'user-disabled';

export type DenialPerson = { readonly username: string; readonly app: string };
export type DenialTexts = Readonly<Record<DenialReason, (person: DenialPerson) => string>>;

/** Every text of the ingress's own pages in one language. */
export type Texts = {
  readonly problems: Readonly<Record<ProblemReason, ProblemText>>;
  readonly menders: Readonly<Record<Mender, string>>;
  /**
   * What auth says in English about one refusal. `as-auth-says` is for English: auth's own sentence may know more than ours.
   * A reason that is unknown here is shown in English everywhere.
   */
  readonly reasons: DenialTexts | 'as-auth-says';
  readonly problemPage: {
    readonly whoCanMend: string;
    readonly app: string;
    readonly signedInAs: string;
    readonly receipt: string;
    readonly time: string;
    /** Above the number and the request id. */
    readonly quote: string;
    readonly tryAgain: string;
    readonly goToApps: string;
    readonly about: (code: string) => string;
  };
  readonly errorPage: {
    readonly status: string;
    readonly reason: string;
    readonly whoCanMend: string;
    readonly forUsers: string;
    readonly cause: string;
    readonly look: string;
    readonly all: string;
    readonly allTitle: string;
    readonly allLead: string;
  };
  readonly signOut: {
    readonly mark: string;
    readonly doneTitle: string;
    readonly done: string;
    readonly signInAgain: string;
    readonly question: string;
    readonly consequence: string;
    readonly signOut: string;
    readonly back: string;
  };
};
