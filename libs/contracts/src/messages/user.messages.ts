import { z } from 'zod';
import { riskLevel } from '../facts/policy-set.facts.ts';
import { endpoints } from '../subjects.ts';
import { commandContext } from './common.ts';
import { endpoint } from './endpoint.ts';

const detail = z.string().max(400).default('');

/** A person as an admin sees them: of whom something is recorded, or who has a session in memory. */
export const userView = z.object({
  id: z.string(),
  subject: z.string(),
  directoryTenant: z.string(),
  /** As in the newest session; null: there is none in memory. */
  username: z.string().nullable(),
  status: z.enum(['enabled', 'disabled']),
  risk: riskLevel.nullable(),
  signedOutBefore: z.string().nullable(),
  activeSessions: z.number().int(),
});
export type UserView = z.infer<typeof userView>;

/**
 * What an admin, or whoever detects risks, says of a person. Disabling and signing out everywhere end all sessions and void all
 * access tokens from before; a risk asks again about everything that runs. Errors: ERR_USER_ABSENT (a name nobody signed in with),
 * ERR_USER_AMBIGUOUS (of several directories).
 */
export const changeUser = endpoint(
  endpoints.changeUser,
  commandContext.extend({
    /** Subject id, or username in whatever case of somebody with a session in memory. */
    user: z.string().min(1).max(320),
    /** For a subject nobody signed in as yet, or of several directories. Default: that of the tenant's first identity provider. */
    directoryTenant: z.string().min(1).max(128).optional(),
    command: z.discriminatedUnion('type', [
      z.object({ type: z.literal('DisableUser'), detail }),
      z.object({ type: z.literal('EnableUser'), detail }),
      z.object({ type: z.literal('SetUserRisk'), level: riskLevel, detail }),
      z.object({ type: z.literal('SignOutUserEverywhere'), detail }),
    ]),
  }),
  z.object({ user: userView, endedSessionIds: z.array(z.string()) }),
);

export const users = endpoint(
  endpoints.users,
  z.object({
    /** Subject id, id or username in whatever case. */
    user: z.string().min(1).max(320).optional(),
    limit: z.number().int().min(1).max(500).optional(),
  }),
  z.object({ users: z.array(userView) }),
);

/** What whoever detects risks says of one sign-in. Errors: ERR_SESSION_ABSENT, ERR_SESSION_ENDED. */
export const assessSession = endpoint(
  endpoints.assessSession,
  commandContext.extend({ sessionId: z.string().max(64), level: riskLevel, detail }),
  z.object({ sessionId: z.string(), revision: z.number().int() }),
);
