import { z } from 'zod';
import { MAX_APPS_PER_SERVICE_TOKEN, MAX_SERVICE_TOKEN_DAYS } from '../facts/service-token.facts.ts';
import { endpoints } from '../subjects.ts';
import { commandContext } from './common.ts';
import { endpoint } from './endpoint.ts';

const appIds = z.array(z.string().min(1).max(64)).min(1).max(MAX_APPS_PER_SERVICE_TOKEN);
const lifetimeDays = z.number().int().min(1).max(MAX_SERVICE_TOKEN_DAYS);
export const MAX_OVERLAP_HOURS = 168;

export const serviceTokenView = z.object({
  id: z.string(),
  revision: z.number().int(),
  name: z.string(),
  status: z.enum(['active', 'expired', 'revoked']),
  appIds: z.array(z.string()),
  expiresAt: z.string(),
  /** Until when the secret before the last rotation counts; null: there is none. */
  previousUntil: z.string().nullable(),
});
export type ServiceTokenView = z.infer<typeof serviceTokenView>;

/** Errors: ERR_SERVICE_TOKEN_ABSENT, ERR_SERVICE_TOKEN_REVOKED, ERR_SERVICE_TOKEN_APP (no such app), ERR_SERVICE_TOKEN_NAME. */
export const changeServiceToken = endpoint(
  endpoints.changeServiceToken,
  commandContext.extend({
    /** Of the token, 0 for a new one; not current: ERR_EVENTS_STALE_REVISION. */
    expectedRevision: z.number().int().min(0).optional(),
    command: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('IssueServiceToken'),
        name: z.string().min(1).max(120),
        appIds,
        /** Days, default 90. */
        lifetimeDays: lifetimeDays.optional(),
      }),
      z.object({
        type: z.literal('RotateServiceToken'),
        id: z.string(),
        lifetimeDays: lifetimeDays.optional(),
        /** Hours for which the secret before counts as well, default 24; 0: it ends now. */
        overlapHours: z.number().int().min(0).max(MAX_OVERLAP_HOURS).optional(),
      }),
      z.object({ type: z.literal('ChangeServiceTokenApps'), id: z.string(), appIds }),
      z.object({ type: z.literal('RevokeServiceToken'), id: z.string(), reason: z.string().max(400).default('') }),
    ]),
  }),
  /** `token`: all of it, shown this once; null where none was made. */
  z.object({ serviceToken: serviceTokenView, token: z.string().nullable() }),
);

export const serviceTokens = endpoint(
  endpoints.serviceTokens,
  z.object({ id: z.string().optional(), appId: z.string().optional() }),
  z.object({ serviceTokens: z.array(serviceTokenView) }),
);
