import { LRUCache } from 'lru-cache';
import {
  type AccessDecisionFact,
  type AuthorizeReply,
  accessDecisionAggregate,
  type ClientInfo,
  newId,
  PORTAL_APP_ID,
  type UserSessionState,
} from '#libs/contracts';
import type { EventStore } from '#libs/events';
import { serviceActor, toCorrelationId } from '../recording.ts';
import type { AssertionSigner } from '../tokens/assertion-signer.ts';
import type { LiveState } from '../user-session/live-state.ts';
import { evaluateAccess } from './evaluate-access.ts';

/** Decisions remembered; at the bound the one not asked for longest goes, and is decided and recorded anew. */
export const MAX_REMEMBERED_DECISIONS = 20_000;

export type AccessRequest = {
  readonly appId: string;
  readonly sessionId: string;
  readonly requestId: string;
  readonly client: ClientInfo;
};

export type DecideAccess = (request: AccessRequest) => Promise<AuthorizeReply>;

type Remembered = { readonly reply: AuthorizeReply; readonly appRevision: number; readonly decidedAtMs: number };

/**
 * Decides and records. A decision is answered again, with the same id, for `cacheSeconds` while session and app are what
 * they were: one fact for many requests, and one denial receipt for somebody who keeps pressing reload. Granted is said
 * only after the fact is durable; when the store fails, so does the request.
 */
export function createDecideAccess(options: {
  readonly store: EventStore;
  readonly tenant: string;
  readonly live: LiveState;
  readonly assertions: AssertionSigner;
  readonly portalUrl: string;
  readonly cacheSeconds: number;
  readonly nowMs: () => number;
}): DecideAccess {
  const { store, tenant, live, assertions, cacheSeconds, nowMs } = options;
  const remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED_DECISIONS });
  const running = new Map<string, Promise<AuthorizeReply>>();

  const record = async (request: AccessRequest, fact: AccessDecisionFact): Promise<string> => {
    const id = newId('dec');
    const metadata = {
      commandId: newId('cmd'),
      at: new Date(nowMs()).toISOString(),
      actor: serviceActor,
      correlationId: toCorrelationId(request.requestId),
    };
    await store.append({ tenant, type: accessDecisionAggregate, id }, 0, [fact], metadata);
    return id;
  };

  const decide = async (request: AccessRequest, session: UserSessionState, key: string): Promise<AuthorizeReply> => {
    const isPortal = request.appId === PORTAL_APP_ID;
    const app = isPortal ? null : await live.app(request.appId);
    const appRevision = app?.revision ?? 0;
    const known = remembered.get(key);
    const ageSeconds = known === undefined ? 0 : (nowMs() - known.decidedAtMs) / 1000;
    const evaluation = evaluateAccess({ session, app: app?.state ?? 'portal', nowMs: nowMs() });
    if (evaluation.verdict === 'unauthenticated' || session.status === 'absent') {
      remembered.delete(key);
      return {
        verdict: 'sign-in',
        reason: evaluation.verdict === 'unauthenticated' ? evaluation.reason : 'session-ended',
      };
    }
    if (known !== undefined && known.appRevision === appRevision && ageSeconds < cacheSeconds)
      return again(known.reply, Math.ceil(cacheSeconds - ageSeconds));
    const { principal } = session;
    const data = {
      appId: request.appId,
      sessionId: request.sessionId,
      subject: principal.subject,
      username: principal.username,
      requestId: toCorrelationId(request.requestId),
      address: request.client.address,
      reasons: evaluation.reasons,
      appRevision,
    } as AccessDecisionFact['data'];
    const { username } = principal;
    let reply: AuthorizeReply;
    if (evaluation.verdict === 'denied') {
      const decisionId = await record(request, { type: 'AccessDenied', data });
      const name = app?.state.status === 'absent' ? request.appId : (app?.state.name ?? 'My apps');
      const detail =
        evaluation.deniedBy === 'app-retired'
          ? `${name} is no longer published.`
          : `${username} is signed in but not assigned to ${name}. Whoever manages the app can assign you.`;
      reply = { verdict: 'deny', reason: evaluation.deniedBy, detail, decisionId, username };
    } else {
      const decisionId = await record(request, { type: 'AccessGranted', data });
      const externalUrl = app === null || app.state.status === 'absent' ? options.portalUrl : app.state.externalUrl;
      const { sessionId } = request;
      const assertion = await assertions.sign({ principal, sessionId, audience: new URL(externalUrl).origin });
      const identity = { sessionId, principal, assertion };
      reply = { verdict: 'allow', decisionId, identity, expiresAt: session.expiresAt, cacheSeconds };
    }
    if (cacheSeconds > 0) remembered.set(key, { reply, appRevision, decidedAtMs: nowMs() });
    return reply;
  };

  return async (request) => {
    const key = `${request.sessionId}|${request.appId}`;
    const { state } = await live.session(request.sessionId);
    const already = running.get(key);
    if (already !== undefined) return already;
    const deciding = decide(request, state, key).finally(() => running.delete(key));
    running.set(key, deciding);
    return deciding;
  };
}

function again(reply: AuthorizeReply, cacheSeconds: number): AuthorizeReply {
  return reply.verdict === 'allow' ? { ...reply, cacheSeconds } : reply;
}
