import { IdentityProviderError } from '../errors.ts';

/**
 * A refresh whose answer does not confirm anybody, but brought the next refresh token: the one that was used may be worth nothing any
 * more. Reason and message are those of the cause. The token is not a field: errors are printed.
 */
export class UnconfirmedRefreshError extends IdentityProviderError {
  readonly #nextToken: string;

  constructor(cause: IdentityProviderError, nextToken: string) {
    super(cause.reason, cause.message, cause);
    this.#nextToken = nextToken;
  }

  get nextToken(): string {
    return this.#nextToken;
  }
}

/**
 * Runs what is left of a refresh once an answer may have brought the next token (`nextToken`, null: none), until the signal at most: a
 * failure keeps that token, unless the session is over anyway. Errors: those of `work`; `identity-provider-unreachable` at the signal.
 */
export async function keepingNextToken<T>(
  nextToken: () => string | null,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await beforeAbort(signal, work());
  } catch (error) {
    const next = nextToken();
    if (next === null || !(error instanceof IdentityProviderError) || error.reason === 'refresh-refused') throw error;
    throw new UnconfirmedRefreshError(error, next);
  }
}

/** What the work comes to later is of no interest to anybody. */
async function beforeAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = rejectable();
  const onAbort = () =>
    reject(
      new IdentityProviderError(
        'identity-provider-unreachable',
        'The identity provider did not answer in time.',
        signal.reason,
      ),
    );
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function rejectable(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, rejectIt) => {
    reject = rejectIt;
  });
  return { promise, reject };
}
