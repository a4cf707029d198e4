import type passport from 'passport';
import { IdentityProviderError } from '../errors.ts';

/** The part of a request the strategies look at. */
export type PassportRequest = {
  readonly method: 'GET';
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Where the strategy keeps state and nonce; changed by it. */
  readonly session: Record<string, unknown>;
};

export type PassportOutcome =
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'user'; readonly user: unknown };

/** Milliseconds for one run, above all waits within it: a strategy that calls nothing back must not hang a request. */
const DEADLINE_MS = 30_000;

/**
 * Runs one strategy on a request that never was HTTP: passport calls back once with a user, a failure or an error, or ends
 * the response with a redirect. A second callback is ignored. Error: IdentityProviderError.
 */
export function drivePassport(
  authenticator: passport.Authenticator,
  strategy: string,
  options: object,
  request: PassportRequest,
): Promise<PassportOutcome> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => fail(new Error(`passport did not answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
    const settle = (outcome: PassportOutcome) => {
      clearTimeout(deadline);
      resolve(outcome);
    };
    const fail = (error: unknown) => {
      clearTimeout(deadline);
      reject(toIdentityProviderError(error));
    };
    const response = new Map<string, unknown>();
    const res = {
      statusCode: 200,
      setHeader: (name: string, value: unknown) => response.set(name.toLowerCase(), value),
      end: () => {
        const location = response.get('location');
        if (typeof location === 'string') settle({ kind: 'redirect', location });
        else fail(new Error('passport ended without a redirect'));
      },
    };
    const done = (error: unknown, user?: unknown) => {
      if (error) fail(error);
      else if (user) settle({ kind: 'user', user });
      else fail(new Error('passport refused without an error'));
    };
    try {
      authenticator.authenticate(strategy, { ...options, session: false }, done)({ ...request }, res, fail);
    } catch (error) {
      fail(error);
    }
  });
}

function toIdentityProviderError(error: unknown): IdentityProviderError {
  if (error instanceof IdentityProviderError) return error;
  return new IdentityProviderError('token-invalid', 'The sign-in was refused: its answer could not be checked.', error);
}
