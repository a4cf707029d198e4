import type { Principal } from '#libs/contracts';

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
};

export type VerifiedBearer = { readonly principal: Principal; readonly expiresAtMs: number };

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
  /** Where to send the browser to sign out there too; null when the provider has no such place or does not answer. */
  endSessionUrl(postLogoutRedirectUri: string): Promise<string | null>;
  close(): Promise<void>;
}
