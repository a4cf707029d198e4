import { LRUCache } from 'lru-cache';
import {
  type AccessDecisionFact,
  type AppState,
  type AuthorizeReply,
  accessDecisionAggregate,
  appId,
  type ClientInfo,
  newId,
  PORTAL_APP_ID,
  type UserSessionState,
  userSessionId,
} from '#libs/contracts';
import type { EventStore } from '#libs/events';
import { serviceActor, toCorrelationId } from '../recording.ts';
import type { AssertionSigner } from '../tokens/assertion-signer.ts';
import type { Found, LiveState } from '../user-session/live-state.ts';
import { type AccessEvaluation, evaluateAccess } from './evaluate-access.ts';

/** Decisions remembered; at the bound the one not asked for longest goes, and is decided and recorded anew. */
export const MAX_REMEMBERED_DECISIONS = 20_000;

export type AccessRequest = {
  readonly appId: string;
  readonly sessionId: string;
  readonly requestId: string;
  readonly client: ClientInfo;
};

export type AccessDeciderOptions = {
  readonly store: EventStore;
  readonly tenant: string;
  readonly live: LiveState;
  readonly assertions: AssertionSigner;
  readonly portalUrl: string;
  readonly cacheSeconds: number;
  readonly nowMs: () => number;
};

type Remembered = { readonly reply: AuthorizeReply; readonly appRevision: number; readonly decidedAtMs: number };
type SignedIn = Exclude<UserSessionState, { status: 'absent' }>;
/** null: the portal. */
type AppOfRequest = Found<AppState> | null;
type Decided = Exclude<AccessEvaluation, { verdict: 'unauthenticated' }>;

/**
 * Decides and records. A decision is answered again, with the same id, for `cacheSeconds` while session and app are what
 * they were: one fact for many requests, and one denial receipt for somebody who keeps pressing reload. Granted is said
 * only after the fact is durable; when the store fails, so does the request.
 */
export class AccessDecider {
  readonly #options: AccessDeciderOptions;
  readonly #remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED_DECISIONS });
  readonly #running = new Map<string, Promise<AuthorizeReply>>();

  constructor(options: AccessDeciderOptions) {
    this.#options = options;
  }

  /** Requests for the same session and app that come together share one decision. */
  decide(request: AccessRequest): Promise<AuthorizeReply> {
    const key = `${request.sessionId}|${request.appId}`;
    const already = this.#running.get(key);
    if (already !== undefined) return already;
    const deciding = this.#decide(request, key).finally(() => this.#running.delete(key));
    this.#running.set(key, deciding);
    return deciding;
  }

  async #decide(request: AccessRequest, key: string): Promise<AuthorizeReply> {
    const { live, nowMs } = this.#options;
    const { state: session } = await live.session(request.sessionId);
    const app = request.appId === PORTAL_APP_ID ? null : await live.app(request.appId);
    const evaluation = evaluateAccess({ session, app: app?.state ?? 'portal', nowMs: nowMs() });
    if (evaluation.verdict === 'unauthenticated') return { verdict: 'sign-in', reason: evaluation.reason };
    if (session.status === 'absent') return { verdict: 'sign-in', reason: 'session-ended' };
    const appRevision = app?.revision ?? 0;
    const earlier = this.#recall(key, appRevision);
    if (earlier !== null) return earlier;
    const reply = await this.#decideAnew(request, session, app, evaluation);
    if (this.#options.cacheSeconds > 0) this.#remembered.set(key, { reply, appRevision, decidedAtMs: nowMs() });
    return reply;
  }

  /** What was decided on the same app revision, with the time that is left. */
  #recall(key: string, appRevision: number): AuthorizeReply | null {
    const known = this.#remembered.get(key);
    if (known === undefined || known.appRevision !== appRevision) return null;
    const leftSeconds = this.#options.cacheSeconds - (this.#options.nowMs() - known.decidedAtMs) / 1000;
    if (leftSeconds <= 0) return null;
    return known.reply.verdict === 'allow' ? { ...known.reply, cacheSeconds: Math.ceil(leftSeconds) } : known.reply;
  }

  async #decideAnew(
    request: AccessRequest,
    session: SignedIn,
    app: AppOfRequest,
    evaluation: Decided,
  ): Promise<AuthorizeReply> {
    const { sessionId } = request;
    const { principal, expiresAt } = session;
    const { username } = principal;
    const type = evaluation.verdict === 'granted' ? 'AccessGranted' : 'AccessDenied';
    const decisionId = await this.#record(request, {
      type,
      data: {
        appId: appId.parse(request.appId),
        sessionId: userSessionId.parse(sessionId),
        subject: principal.subject,
        username,
        requestId: toCorrelationId(request.requestId),
        address: request.client.address,
        reasons: [...evaluation.reasons],
        appRevision: app?.revision ?? 0,
      },
    });
    if (evaluation.verdict === 'denied') {
      const reason = evaluation.deniedBy;
      return { verdict: 'deny', reason, detail: explain(evaluation, request, app, username), decisionId, username };
    }
    const audience = new URL(externalUrlOf(app) ?? this.#options.portalUrl).origin;
    const assertion = await this.#options.assertions.sign({ principal, sessionId, audience });
    const identity = { sessionId, principal, assertion };
    return { verdict: 'allow', decisionId, identity, expiresAt, cacheSeconds: this.#options.cacheSeconds };
  }

  async #record(request: AccessRequest, fact: AccessDecisionFact): Promise<string> {
    const { store, tenant, nowMs } = this.#options;
    const id = newId('dec');
    await store.append({ tenant, type: accessDecisionAggregate, id }, 0, [fact], {
      commandId: newId('cmd'),
      at: new Date(nowMs()).toISOString(),
      actor: serviceActor,
      correlationId: toCorrelationId(request.requestId),
    });
    return id;
  }
}

function externalUrlOf(app: AppOfRequest): string | null {
  return app === null || app.state.status === 'absent' ? null : app.state.externalUrl;
}

/** One sentence for the person: who, what, and who can help. */
function explain(
  { deniedBy }: Extract<Decided, { verdict: 'denied' }>,
  request: AccessRequest,
  app: AppOfRequest,
  username: string,
): string {
  const name = app === null || app.state.status === 'absent' ? request.appId : app.state.name;
  if (deniedBy === 'app-retired') return `${name} is no longer published.`;
  return `${username} is signed in but not assigned to ${name}. Whoever manages the app can assign you.`;
}
