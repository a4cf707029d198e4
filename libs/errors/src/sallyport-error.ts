/** Values that are safe to log and, when `expose` is set, safe to show. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export type SallyportErrorOptions = {
  readonly cause?: unknown;
  /** Whether the same call may succeed later without a change by the caller. Default false. */
  readonly retryable?: boolean;
  /** Whether message and details may leave the process. Default false: the caller sees the code only. */
  readonly expose?: boolean;
  readonly details?: ErrorDetails;
};

const BRAND = Symbol.for('sallyport.error');

/**
 * The one base of every error thrown here. Callers branch on `code` (`ERR_<AREA>_<WHAT>`), never on the message and
 * never on instanceof: use `isSallyportError`, which also recognizes errors of another copy of this module.
 */
export class SallyportError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly expose: boolean;
  readonly details: ErrorDetails;
  readonly [BRAND] = true;

  constructor(code: string, message: string, options: SallyportErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SallyportError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.expose = options.expose ?? false;
    this.details = options.details ?? {};
  }
}

export function isSallyportError(value: unknown, code?: string): value is SallyportError {
  if (typeof value !== 'object' || value === null || !(BRAND in value)) return false;
  return code === undefined || (value as SallyportError).code === code;
}

/** What may leave the process: code, message and details of exposed errors, a bare code for all others. */
export function toPublicError(error: unknown): {
  code: string;
  message: string;
  retryable: boolean;
  details: ErrorDetails;
} {
  if (!isSallyportError(error))
    return { code: 'ERR_INTERNAL', message: 'internal error', retryable: false, details: {} };
  if (!error.expose) return { code: error.code, message: 'internal error', retryable: error.retryable, details: {} };
  return { code: error.code, message: error.message, retryable: error.retryable, details: error.details };
}
