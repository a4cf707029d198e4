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

export type SignedIn = {
  readonly principal: Principal;
  /** Entra `acrs`. */
  readonly authenticationContexts: readonly string[];
};

export type VerifiedBearer = { readonly principal: Principal; readonly expiresAtMs: number };

/**
 * The port to whoever knows the people. Every method but `close` fails with IdentityProviderError only, within the
 * configured time, whatever the provider or the browser sent.
 */
export interface IdentityProvider {
  /** The authorization request to send the browser to. */
  begin(): Promise<BegunSignIn>;
  /** Checks the answer the browser brought, redeems the code, checks the ID token. */
  complete(query: Readonly<Record<string, string>>, transaction: SignInTransaction): Promise<SignedIn>;
  /** Checks an access token of the provider for our API. `scope` is a short name. */
  verifyBearer(token: string, scope: string): Promise<VerifiedBearer>;
  /** Where to send the browser to sign out there too; null when the provider has no such place or does not answer. */
  endSessionUrl(postLogoutRedirectUri: string): Promise<string | null>;
  close(): Promise<void>;
}
