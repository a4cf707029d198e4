import type { DeviceState, Principal } from '#libs/contracts';

/** What must be remembered between the two halves of a sign-in; travels sealed in the browser. */
export type SignInTransaction = {
  readonly state: string;
  readonly nonce: string;
  /** PKCE code verifier (RFC 7636). */
  readonly codeVerifier: string;
  readonly startedAtMs: number;
};

export type BegunSignIn = { readonly location: string; readonly transaction: SignInTransaction };

/** What a sign-in is asked to bring. Made by us alone: nothing of it is copied from a request's parameters. */
export type SignInDemand = {
  /** Authentication contexts (Entra `acrs`) the token must carry; none: whatever the person brings. */
  readonly contexts: readonly string[];
  /** The person must sign in anew, whatever session the provider has. */
  readonly isFresh: boolean;
  /** User name of whoever is signed in here, so that the provider asks only for what is missing; null: nobody is. */
  readonly loginHint: string | null;
};

export type SignedIn = {
  readonly principal: Principal;
  /** Entra `acrs`. */
  readonly authenticationContexts: readonly string[];
  /** When the person proved who they are (`auth_time`), milliseconds since the epoch; null: the provider does not say. */
  readonly authenticatedAtMs: number | null;
  /** When the token was made (`iat`), milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** `sub`: at Entra another one than `oid`, and another one for each client. */
  readonly providerSubject: string;
  /** `sid`: the session at the provider, by which a logout token may name ours; null: the provider does not say. */
  readonly providerSessionId: string | null;
  /** null: the provider does not say, which is never the same as none. */
  readonly deviceStates: readonly DeviceState[] | null;
  /** In clear; null: none was given. */
  readonly refreshToken: string | null;
};

/** What an access token for a published app says. */
export type VerifiedAccessToken = {
  /** `app`: a program on its own behalf, whose `principal.roles` were granted to itself. */
  readonly kind: 'user' | 'app';
  readonly principal: Principal;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly authenticationContexts: readonly string[];
  /** null: the token does not say, as none of an app does. */
  readonly authenticatedAtMs: number | null;
  /** null: the token does not say. */
  readonly deviceStates: readonly DeviceState[] | null;
};

/** Of whom a refreshed token must speak. */
export type RefreshedPerson = {
  readonly directoryTenant: string;
  readonly subject: string;
  /** `sub` as the session knows it; null: not known, then any is taken. */
  readonly providerSubject: string | null;
  /** What was known so far, see `Refreshed`; null: nothing. */
  readonly known: Principal | null;
};

/**
 * ID tokens of a refresh may say less than those of a sign-in (OpenID Connect Core, 12.2), so what one leaves out is nothing to let
 * somebody in by: groups are unknown then, unless the person was in none, and app roles, which only ever let in, are none. Names and
 * being a guest stay as known. Who leaves out all of it says nothing, and everything stays.
 */
export type Refreshed = {
  /** null: no ID token came, and nothing new is known. */
  readonly principal: Principal | null;
  /** The next one; null: the one that was used stays good. */
  readonly refreshToken: string | null;
  /** null or absent: the provider does not say. */
  readonly deviceStates?: readonly DeviceState[] | null;
};

/** Whom a logout token signs out; one of the first two is never null. */
export type LogoutToken = {
  readonly subject: string | null;
  readonly sessionId: string | null;
  readonly tokenId: string;
  /** By the provider's clock, milliseconds since the epoch, as `expiresAtMs`. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly issuer: string;
};

export type VerifiedBearer = {
  readonly principal: Principal;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
};

/**
 * The port to whoever knows the people. Every method but `close` fails with IdentityProviderError only, within the
 * configured time, whatever the provider or the browser sent.
 */
export interface IdentityProvider {
  /** The authorization request to send the browser to. Default: no demand. */
  begin(demand?: SignInDemand): Promise<BegunSignIn>;
  /** Checks the answer the browser brought, redeems the code, checks the ID token. */
  complete(query: Readonly<Record<string, string>>, transaction: SignInTransaction): Promise<SignedIn>;
  /** Checks an access token of the provider for our API. `scope` is a short name. */
  verifyBearer(token: string, scope: string): Promise<VerifiedBearer>;
  /** Checks an access token of a published app; `scope` (short name) is asked of tokens of users only. */
  verifyAccessToken(
    token: string,
    expected: { readonly audience: string; readonly scope: string },
  ): Promise<VerifiedAccessToken>;
  /**
   * Uses a refresh token (RFC 6749, 6). Reason `refresh-refused` (`invalid_grant`, or the answer speaks of somebody else): it will
   * never work again. Any other reason: nothing is known. The token is not sent once the signal is aborted, and whatever was begun ends
   * then, with an UnconfirmedRefreshError when the answer brought the next token.
   */
  refresh(refreshToken: string, person: RefreshedPerson, signal: AbortSignal): Promise<Refreshed>;
  /** Checks a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6) but for its second use, which the caller knows of. */
  checkLogoutToken(token: string): Promise<LogoutToken>;
  /**
   * Where to send the browser to sign out there too; null when the provider has no such place or does not answer. `logoutHint`
   * (OpenID Connect RP-Initiated Logout 1.0, 2): whom, so that the provider need not ask.
   */
  endSessionUrl(postLogoutRedirectUri: string, hint?: { readonly logoutHint: string }): Promise<string | null>;
  close(): Promise<void>;
}
