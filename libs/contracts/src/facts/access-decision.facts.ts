import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { appId, userSessionId } from '../ids.ts';

/** Why access was allowed or denied; kebab-case, paired, also used as metric label and on the denial page. */
export const accessReason = z.enum([
  'user-assigned',
  'user-unassigned',
  'session-active',
  'session-ended',
  'session-expired',
  'app-published',
  'app-retired',
]);
export type AccessReason = z.infer<typeof accessReason>;

const decided = z.object({
  appId,
  sessionId: userSessionId,
  subject: z.string().max(128),
  username: z.string().max(320),
  requestId: z.string().max(64),
  address: z.string().max(64),
  reasons: z.array(accessReason).min(1).max(32),
  /** Revision of the app whose assignments were read: enough to decide again. */
  appRevision: z.number().int(),
});

export type AccessDecisionFact =
  | Fact<'AccessGranted', z.infer<typeof decided>>
  | Fact<'AccessDenied', z.infer<typeof decided>>;

/** One aggregate per decision; its id is the receipt shown to the user. Decisions are cached, so this is not per request. */
export const accessDecisionAggregate: AggregateType<AccessDecisionFact> = {
  context: 'auth',
  thing: 'access-decision',
  facts: { AccessGranted: { version: 1, schema: decided }, AccessDenied: { version: 1, schema: decided } },
};
