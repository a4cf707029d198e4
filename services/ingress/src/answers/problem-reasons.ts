import type { CorsRefusal } from '../cors/decide-cors.ts';
import type { ProblemReason } from './problems.ts';

/** Why a request cannot be read: the finding of a parser, which the access record keeps, to its number. */
const KEY_OF_FAULT: Readonly<Record<string, ProblemReason>> = {
  'host-missing': 'host-invalid',
  'host-repeated': 'host-invalid',
  'host-invalid': 'host-invalid',
  'host-mismatch': 'host-mismatch',
  'length-and-encoding': 'length-invalid',
  'length-invalid': 'length-invalid',
  'length-repeated': 'length-invalid',
  'target-form': 'target-invalid',
  'target-character': 'target-invalid',
  'target-escape': 'target-invalid',
  'target-traversal': 'target-traversal',
  'target-too-long': 'target-too-long',
  'field-character': 'field-invalid',
  'field-look-alike': 'field-invalid',
  expectation: 'expectation-failed',
  'encoding-repeated': 'length-invalid',
  'field-name': 'field-invalid',
  'field-value': 'field-invalid',
  'field-fold': 'field-invalid',
  'line-ending': 'field-invalid',
  'body-malformed': 'body-malformed',
  'chunk-size': 'body-malformed',
  'chunk-end': 'body-malformed',
  trailers: 'body-malformed',
  'too-many-fields': 'head-too-large',
  'too-large': 'head-too-large',
  'encoding-unsupported': 'unsupported-encoding',
  'method-trace': 'method-not-allowed',
  'method-connect': 'method-not-allowed',
  version: 'version-unsupported',
  'request-line': 'bad-request',
  'head-timeout': 'request-timeout',
};

/** Why auth ended a sign-in, to its number. */
const KEY_OF_REFUSAL: Readonly<Record<string, ProblemReason>> = {
  'app-unknown': 'unknown-path',
  'return-url-foreign': 'sign-in-interrupted',
  'sign-in-link-invalid': 'sign-in-interrupted',
  'transaction-missing': 'sign-in-interrupted',
  'transaction-invalid': 'sign-in-interrupted',
  'state-replayed': 'sign-in-interrupted',
  'state-mismatch': 'sign-in-interrupted',
  'ticket-invalid': 'sign-in-interrupted',
  'ticket-replayed': 'sign-in-interrupted',
  'ticket-of-another-app': 'sign-in-interrupted',
  'binding-missing': 'sign-in-interrupted',
  'session-ended': 'session-expired',
  'session-expired': 'session-expired',
  'identity-provider-unreachable': 'identity-provider-unavailable',
  'identity-provider-answer-invalid': 'identity-provider-unavailable',
  'identity-provider-unknown': 'identity-provider-unavailable',
  'provider-mismatch': 'identity-rejected',
  'identity-provider-refused': 'sign-in-failed',
  'sign-in-response-invalid': 'identity-rejected',
  'token-invalid': 'identity-rejected',
  'step-up-not-met': 'step-up-not-met',
  'user-disabled': 'user-unauthorized',
};

/** Why an access decision denied, to its number. */
const KEY_OF_DENIAL: Readonly<Record<string, ProblemReason>> = {
  'user-unassigned': 'user-unauthorized',
  'groups-unknown': 'groups-unknown',
  'app-retired': 'app-retired',
  'policy-blocked': 'policy-denied',
  'policy-unsatisfied': 'policy-denied',
  'policy-input-missing': 'policy-denied',
  'single-sign-on-no-login': 'sign-on-refused',
  'single-sign-on-refused': 'sign-on-refused',
  'single-sign-on-secret-unreadable': 'sign-on-refused',
  'single-sign-on-unavailable': 'sign-on-unavailable',
};

/** Why a preflight is refused, to its number. */
const KEY_OF_CORS_REFUSAL: Readonly<Record<CorsRefusal, ProblemReason>> = {
  'cors-origin-unauthorized': 'cors-refused',
  'cors-method-unauthorized': 'cors-refused',
  'cors-header-unauthorized': 'cors-refused',
};

/** Why an access cookie is no longer good, to its number. */
const KEY_OF_STALE_COOKIE: Readonly<Record<string, ProblemReason>> = {
  'session-ended': 'session-expired',
  'session-expired': 'session-expired',
  'access-cookie-invalid': 'session-expired',
  'access-cookie-of-another-app': 'user-unauthenticated',
  'session-of-another-provider': 'user-unauthenticated',
};

/** Why a bearer token is not taken, to its number. */
const KEY_OF_TOKEN_REFUSAL: Readonly<Record<string, ProblemReason>> = {
  'access-token-invalid': 'token-refused',
  'access-token-expired': 'token-refused',
  'access-token-signed-out': 'token-refused',
  'access-tokens-not-taken': 'token-refused',
  'access-token-provider-unknown': 'token-refused',
  'service-token-invalid': 'token-refused',
  'service-token-expired': 'token-refused',
  'service-token-revoked': 'token-refused',
  'access-token-scope-missing': 'token-insufficient',
  'service-token-of-another-app': 'token-insufficient',
};

/** The number of a request that cannot be read. */
export function malformedProblem(fault: string): ProblemReason {
  return KEY_OF_FAULT[fault] ?? 'bad-request';
}

/** The number of a sign-in that auth refused. */
export function signInProblem(reason: string): ProblemReason {
  return KEY_OF_REFUSAL[reason] ?? 'sign-in-failed';
}

/** The number of a denied access decision. */
export function denialProblem(reason: string): ProblemReason {
  return KEY_OF_DENIAL[reason] ?? 'user-unauthorized';
}

/** The number of a request whose access cookie is no longer good. */
export function staleCookieProblem(reason: string): ProblemReason {
  return KEY_OF_STALE_COOKIE[reason] ?? 'session-expired';
}

/** Every reason these functions know, with its number: for the documentation. */
export const KNOWN_REASONS: readonly (readonly [reason: string, key: ProblemReason])[] = [
  KEY_OF_FAULT,
  KEY_OF_REFUSAL,
  KEY_OF_DENIAL,
  KEY_OF_CORS_REFUSAL,
  KEY_OF_STALE_COOKIE,
  KEY_OF_TOKEN_REFUSAL,
].flatMap((keys) => Object.entries(keys));
