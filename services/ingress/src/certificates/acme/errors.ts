import { SallyportError } from '#libs/errors';

/** Something between us and the ACME server went wrong. `type` is the server's problem type (RFC 8555, 6.7). */
export function acmeFailed(
  message: string,
  more: {
    readonly isRetryable: boolean;
    readonly type?: string;
    readonly retryAfterSeconds?: number | undefined;
    readonly cause?: unknown;
  },
): SallyportError {
  const { isRetryable, type = '', retryAfterSeconds = 0, cause } = more;
  return new SallyportError('ERR_INGRESS_ACME', message.slice(0, 400), {
    retryable: isRetryable,
    details: { type, retryAfterSeconds },
    ...(cause === undefined ? {} : { cause }),
  });
}
