import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { isSallyportError, toPublicError } from '#libs/errors';
import { RETRY_AFTER_SECONDS } from '../limits.ts';

/** RFC 9457 problem details, with our code. `details` names the field, the value and the remedy where there is one. */
export type Problem = {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly requestId: string;
  readonly details: Readonly<Record<string, unknown>>;
};

/** Codes whose status is not what their class says. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  ERR_API_TOKEN_MISSING: 401,
  ERR_API_TOKEN_REFUSED: 401,
  ERR_API_NOT_ADMINISTRATOR: 403,
  ERR_API_INVALID: 400,
  ERR_API_BODY_SYNTAX: 400,
  ERR_API_IF_MATCH: 400,
  ERR_API_IDEMPOTENCY_KEY: 400,
  ERR_API_BODY_TOO_LARGE: 413,
  ERR_API_MEDIA_TYPE: 415,
  ERR_API_ROUTE: 404,
  ERR_API_METHOD: 405,
  ERR_MESSAGING_REQUEST: 400,
  ERR_ROUTING_ID: 400,
  ERR_EVENTS_SUBJECT: 400,
  ERR_CERTIFICATE_ABSENT: 404,
  ERR_APP_ABSENT: 404,
  ERR_GROUP_ABSENT: 404,
  ERR_CONNECTOR_ABSENT: 404,
  ERR_SESSION_ABSENT: 404,
  ERR_USER_ABSENT: 404,
  ERR_DECISION_ABSENT: 404,
  ERR_SERVICE_TOKEN_ABSENT: 404,
  ERR_POLICY_ABSENT: 404,
  ERR_LOCATION_ABSENT: 404,
  ERR_SESSION_ENDED: 409,
  ERR_USER_AMBIGUOUS: 409,
  ERR_USER_SELF: 409,
  ERR_CERTIFICATE_FOLDER: 409,
  ERR_CERTIFICATE_TOO_MANY: 409,
  ERR_APP_EXISTS: 409,
  ERR_APP_RETIRED: 409,
  ERR_APP_DUPLICATE_URL: 409,
  ERR_APP_TOO_MANY: 409,
  ERR_APP_TOO_MANY_ASSIGNMENTS: 409,
  ERR_GROUP_EXISTS: 409,
  ERR_GROUP_IN_USE: 409,
  ERR_GROUP_DEFAULT: 409,
  ERR_GROUP_TOO_MANY: 409,
  ERR_CONNECTOR_EXISTS: 409,
  ERR_CONNECTOR_REVOKED: 409,
  ERR_POLICY_NAME_TAKEN: 409,
  ERR_POLICY_TOO_MANY: 409,
  ERR_POLICY_LOCKOUT: 409,
  ERR_LOCATION_NAME_TAKEN: 409,
  ERR_LOCATION_TOO_MANY: 409,
  ERR_LOCATION_IN_USE: 409,
  ERR_SERVICE_TOKEN_EXISTS: 409,
  ERR_SERVICE_TOKEN_NAME: 409,
  ERR_SERVICE_TOKEN_REVOKED: 409,
  ERR_SERVICE_TOKEN_TOO_MANY: 409,
  ERR_EVENTS_STALE_REVISION: 412,
  ERR_POLICY_STALE_VERSION: 412,
  ERR_MESSAGING_REPLY: 502,
};

/** Refused is 422 unless the table says better, retryable is 503, everything else is 500. */
export function statusOf(error: unknown): number {
  if (!isSallyportError(error)) return 500;
  const known = STATUS_BY_CODE[error.code];
  if (known !== undefined) return known;
  if (error.retryable) return 503;
  return error.expose ? 422 : 500;
}

export function toProblem(error: unknown, requestId: string): Problem {
  const status = statusOf(error);
  const shown = toPublicError(error);
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: shown.code,
    detail: shown.message,
    retryable: shown.retryable,
    requestId,
    details: shown.details,
  };
}

export function sendProblem(res: Response, problem: Problem): void {
  if (problem.retryable) res.setHeader('retry-after', String(RETRY_AFTER_SECONDS));
  if (problem.status === 401)
    res.setHeader(
      'www-authenticate',
      problem.code === 'ERR_API_TOKEN_MISSING'
        ? 'Bearer realm="sallyport"'
        : 'Bearer realm="sallyport", error="invalid_token"',
    );
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
