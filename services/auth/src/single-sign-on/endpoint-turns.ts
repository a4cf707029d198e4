import { LRUCache } from 'lru-cache';
import type { TokenAnswer } from './token-service.ts';

/** Exchanges under way at all token services; past it nobody is asked. Well below the questions that auth works on at once (512). */
export const MAX_RUNNING_EXCHANGES = 128;
/** The same for one token endpoint, so that one that is slow keeps no app of another from its own. */
export const MAX_RUNNING_PER_ENDPOINT = 32;
/** Unavailable so often in a row, an endpoint is left alone; then one exchange at a time tries it until one is answered. */
export const MAX_FAILURES_IN_A_ROW = 3;
/** Milliseconds it is left alone. */
export const LEFT_ALONE_MS = 10_000;
/** Endpoints remembered; the one not asked longest is forgotten, with its failures. */
const MAX_ENDPOINTS = 1_000;

/** Nobody was asked. `why`: safe to log. */
export type NotAsked = { readonly kind: 'not-asked'; readonly why: string };

export type EndpointTurns = {
  /** Runs `exchange` at once or not at all. */
  run(endpoint: string, exchange: () => Promise<TokenAnswer>): Promise<TokenAnswer | NotAsked>;
};

type Turns = { running: number; failures: number; aloneUntilMs: number };

/** Bounds and rests of token endpoints. `nowMs` since the epoch. */
export function createEndpointTurns(nowMs: () => number): EndpointTurns {
  const endpoints = new LRUCache<string, Turns>({ max: MAX_ENDPOINTS });
  let running = 0;
  const turnsOf = (endpoint: string): Turns => {
    const known = endpoints.get(endpoint);
    if (known !== undefined) return known;
    const fresh = { running: 0, failures: 0, aloneUntilMs: 0 };
    endpoints.set(endpoint, fresh);
    return fresh;
  };
  return {
    run: async (endpoint, exchange) => {
      const turns = turnsOf(endpoint);
      const why = whyNot(turns, running, nowMs());
      if (why !== undefined) return { kind: 'not-asked', why };
      running += 1;
      turns.running += 1;
      try {
        const answer = await exchange();
        // A refusal is an answer: it is about one person or client.
        turns.failures = answer.kind === 'unavailable' ? turns.failures + 1 : 0;
        turns.aloneUntilMs = turns.failures >= MAX_FAILURES_IN_A_ROW ? nowMs() + LEFT_ALONE_MS : 0;
        return answer;
      } finally {
        running -= 1;
        turns.running -= 1;
      }
    },
  };
}

function whyNot(turns: Turns, running: number, nowMs: number): string | undefined {
  if (turns.aloneUntilMs > nowMs)
    return `it was unavailable ${turns.failures} times in a row and is left alone for ${LEFT_ALONE_MS / 1000} s`;
  if (turns.failures >= MAX_FAILURES_IN_A_ROW && turns.running > 0)
    return 'one exchange tries whether it answers again';
  if (turns.running >= MAX_RUNNING_PER_ENDPOINT) return `${MAX_RUNNING_PER_ENDPOINT} exchanges are under way there`;
  return running >= MAX_RUNNING_EXCHANGES ? `${MAX_RUNNING_EXCHANGES} exchanges are under way` : undefined;
}
