import { isSallyportError } from '#libs/errors';

/** By class, so that scripts can branch: wrong use, refused (needs a change), unavailable (try again), bug. */
export const EXIT = { ok: 0, usage: 2, refused: 3, unavailable: 4, bug: 70 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOf(error: unknown): ExitCode {
  if (!isSallyportError(error)) return EXIT.bug;
  if (error.code === 'ERR_CLI_USAGE') return EXIT.usage;
  if (error.retryable) return EXIT.unavailable;
  return error.expose ? EXIT.refused : EXIT.bug;
}
