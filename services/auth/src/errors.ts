import { SallyportError } from '#libs/errors';

/** ERR_AUTH_FILE: a key, secret or certificate file cannot be read, or holds something else. Never made anew by itself. */
export function fileError(path: string, what: string, cause: unknown): SallyportError {
  return new SallyportError(
    'ERR_AUTH_FILE',
    `${what} ${path} cannot be used: restore it, or remove it to lose what it protects`,
    {
      cause,
      expose: true,
      details: { path },
    },
  );
}

/** ERR_AUTH_SEAL_SIZE: a sealed text would not fit in a cookie or a query. */
export function sealSizeError(purpose: string, limit: number): SallyportError {
  return new SallyportError('ERR_AUTH_SEAL_SIZE', `sealed ${purpose} is longer than ${limit} characters`, {
    details: { purpose, limit },
  });
}

/** ERR_SESSION_UNCONFIRMED: a session that should have been confirmed long ago, and no attempt can be recorded. Nobody is let in by it. */
export function unconfirmedError(sessionId: string): SallyportError {
  return new SallyportError(
    'ERR_SESSION_UNCONFIRMED',
    'the session cannot be confirmed at the identity provider, because that cannot be recorded: try again, or sign in anew',
    { retryable: true, expose: true, details: { sessionId } },
  );
}

/** ERR_SESSION_<WHY>: what a command on a user session may be refused for. */
export function sessionError(code: SessionErrorCode, message: string): SallyportError {
  return new SallyportError(code, message, { expose: true });
}
export type SessionErrorCode =
  | 'ERR_SESSION_EXISTS'
  | 'ERR_SESSION_ABSENT'
  | 'ERR_SESSION_ENDED'
  | 'ERR_SESSION_EXPIRED'
  | 'ERR_SESSION_TICKET_USED'
  | 'ERR_SESSION_CONTENDED';

export type IdentityProviderReason =
  | 'identity-provider-unreachable'
  | 'identity-provider-answer-invalid'
  | 'identity-provider-refused'
  | 'refresh-refused'
  | 'sign-in-response-invalid'
  | 'state-mismatch'
  | 'token-invalid';

/** ERR_AUTH_IDENTITY_PROVIDER: with a reason for the denial page; `message` is a sentence fit for a person. */
export class IdentityProviderError extends SallyportError {
  readonly reason: IdentityProviderReason;

  constructor(reason: IdentityProviderReason, message: string, cause?: unknown) {
    super('ERR_AUTH_IDENTITY_PROVIDER', message, {
      cause,
      expose: true,
      retryable: reason === 'identity-provider-unreachable',
      details: { reason },
    });
    this.reason = reason;
  }
}

/** An access token that is good, but not for this (RFC 6750, 3.1: `insufficient_scope`). */
export class ScopeMissingError extends IdentityProviderError {
  constructor(scope: string) {
    super('token-invalid', `The access token lacks the scope ${scope}.`);
  }
}
