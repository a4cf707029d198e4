import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { appId, userSessionId } from '../ids.ts';
import { clientKind, deviceState, platform, riskLevel } from './policy-set.facts.ts';

/** Why access was allowed or denied; kebab-case, paired, also used as metric label and on the denial page. */
export const accessReason = z.enum([
  'user-assigned',
  /** By an app role of the user, not by the user or a group. */
  'app-role-assigned',
  'user-unassigned',
  /** Neither the user nor an app role of theirs is assigned, groups are, and the identity provider did not list the user's. */
  'groups-unknown',
  /** A token of the identity provider, of a user or of an app alone, came in place of a session. */
  'token-accepted',
  'service-token-accepted',
  /** The user was disabled here. What was made before everything was signed out is no credential any more, and nothing is decided. */
  'user-disabled',
  'session-active',
  'session-ended',
  'session-expired',
  'app-published',
  'app-retired',
  /** Every policy that applied was satisfied, or none applied. */
  'policies-passed',
  'policy-blocked',
  'policy-unsatisfied',
  /** A policy that applies needs an input that is unknown. */
  'policy-input-missing',
  /** What a policy asks for can be brought by signing in once more. */
  'step-up-required',
]);
export type AccessReason = z.infer<typeof accessReason>;

/** What a decision depends on besides app and policy set, as libs/conditional-access reads it. */
export const accessInputs = z.object({
  appId: z.string().max(64),
  subject: z.string().max(128),
  /** Those of the user's groups that the app or a policy of the set names: no other changes the decision. */
  groups: z.array(z.string().max(128)).max(1000).nullable(),
  /** Those of the user's app roles that are assigned to the app. Absent in decisions made before app roles could be. */
  roles: z.array(z.string().max(128)).max(200).optional(),
  directoryRoles: z.array(z.string().max(128)).max(200).nullable(),
  isGuest: z.boolean().nullable(),
  authenticatedAtMs: z.number(),
  sessionStartedAtMs: z.number(),
  authenticationContexts: z.array(z.string().max(16)).max(128),
  address: z.string().max(64),
  sessionAddress: z.string().max(64),
  /** Of the other IP family than `sessionAddress`. Absent: the session began at one address. */
  otherSessionAddress: z.string().max(64).optional(),
  country: z.string().max(16).nullable(),
  platform: platform.nullable(),
  deviceStates: z.array(deviceState).max(4).nullable(),
  clientKind: clientKind.nullable(),
  signInRisk: riskLevel.nullable(),
  userRisk: riskLevel.nullable(),
  /** The user is disabled here: denied whatever else holds. Absent: is not. */
  isUserDisabled: z.literal(true).optional(),
  /** The service token names the app itself, which is its assignment. */
  isAssignedByToken: z.literal(true).optional(),
  nowMs: z.number(),
});

export const policyOutcome = z.object({
  policyId: z.string().max(64),
  policyVersion: z.number().int(),
  isReportOnly: z.boolean(),
  result: z.enum(['not-applied', 'satisfied', 'unsatisfied', 'blocked', 'input-missing']),
  clauses: z.array(z.object({ clause: z.string().max(64), reason: z.string().max(64) })).max(32),
});

/** What the user can do now to be let in. */
export const accessChallenge = z.object({
  /** Authentication contexts the next sign-in must bring; there are no more, c1 to c99. */
  contexts: z.array(z.string().max(16)).max(99),
  /** The sign-in must be at most this old, minutes; absent: its age does not matter. */
  maxAgeMinutes: z.number().int().min(0).optional(),
  /** A session must begin anew (it is too old, or bound to another network): more proof for the old one does not help. */
  needsNewSession: z.boolean().optional(),
});
export type AccessChallengeView = z.infer<typeof accessChallenge>;

/** What proved who asks, when it was no session: `id` is that of the user (`userIdOf`) or of the service token, never the token. */
export const decisionCredential = z.object({
  kind: z.enum(['user-token', 'app-token', 'service-token']),
  id: z.string().max(64),
});
export type DecisionCredential = z.infer<typeof decisionCredential>;

const decided = z.object({
  appId,
  /** Absent where a token was brought in place of a session. */
  sessionId: userSessionId.optional(),
  credential: decisionCredential.optional(),
  subject: z.string().max(128),
  username: z.string().max(320),
  requestId: z.string().max(64),
  address: z.string().max(64),
  reasons: z.array(accessReason).min(1).max(32),
  /** Revision of the app whose assignments were read: with the next three, enough to decide again. */
  appRevision: z.number().int(),
  /** Of the policy set; 0 when there was none. Absent in decisions made before there were policies. */
  policySetRevision: z.number().int().optional(),
  /** What the policies were asked about; `null`: unknown. Absent in decisions made before there were policies. */
  inputs: accessInputs.optional(),
  /** What each policy that applied said, report-only ones included. Absent where assignment had already denied. */
  outcomes: z.array(policyOutcome).max(200).optional(),
});

const challenged = decided.extend({ challenge: accessChallenge });

/** Granted, but the origin cannot be told who it is: nobody was let in. At most once a decision, beside or after its first fact. */
const signOnRefused = z.object({
  appId,
  subject: z.string().max(128),
  username: z.string().max(320),
  requestId: z.string().max(64),
  /** Such as `single-sign-on-refused`. */
  reason: z.string().regex(/^[a-z0-9-]{1,64}$/),
});

/** The first fact of each decision. */
export type DecisionMadeFact =
  | Fact<'AccessGranted', z.infer<typeof decided>>
  | Fact<'AccessDenied', z.infer<typeof decided>>
  /** Not yet: the user is asked for what is missing. */
  | Fact<'AccessChallenged', z.infer<typeof challenged>>;
export type AccessDecisionFact = DecisionMadeFact | Fact<'SignOnRefused', z.infer<typeof signOnRefused>>;

/** One aggregate per decision; its id is the receipt shown to the user. Decisions are cached, so this is not per request. */
export const accessDecisionAggregate: AggregateType<AccessDecisionFact> = {
  context: 'auth',
  thing: 'access-decision',
  facts: {
    AccessGranted: { version: 1, schema: decided },
    AccessDenied: { version: 1, schema: decided },
    AccessChallenged: { version: 1, schema: challenged },
    SignOnRefused: { version: 1, schema: signOnRefused },
  },
};
