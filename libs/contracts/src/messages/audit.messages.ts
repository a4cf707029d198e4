import { z } from 'zod';
import { accessChallenge, accessInputs, decisionCredential, policyOutcome } from '../facts/access-decision.facts.ts';
import { endpoints } from '../subjects.ts';
import { endpoint } from './endpoint.ts';

/** One record per request that reached an ingress. Times: ISO-8601 UTC; durations in milliseconds; sizes in bytes. */
export const accessRecord = z.object({
  requestId: z.string(),
  at: z.string(),
  ingressId: z.string(),
  address: z.string(),
  method: z.string(),
  host: z.string(),
  /** Path without query: queries may hold secrets. */
  path: z.string(),
  status: z.number().int(),
  outcome: z.enum(['forwarded', 'answered', 'redirected', 'denied', 'throttled', 'failed']),
  reason: z.string().nullable(),
  appId: z.string().nullable(),
  connectorId: z.string().nullable(),
  sessionId: z.string().nullable(),
  subject: z.string().nullable(),
  username: z.string().nullable(),
  decisionId: z.string().nullable(),
  durationMs: z.number(),
  requestBytes: z.number(),
  responseBytes: z.number(),
  userAgent: z.string(),
});
export type AccessRecord = z.infer<typeof accessRecord>;

/**
 * What is checked of a record on its way in: it comes from an ingress's own user, once per request, and is checked in full
 * when it is read.
 */
const incomingRecord = z.custom<AccessRecord>(
  (value) => typeof value === 'object' && value !== null && 'requestId' in value && typeof value.requestId === 'string',
  {
    error: 'expected an access record',
  },
);

/** Acknowledged once the batch is in the stream. The same batchId twice is stored once. */
export const recordAccess = endpoint(
  endpoints.recordAccess,
  z.object({ ingressId: z.string(), batchId: z.string(), records: z.array(incomingRecord).min(1).max(500) }),
  z.object({ position: z.number().int() }),
);

export const accessRecords = endpoint(
  endpoints.accessRecords,
  z.object({
    after: z.number().int().optional(),
    since: z.string().optional(),
    limit: z.number().int().min(1).max(1000).optional(),
    requestId: z.string().optional(),
  }),
  z.object({ records: z.array(accessRecord), next: z.number().int(), more: z.boolean() }),
);

/** A stored fact as the trail shows it. */
export const auditEvent = z.object({
  position: z.number().int(),
  id: z.string(),
  type: z.string(),
  at: z.string(),
  tenant: z.string(),
  context: z.string(),
  thing: z.string(),
  subjectId: z.string(),
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string().optional() }),
  correlationId: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type AuditEvent = z.infer<typeof auditEvent>;

/** Facts after a position, oldest first. `waitMs` up to 20 s holds the answer until there is one (long polling for tail). */
export const auditEvents = endpoint(
  endpoints.auditEvents,
  z.object({
    after: z.number().int().min(0),
    limit: z.number().int().min(1).max(1000).optional(),
    waitMs: z.number().int().min(0).max(20_000).optional(),
    /** Only these facts, for example `AppPublished`. */
    types: z.array(z.string()).max(50).optional(),
  }),
  z.object({ events: z.array(auditEvent), next: z.number().int(), head: z.number().int() }),
);

/** Rebuilds apps, connectors, groups and user sessions as they were at an instant, from the event stream alone. */
export const replay = endpoint(
  endpoints.replay,
  z.object({ at: z.iso.datetime() }),
  z.object({
    at: z.string(),
    position: z.number().int(),
    commits: z.number().int(),
    apps: z.array(z.record(z.string(), z.unknown())),
    connectorGroups: z.array(z.record(z.string(), z.unknown())),
    connectors: z.array(z.record(z.string(), z.unknown())),
    sessions: z.array(z.record(z.string(), z.unknown())),
  }),
);

const decisionVerdict = z.enum(['granted', 'denied', 'challenged']);

/** What one policy said in a decision, with its name in the set that the decision was made by. */
const explainedPolicy = policyOutcome.extend({
  name: z.string(),
  /** Completes "The policy …". Null where it refused nothing. */
  says: z.string().nullable(),
  /** Completes "It would be allowed …". */
  remedy: z.string().nullable(),
});

/** A recorded access decision in full, and the same one made again from its record. */
export const decisionView = z.object({
  decisionId: z.string(),
  at: z.string(),
  verdict: decisionVerdict,
  appId: z.string(),
  /** As of `appRevision`. Null: the portal, or unknown. */
  appName: z.string().nullable(),
  /** Null: a token was brought in place of a session. */
  sessionId: z.string().nullable(),
  credential: decisionCredential.nullable(),
  subject: z.string(),
  username: z.string(),
  requestId: z.string(),
  address: z.string(),
  reasons: z.array(z.string()),
  appRevision: z.number().int(),
  policySetRevision: z.number().int().nullable(),
  challenge: accessChallenge.nullable(),
  /** Granted, and refused all the same: the origin could not be told who it was. */
  signOnRefused: z.object({ at: z.string(), reason: z.string() }).nullable(),
  inputs: accessInputs.nullable(),
  policies: z.array(explainedPolicy),
  /** Null: the decision is older than its inputs' record. `isSame`: verdict, reasons and what each policy said. */
  replayed: z.object({ verdict: decisionVerdict, reasons: z.array(z.string()), isSame: z.boolean() }).nullable(),
});
export type DecisionView = z.infer<typeof decisionView>;

/** Error ERR_DECISION_ABSENT. */
export const decision = endpoint(endpoints.decision, z.object({ decisionId: z.string().max(64) }), decisionView);
