import { type ErrorDetails, SallyportError } from '#libs/errors';

/** A refusal that becomes an HTTP answer: status, cause, remedy. Everything in it may leave the process. */
export type Problem = {
  readonly status: number;
  readonly code: string;
  /** What is wrong. */
  readonly detail: string;
  /** What the caller can do about it. */
  readonly remedy: string;
  readonly retryAfterSeconds?: number;
};

export function refuse(problem: Problem): SallyportError {
  const { status, code, detail, remedy } = problem;
  return new SallyportError(code, detail, {
    expose: true,
    retryable: status === 429 || status >= 500,
    details: {
      status,
      remedy,
      ...(problem.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: problem.retryAfterSeconds }),
    },
  });
}

/** Codes of other services, as the connector's operator should see them. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  ERR_GROUP_ABSENT: 422,
  ERR_CONNECTOR_ABSENT: 404,
  ERR_CONNECTOR_EXISTS: 409,
  ERR_CONNECTOR_NAME: 422,
  ERR_CONNECTOR_REVOKED: 403,
  ERR_CONNECTOR_TOO_MANY: 409,
};

/** Any error as a problem. What is not meant to be shown becomes 500 without a word about it. */
export function problemOf(error: unknown): Problem {
  const unknown = {
    status: 500,
    code: 'ERR_INTERNAL',
    detail: 'internal error',
    remedy: 'look for the request id in the log of the certificate authority',
  };
  if (!(error instanceof SallyportError)) return unknown;
  const details: ErrorDetails = error.details;
  const known = typeof details.status === 'number' ? details.status : STATUS_BY_CODE[error.code];
  if (known === undefined && error.retryable) return unavailable(error.code);
  if (known === undefined || !error.expose) return { ...unknown, code: error.code };
  return {
    status: known,
    code: error.code,
    detail: error.message,
    remedy: typeof details.remedy === 'string' ? details.remedy : 'change the request and try again',
    ...(typeof details.retryAfterSeconds === 'number' ? { retryAfterSeconds: details.retryAfterSeconds } : {}),
  };
}

const RETRY_AFTER_SECONDS = 2;

function unavailable(code: string): Problem {
  return {
    status: 503,
    code,
    detail: 'a service behind this one does not answer',
    remedy: 'try again in a moment',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  };
}
