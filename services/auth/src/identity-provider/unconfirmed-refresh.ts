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

/** Runs a check of an answer that brought this next token (null: none); a failure keeps it, unless the session is over anyway. */
export async function keepingNextToken<T>(nextToken: string | null, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (nextToken === null || !(error instanceof IdentityProviderError) || error.reason === 'refresh-refused')
      throw error;
    throw new UnconfirmedRefreshError(error, nextToken);
  }
}
