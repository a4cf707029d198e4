import { z } from 'zod';
import { endpoints, feeds } from '../subjects.ts';
import { commandContext } from './common.ts';
import { endpoint, feed } from './endpoint.ts';

/** `scope` is `tenant` or an app's id; `requestsPerSecond: null` returns to the default. */
export const changeLimit = endpoint(
  endpoints.limit,
  commandContext.extend({
    scope: z.string().max(64),
    requestsPerSecond: z.number().int().min(1).max(1_000_000).nullable(),
    expectedRevision: z.number().int().min(0).optional(),
  }),
  z.object({
    scope: z.string(),
    requestsPerSecond: z.number().int(),
    isDefault: z.boolean(),
    revision: z.number().int(),
  }),
);

export const limits = endpoint(
  endpoints.limits,
  z.object({}),
  z.object({
    defaults: z.object({ app: z.number().int(), tenant: z.number().int() }),
    limits: z.array(
      z.object({
        scope: z.string(),
        requestsPerSecond: z.number().int(),
        breached: z.boolean(),
        revision: z.number().int(),
      }),
    ),
  }),
);

/** Every 250 ms from each ingress: what was asked, admitted and refused per scope since the last report. Never stored. */
export const demand = feed(
  feeds.demand,
  z.object({
    ingressId: z.string(),
    intervalMs: z.number().int(),
    counts: z.array(z.object({ scope: z.string(), admitted: z.number().int(), refused: z.number().int() })).max(2000),
  }),
);

/**
 * The share of each limit an ingress may spend by itself, in requests per second. An ingress that hears nothing keeps its
 * last shares; one that never heard any uses the defaults divided by `ingresses: 1`.
 */
export const shares = feed(
  feeds.shares,
  z.object({
    version: z.number().int(),
    defaults: z.object({ app: z.number(), tenant: z.number() }),
    /** Number of ingresses counted; the share of a scope not listed is its limit divided by this number. */
    ingresses: z.number().int().min(1),
    limits: z.array(z.object({ scope: z.string(), requestsPerSecond: z.number() })).max(2000),
    shares: z.array(z.object({ ingressId: z.string(), scope: z.string(), requestsPerSecond: z.number() })).max(4000),
  }),
);
