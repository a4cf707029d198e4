import { SallyportError } from '#libs/errors';

/** The command line is wrong: exit code 2. */
export function usageError(message: string): SallyportError {
  return new SallyportError('ERR_CLI_USAGE', message, { expose: true });
}

/** Nothing answers: exit code 4. */
export function unavailable(message: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_CLI_UNAVAILABLE', message, { expose: true, retryable: true, cause });
}

/** Needs a change by whoever runs this: exit code 3. */
export function refused(code: CliErrorCode, message: string, cause?: unknown): SallyportError {
  return new SallyportError(code, message, { expose: true, cause });
}

/** Codes of this service, besides those the API answers. */
export type CliErrorCode =
  | 'ERR_CLI_SYSTEM_FILE'
  | 'ERR_CLI_NOT_SIGNED_IN'
  | 'ERR_CLI_SIGN_IN'
  | 'ERR_CLI_ABSENT'
  | 'ERR_CLI_AMBIGUOUS';
