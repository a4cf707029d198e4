import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';

/** Requests per second, as the product this re-implements (contract, section 8). */
export const DEFAULT_APP_LIMIT = 500;
export const DEFAULT_TENANT_LIMIT = 750;
export const MAX_LIMIT = 1_000_000;

/** Aggregate id: `tenant` or the app's id. */
export type LimitFact =
  | Fact<'LimitSet', { readonly requestsPerSecond: number }>
  | Fact<'LimitReset', Record<string, never>>
  | Fact<'LimitExceeded', { readonly requestsPerSecond: number; readonly observedPerSecond: number }>
  | Fact<'LimitRecovered', { readonly refusedRequests: number }>;

export const limitAggregate: AggregateType<LimitFact> = {
  context: 'throttling',
  thing: 'limit',
  facts: {
    LimitSet: { version: 1, schema: z.object({ requestsPerSecond: z.number().int().min(1).max(MAX_LIMIT) }) },
    LimitReset: { version: 1, schema: z.object({}) },
    LimitExceeded: { version: 1, schema: z.object({ requestsPerSecond: z.number(), observedPerSecond: z.number() }) },
    LimitRecovered: { version: 1, schema: z.object({ refusedRequests: z.number().int() }) },
  },
};

export type LimitState = { readonly requestsPerSecond: number | null; readonly breached: boolean };

export const initialLimitState: LimitState = { requestsPerSecond: null, breached: false };

export function evolveLimit(state: LimitState, fact: LimitFact): LimitState {
  switch (fact.type) {
    case 'LimitSet':
      return { ...state, requestsPerSecond: fact.data.requestsPerSecond };
    case 'LimitReset':
      return { ...state, requestsPerSecond: null };
    case 'LimitExceeded':
      return { ...state, breached: true };
    case 'LimitRecovered':
      return { ...state, breached: false };
    default:
      return fact satisfies never;
  }
}
