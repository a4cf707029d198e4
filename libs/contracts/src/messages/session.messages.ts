import { z } from 'zod';
import { deviceState, riskLevel } from '../facts/policy-set.facts.ts';
import { endpoints } from '../subjects.ts';
import { denyVerdict, stepUpVerdict } from './auth.messages.ts';
import { clientInfo, commandContext } from './common.ts';
import { endpoint } from './endpoint.ts';

/** Ends a user session by its id (an admin's, or the user's own in the portal). */
export const endSession = endpoint(
  endpoints.endSession,
  commandContext.extend({ sessionId: z.string(), reason: z.enum(['signed-out', 'revoked']) }),
  z.object({ sessionId: z.string(), revision: z.number().int() }),
);

/** Ends the active sessions that all of these name: of one user (subject id or username), of one app, of one device; an admin's. */
export const endSessions = endpoint(
  endpoints.endSessions,
  commandContext
    .extend({
      user: z.string().min(1).max(320).optional(),
      appId: z.string().min(1).max(128).optional(),
      deviceId: z.string().min(1).max(64).optional(),
    })
    .refine(
      ({ user, appId, deviceId }) => user !== undefined || appId !== undefined || deviceId !== undefined,
      'name a user, an app or a device',
    ),
  z.object({ sessionIds: z.array(z.string()) }),
);

export const sessionView = z.object({
  id: z.string(),
  status: z.enum(['active', 'ended']),
  username: z.string(),
  name: z.string(),
  subject: z.string(),
  authenticatedAt: z.string(),
  expiresAt: z.string(),
  address: z.string(),
  userAgent: z.string(),
  apps: z.array(z.string()),
  deviceId: z.string().optional(),
  deviceStates: z.array(deviceState).optional(),
  signInRisk: riskLevel.optional(),
  /** Id of the identity provider. */
  providerId: z.string().optional(),
});

export const sessions = endpoint(
  endpoints.sessions,
  z.object({
    subject: z.string().optional(),
    /** Subject id, or username in whatever case. */
    user: z.string().min(1).max(320).optional(),
    /** Sessions that opened this app. */
    appId: z.string().min(1).max(128).optional(),
    deviceId: z.string().min(1).max(64).optional(),
    activeOnly: z.boolean().optional(),
    limit: z.number().int().min(1).max(500).optional(),
  }),
  z.object({ sessions: z.array(sessionView) }),
);

/** Apps asked about at once, which is what one page shows. */
export const MAX_PORTAL_APPS = 500;

const portalRequest = z.object({
  requestId: z.string(),
  client: clientInfo,
  /** Of the portal itself; auth answers for the subject of its session, and for nobody else. */
  accessCookie: z.string().max(8192),
});
/** The portal's cookie is missing, changed, of an app, or its session is over. */
const portalSignIn = z.object({ status: z.literal('sign-in'), reason: z.string() });

/** Policies keep the person out of the portal itself, or ask for more first: to be answered as at any other request. */
const portalRefused = z.object({
  status: z.literal('refused'),
  decision: z.discriminatedUnion('verdict', [stepUpVerdict, denyVerdict]),
});

/** What a person sees of an own session; ids of other people's sessions are never told. */
export const ownSession = z.object({
  id: z.string(),
  isCurrent: z.boolean(),
  authenticatedAt: z.string(),
  expiresAt: z.string(),
  address: z.string(),
  userAgent: z.string(),
});
export type OwnSession = z.infer<typeof ownSession>;

/** For the portal page: which of these apps are open to the person now, by assignment and policies; of these nothing is recorded. */
export const portal = endpoint(
  endpoints.portal,
  portalRequest.extend({ appIds: z.array(z.string().max(128)).max(MAX_PORTAL_APPS) }),
  z.discriminatedUnion('status', [
    z.object({
      status: z.literal('shown'),
      /** Denied ones are left out. `step-up`: opens after a further confirmation. */
      apps: z.array(z.object({ id: z.string(), verdict: z.enum(['granted', 'step-up']) })),
      /** Active ones, newest first, the current one always among them. */
      sessions: z.array(ownSession),
      /** Newest first; also of sessions that are over. */
      signIns: z.array(z.object({ at: z.string(), address: z.string(), userAgent: z.string() })),
      /** Sealed, bound to this session: what `endOwnSessions` asks for. */
      formToken: z.string(),
    }),
    portalSignIn,
    portalRefused,
  ]),
);
export type PortalReply = z.infer<typeof portal.reply>;

/** Ends sessions of the person whose portal cookie this is: one by id, or all but the current one. */
export const endOwnSessions = endpoint(
  endpoints.endOwnSessions,
  portalRequest.extend({
    formToken: z.string().max(8192),
    target: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('one'), sessionId: z.string().max(128) }),
      z.object({ kind: z.literal('others') }),
    ]),
  }),
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('ended'), sessionIds: z.array(z.string()) }),
    /** There is no such session, or it is somebody else's: which of the two is not told. */
    z.object({ status: z.literal('absent') }),
    /** The form was not made for this session. */
    z.object({ status: z.literal('forged') }),
    portalSignIn,
    portalRefused,
  ]),
);
export type EndOwnSessionsReply = z.infer<typeof endOwnSessions.reply>;
