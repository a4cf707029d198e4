import { SallyportError } from '#libs/errors';

export type UserErrorCode =
  /** Nobody known goes by that name. */
  | 'ERR_USER_ABSENT'
  /** Several people go by it. */
  | 'ERR_USER_AMBIGUOUS'
  /** Administrators do not disable themselves. */
  | 'ERR_USER_SELF';

/** What a command on a person may be refused for. */
export function userError(code: UserErrorCode, message: string): SallyportError {
  return new SallyportError(code, message, { expose: true });
}
