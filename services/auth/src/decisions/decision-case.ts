import { isDeepStrictEqual } from 'node:util';
import {
  type AccessDecisionFact,
  type AppState,
  appId,
  type ClientInfo,
  type DecisionMadeFact,
  type Principal,
  userSessionId,
} from '#libs/contracts';
import type { PolicyJudge } from '../conditional-access/policy-judge.ts';
import { readUserAgent } from '../conditional-access/user-agent.ts';
import { toCorrelationId } from '../recording.ts';
import type { Found } from '../user-session/live-state.ts';
import type { Asker } from './asker.ts';
import type { AccessJudgement } from './judge-access.ts';
import { type Credential, keyOf } from './who-asks.ts';

export type AccessRequest = {
  readonly appId: string;
  readonly credential: Credential;
  readonly requestId: string;
  readonly client: ClientInfo;
  /** See `authorize`. */
  readonly isReview?: boolean | undefined;
  /** Milliseconds since the epoch after which nobody waits for it any more. AccessDecider sets it. */
  readonly deadlineMs?: number | undefined;
};

/** null: the portal. */
export type AppOfRequest = Found<AppState> | null;
/** Everything one decision is made from and recorded with. */
export type Case = {
  readonly request: AccessRequest;
  readonly asker: Asker;
  readonly app: AppOfRequest;
  readonly judge: PolicyJudge;
  readonly judgement: AccessJudgement;
  readonly atMs: number;
};

/** By credential and app: where a decision is remembered. */
export function placeOf({ credential, appId: id }: AccessRequest): string {
  return `${keyOf(credential)}|${id}`;
}

/** What policies see of a client, and the fact records: not the words in which it claims it. */
export function clientKey({ address, userAgent }: ClientInfo): string {
  const { platform, clientKind } = readUserAgent(userAgent);
  return `${platform}|${clientKind}|${address}`;
}

/** What must not have changed for a decision to be given again, besides the person: what it was made from, and what comes out of it now. */
export function basisOf({ request, asker, app, judge, judgement }: Case): string {
  const { authenticatedAtMs, authenticationContexts, deviceStates, signInRisk, userRisk, expiresAt } = asker;
  return JSON.stringify([
    app?.revision ?? 0,
    judge.revision,
    authenticatedAtMs,
    authenticationContexts,
    [deviceStates, signInRisk, userRisk, expiresAt],
    clientKey(request.client),
    judgement.inputs.country,
    judgement.reasons,
    judgement.verdict === 'challenged' ? judgement.challenge : null,
  ]);
}

/** A person is nearly always the same object, and a list of a thousand groups is not looked through for nothing. */
export function isSameCase(now: Case, basis: string, principal: Principal, basisNow: string = basisOf(now)): boolean {
  if (basisNow !== basis) return false;
  return now.asker.principal === principal || isDeepStrictEqual(now.asker.principal, principal);
}

/** What is recorded of it. */
export function factOf({ request, asker, app, judge, judgement }: Case): DecisionMadeFact {
  const { id, credential } = asker;
  const { subject, username } = asker.principal;
  const data = {
    appId: appId.parse(request.appId),
    ...(credential === null ? { sessionId: userSessionId.parse(id) } : { credential }),
    subject,
    username,
    requestId: toCorrelationId(request.requestId),
    address: request.client.address,
    reasons: [...judgement.reasons],
    appRevision: app?.revision ?? 0,
    policySetRevision: judge.revision,
    ...recordable(judgement),
  };
  switch (judgement.verdict) {
    case 'granted':
      return { type: 'AccessGranted', data };
    case 'denied':
      return { type: 'AccessDenied', data };
    case 'challenged':
      return { type: 'AccessChallenged', data: { ...data, challenge: judgement.challenge } };
    default:
      return judgement satisfies never;
  }
}

/** What is recorded with it, or later, where single sign-on lets nobody in. */
export function refusalFactOf({ request, asker }: Case, reason: string): AccessDecisionFact {
  const { subject, username } = asker.principal;
  const requestId = toCorrelationId(request.requestId);
  return { type: 'SignOnRefused', data: { appId: appId.parse(request.appId), subject, username, requestId, reason } };
}

/** Arrays of our own, as facts have them. */
function recordable({ inputs, outcomes }: AccessJudgement) {
  return {
    inputs: {
      ...inputs,
      groups: inputs.groups === null ? null : [...inputs.groups],
      roles: [...(inputs.roles ?? [])],
      directoryRoles: inputs.directoryRoles === null ? null : [...inputs.directoryRoles],
      deviceStates: inputs.deviceStates === null ? null : [...inputs.deviceStates],
      authenticationContexts: [...inputs.authenticationContexts],
    },
    ...(outcomes === undefined
      ? {}
      : { outcomes: outcomes.map((outcome) => ({ ...outcome, clauses: [...outcome.clauses] })) }),
  };
}
