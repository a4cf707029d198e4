import { LRUCache } from 'lru-cache';
import { createEndpointTurns, type NotAsked } from './endpoint-turns.ts';
import type { TokenAnswer } from './token-service.ts';

/** Tokens remembered; at the bound the one not asked for longest goes, and is exchanged anew. */
export const MAX_EXCHANGED_TOKENS = 10_000;
/** Characters of all of them, with the same consequence. */
const MAX_EXCHANGED_CHARACTERS = 32 * 1024 * 1024;
/** Refusals remembered, with the same consequence. */
const MAX_REFUSALS = 10_000;
/** Milliseconds for which a refusal, or that nobody answers, is said again without asking. */
export const REFUSED_MS = 5_000;
/** The same when a bound of our own was met: it may be gone at once. */
const NOT_ASKED_MS = 1_000;
/** Milliseconds an exchange needs: one that was cut short would say nothing about the token service. */
export const MIN_EXCHANGE_MS = 1_000;
/** Seconds before its end that a token counts no more, or half of a life that is shorter than twice that. */
export const TOKEN_MARGIN_SECONDS = 30;
/** Seconds a token is used that does not say how long it is good. */
const UNKNOWN_LIFE_SECONDS = 60;

export type UsableToken =
  | { readonly kind: 'issued'; readonly accessToken: string; readonly usableUntilMs: number }
  /** `untilMs` since the epoch: until then nobody is asked again. */
  | ((NotAsked | Exclude<TokenAnswer, { kind: 'issued' }>) & { readonly untilMs: number });
type Refused = Exclude<UsableToken, { kind: 'issued' }>;

export type ExchangedTokens = {
  /**
   * What `exchange` gave last under this key while it is usable, or refused within the last 5 s. Those who ask meanwhile wait for the
   * same exchange. `endpoint`: whose turn it takes. `timeoutMs`: what there is for it; below MIN_EXCHANGE_MS nobody is asked.
   */
  take(key: string, endpoint: string, timeoutMs: number, exchange: () => Promise<TokenAnswer>): Promise<UsableToken>;
};

/** Tokens of all apps in the memory of this process. `nowMs` since the epoch. */
export function createExchangedTokens(nowMs: () => number): ExchangedTokens {
  const kept = new LRUCache<string, Extract<UsableToken, { kind: 'issued' }>>({
    max: MAX_EXCHANGED_TOKENS,
    maxSize: MAX_EXCHANGED_CHARACTERS,
    sizeCalculation: ({ accessToken }) => accessToken.length,
  });
  const refusals = new LRUCache<string, Refused>({ max: MAX_REFUSALS });
  const running = new Map<string, Promise<UsableToken>>();
  const turns = createEndpointTurns(nowMs);
  const run = async (key: string, endpoint: string, exchange: () => Promise<TokenAnswer>): Promise<UsableToken> => {
    const startedAtMs = nowMs();
    const answer = await turns.run(endpoint, exchange);
    if (answer.kind !== 'issued') {
      const refused = { ...answer, untilMs: nowMs() + (answer.kind === 'not-asked' ? NOT_ASKED_MS : REFUSED_MS) };
      refusals.set(key, refused);
      return refused;
    }
    const usableUntilMs = startedAtMs + usableSeconds(answer.expiresInSeconds) * 1000;
    const token = { kind: 'issued', accessToken: answer.accessToken, usableUntilMs } as const;
    refusals.delete(key);
    if (usableUntilMs > nowMs()) kept.set(key, token);
    return token;
  };
  return {
    take: async (key, endpoint, timeoutMs, exchange) => {
      const known = kept.get(key);
      if (known !== undefined && known.usableUntilMs > nowMs()) return known;
      const said = refusals.get(key);
      if (said !== undefined && said.untilMs > nowMs()) return said;
      const already = running.get(key);
      if (already !== undefined) return already;
      if (timeoutMs < MIN_EXCHANGE_MS)
        return { kind: 'not-asked', why: `${Math.floor(timeoutMs)} ms are left for it`, untilMs: nowMs() };
      const exchanging = run(key, endpoint, exchange).finally(() => running.delete(key));
      running.set(key, exchanging);
      return exchanging;
    },
  };
}

function usableSeconds(expiresInSeconds: number | undefined): number {
  if (expiresInSeconds === undefined) return UNKNOWN_LIFE_SECONDS;
  return expiresInSeconds - Math.min(TOKEN_MARGIN_SECONDS, expiresInSeconds / 2);
}
