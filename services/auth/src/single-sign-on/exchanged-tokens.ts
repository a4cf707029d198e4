import { LRUCache } from 'lru-cache';
import type { TokenAnswer } from './token-service.ts';

/** Tokens remembered; at the bound the one not asked for longest goes, and is exchanged anew. */
export const MAX_EXCHANGED_TOKENS = 10_000;
/** Characters of all of them, with the same consequence. */
const MAX_EXCHANGED_CHARACTERS = 32 * 1024 * 1024;
/** Exchanges under way; past it: unavailable. One person waits for one at most, for the same app. */
export const MAX_RUNNING_EXCHANGES = 200;
/** Seconds before its end that a token counts no more. */
export const TOKEN_MARGIN_SECONDS = 30;
/** Seconds a token is used that does not say how long it is good. */
const UNKNOWN_LIFE_SECONDS = 60;

export type UsableToken =
  | { readonly kind: 'issued'; readonly accessToken: string; readonly usableUntilMs: number }
  | Exclude<TokenAnswer, { kind: 'issued' }>;

export type ExchangedTokens = {
  /** What `exchange` gave last under this key while it is usable. Those who ask meanwhile wait for the same exchange. */
  take(key: string, exchange: () => Promise<TokenAnswer>): Promise<UsableToken>;
};

/** Only tokens are remembered: whoever was refused asks again at the next decision. */
export function createExchangedTokens(nowMs: () => number): ExchangedTokens {
  const kept = new LRUCache<string, Extract<UsableToken, { kind: 'issued' }>>({
    max: MAX_EXCHANGED_TOKENS,
    maxSize: MAX_EXCHANGED_CHARACTERS,
    sizeCalculation: ({ accessToken }) => accessToken.length,
  });
  const running = new Map<string, Promise<UsableToken>>();
  const run = async (key: string, exchange: () => Promise<TokenAnswer>): Promise<UsableToken> => {
    const startedAtMs = nowMs();
    const answer = await exchange();
    if (answer.kind !== 'issued') return answer;
    const { accessToken, expiresInSeconds } = answer;
    const seconds = expiresInSeconds === undefined ? UNKNOWN_LIFE_SECONDS : expiresInSeconds - TOKEN_MARGIN_SECONDS;
    const token = { kind: 'issued', accessToken, usableUntilMs: startedAtMs + Math.max(0, seconds) * 1000 } as const;
    if (token.usableUntilMs > nowMs()) kept.set(key, token);
    return token;
  };
  return {
    take: async (key, exchange) => {
      const known = kept.get(key);
      if (known !== undefined && known.usableUntilMs > nowMs()) return known;
      const already = running.get(key);
      if (already !== undefined) return already;
      if (running.size >= MAX_RUNNING_EXCHANGES)
        return { kind: 'unavailable', why: `${MAX_RUNNING_EXCHANGES} exchanges are under way` };
      const exchanging = run(key, exchange).finally(() => running.delete(key));
      running.set(key, exchanging);
      return exchanging;
    },
  };
}
