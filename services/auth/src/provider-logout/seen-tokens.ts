/** Logout tokens remembered by this process; at the bound the one that came first is forgotten, and could be used again. */
export const MAX_SEEN_LOGOUT_TOKENS = 10_000;

/**
 * Ids of logout tokens that were used, each until it expires (OpenID Connect Back-Channel Logout 1.0, 2.6, step 8). In memory: what
 * a second use at another instance, or after a restart, can do is end sessions again that it ended.
 */
export class SeenTokens {
  readonly #expiryOf = new Map<string, number>();
  readonly #nowMs: () => number;
  readonly #max: number;

  constructor(nowMs: () => number, max = MAX_SEEN_LOGOUT_TOKENS) {
    this.#nowMs = nowMs;
    this.#max = max;
  }

  /** False: it was used before. `id` is unique within its issuer. */
  take({ issuer, tokenId, expiresAtMs }: SeenToken): boolean {
    const key = keyOf({ issuer, tokenId });
    const until = this.#expiryOf.get(key);
    if (until !== undefined && until > this.#nowMs()) return false;
    this.#expiryOf.delete(key);
    this.#expiryOf.set(key, expiresAtMs + CLOCK_SKEW_MS);
    if (this.#expiryOf.size > this.#max) this.#makeRoom();
    return true;
  }

  /** Nothing came of it: it may be used again. */
  giveBack(token: Pick<SeenToken, 'issuer' | 'tokenId'>): void {
    this.#expiryOf.delete(keyOf(token));
  }

  #makeRoom(): void {
    for (const [key, until] of this.#expiryOf) if (until <= this.#nowMs()) this.#expiryOf.delete(key);
    const first = this.#expiryOf.keys().next().value;
    if (this.#expiryOf.size > this.#max && first !== undefined) this.#expiryOf.delete(first);
  }
}

type SeenToken = { readonly issuer: string; readonly tokenId: string; readonly expiresAtMs: number };
/** As long as an expired token is still taken, and some. */
const CLOCK_SKEW_MS = 600_000;

function keyOf({ issuer, tokenId }: Pick<SeenToken, 'issuer' | 'tokenId'>): string {
  return `${issuer}\n${tokenId}`;
}
