// long because a decision, what is remembered of it, and what single sign-on adds to it are one state machine with one order
import { LRUCache } from 'lru-cache';
import type { AccessInputs } from '#libs/conditional-access';
import {
  type AccessDecisionFact,
  type AppState,
  type AuthorizeReply,
  accessDecisionAggregate,
  newId,
  PORTAL_APP_ID,
  type Principal,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { EventStore } from '#libs/events';
import type { CountryLookup } from '../conditional-access/countries/country-lookup.ts';
import { createPolicyJudges, type PolicyJudge, type PolicySetOfDecision } from '../conditional-access/policy-judge.ts';
import { serviceActor, toCorrelationId } from '../recording.ts';
import { delegationOf } from '../single-sign-on/delegated-login.ts';
import type { SignOnOutcome } from '../single-sign-on/origin-fields.ts';
import type { AssertionSigner } from '../tokens/assertion-signer.ts';
import type { LiveState } from '../user-session/live-state.ts';
import type { SignedIn } from './asker.ts';
import {
  type AccessRequest,
  type AppOfRequest,
  basisOf,
  type Case,
  clientKey,
  factOf,
  isSameCase,
  placeOf,
  refusalFactOf,
} from './decision-case.ts';
import { explainDecision } from './explain-decision.ts';
import { judgeAccess } from './judge-access.ts';
import { type Nobody, type WhoAsksParts, whoAsks } from './who-asks.ts';

/** Decisions remembered; at the bound the one not asked for longest goes, and is decided and recorded anew. */
export const MAX_REMEMBERED_DECISIONS = 20_000;
/**
 * Clients remembered for one session and app; at the bound the oldest goes, and is decided about and recorded anew. As many
 * as one address can be by what user agents claim: a program that calls itself something else each time costs no more.
 */
export const MAX_CLIENTS_PER_SESSION_AND_APP = 16;
/** How often a decision is made and recorded anew because what it was made from changed meanwhile; then none is made. */
const MAX_REPEATS = 3;
/**
 * Milliseconds for one decision with all that it waits for, below the 5 s the ingress waits: a refresh takes up to 2.5 of them, an
 * exchange of tokens what is left. Past it no attempt is repeated.
 */
export const MAX_DECISION_MS = 4_500;
/** Milliseconds for which a refusal of single sign-on that names no time is answered again: what is mended works then. */
const SIGN_ON_REFUSED_MS = 5_000;
const NOTHING_TO_SEND: SignOn = { outcome: { kind: 'fields', fields: [] }, untilMs: Number.POSITIVE_INFINITY };

/** What single sign-on may put into a request. */
export type OriginFieldsQuestion = {
  readonly principal: Principal;
  /** Of the session; with a token, the id of the user or service token. */
  readonly sessionId: string;
  readonly assertion: string;
  readonly inputs: AccessInputs;
  /** Milliseconds since the epoch after which nobody waits for it any more. */
  readonly deadlineMs?: number | undefined;
};

export type AccessDeciderOptions = {
  readonly store: Pick<EventStore, 'append'>;
  readonly tenant: string;
  readonly live: Pick<LiveState, 'app' | 'session' | 'user' | 'serviceToken'>;
  /** See WhoAsksParts. */
  readonly isSessionOfApp?: WhoAsksParts['isSessionOfApp'];
  /** The policies to decide by; throws when they are not known, and then nothing is decided. */
  readonly policySet: () => PolicySetOfDecision;
  /** Default: none is known. */
  readonly countries?: CountryLookup;
  readonly assertions: Pick<AssertionSigner, 'sign'>;
  /** Confirms a session at its identity provider where that is due, before anything is judged. When it throws, so does the decision. */
  readonly refreshSession?: (id: string, state: SignedIn) => Promise<void>;
  /**
   * Header fields for the origin. Nobody is let in without them: a refusal denies, for 5 s, with the id of the decision that had
   * granted; when it throws, so does the decision, and nothing is recorded. They may end before the decision does, and are then made
   * anew for the same one. Not asked for reviews of requests under way where it might take long. Default: none.
   */
  readonly originFieldsOf?: (app: AppState, question: OriginFieldsQuestion) => Promise<SignOnOutcome>;
  readonly portalUrl: string;
  readonly cacheSeconds: number;
  readonly nowMs: () => number;
};

type Remembered = {
  /** See `clientKey`. */
  readonly client: string;
  /** As policies have it, without `originFields`. */
  readonly reply: AuthorizeReply;
  readonly signOn?: SignOn | undefined;
  readonly record: Told;
  readonly basis: string;
  readonly principal: Principal;
  /** Milliseconds since the epoch: as long as configured, and as long as the policies say the same. */
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
};
/** Milliseconds since the epoch; infinite: as long as the decision itself. */
type SignOn = { readonly outcome: SignOnOutcome; readonly untilMs: number };
type Answered = Pick<Remembered, 'reply' | 'signOn' | 'record'>;
/** `isRefusalTold`: that single sign-on refused stands there already, which once is enough of. */
type Told = { readonly revision: number; readonly isRefusalTold: boolean };
/**
 * Decides and records. A decision is answered again, with the same id, for `cacheSeconds` while all it was made from is what
 * it was (`basisOf`) and the clock does not turn it: one fact for many requests, and one denial receipt for somebody who
 * keeps pressing reload. Granted is said only after the fact is durable; when the store fails, so does the request. It is
 * judged again after that: whoever asked, or joined, after a revocation was published is not told what was true before.
 */
export class AccessDecider {
  readonly #options: AccessDeciderOptions;
  /** By credential and app, the newest first. */
  readonly #remembered = new LRUCache<string, readonly Remembered[]>({
    max: MAX_REMEMBERED_DECISIONS,
    maxSize: MAX_REMEMBERED_DECISIONS,
    sizeCalculation: (known) => known.length,
  });
  readonly #running = new Map<string, Promise<AuthorizeReply>>();
  readonly #judge: () => PolicyJudge;

  constructor(options: AccessDeciderOptions) {
    this.#options = options;
    this.#judge = createPolicyJudges(options.policySet, options.countries);
  }

  /** Requests of one client (`clientKey`) with the same credential for one app that come together share one decision. */
  decide(request: AccessRequest): Promise<AuthorizeReply> {
    const place = `${placeOf(request)}|${clientKey(request.client)}|${request.isReview === true}`;
    const already = this.#running.get(place);
    if (already !== undefined) return already;
    const deadlineMs = this.#options.nowMs() + MAX_DECISION_MS;
    const deciding = this.#decide({ ...request, deadlineMs }).finally(() => this.#running.delete(place));
    this.#running.set(place, deciding);
    return deciding;
  }

  /** Error ERR_AUTH_DECISION_CONTENDED, retryable, when it was another one after each repeat, or there was no time for one. */
  async #decide(request: AccessRequest): Promise<AuthorizeReply> {
    await this.#refresh(request);
    let decided = await this.#judgeNow(request);
    for (let repeats = 0; repeats <= MAX_REPEATS; repeats += 1) {
      if ('verdict' in decided) return decided;
      const basis = basisOf(decided);
      const known = this.#recall(decided, basis);
      if (known !== undefined && this.#isComplete(known, decided)) return this.#replyOf(known, decided);
      const answered = await this.#answer(decided, known);
      const after = await this.#judgeNow(request);
      // Nothing is awaited from here on: what was published before the next message comes has been looked at.
      if (!('verdict' in after) && isSameCase(after, basis, decided.asker.principal))
        return this.#replyOf(this.#remember(decided, answered, known, basis), decided);
      decided = after;
      if (this.#options.nowMs() >= (request.deadlineMs ?? Number.POSITIVE_INFINITY)) break;
    }
    throw new SallyportError(
      'ERR_AUTH_DECISION_CONTENDED',
      `access to ${request.appId} changed during each attempt to decide about it (up to ${MAX_REPEATS + 1}, in ${MAX_DECISION_MS} ms), try again`,
      { retryable: true, details: { appId: request.appId } },
    );
  }

  async #refresh({ credential }: AccessRequest): Promise<void> {
    const { live, refreshSession } = this.#options;
    if (refreshSession === undefined || credential.kind !== 'session') return;
    const { state } = await live.session(credential.sessionId);
    if (state.status === 'active') await refreshSession(credential.sessionId, state);
  }

  async #judgeNow(request: AccessRequest): Promise<Case | Nobody> {
    const { live, isSessionOfApp, nowMs } = this.#options;
    const { appId: id, client } = request;
    const app = id === PORTAL_APP_ID ? null : await live.app(id);
    const about = { appId: id, app: app?.state ?? null, nowMs };
    const asker = await whoAsks({ live, isSessionOfApp }, request.credential, about);
    if ('verdict' in asker) return asker;
    // Not before: a set that changed meanwhile counts.
    const judge = this.#judge();
    const atMs = nowMs();
    const question = { appId: id, asker, app: app?.state ?? ('portal' as const), client, judge };
    return { request, asker, app, judge, judgement: judgeAccess({ ...question, nowMs: atMs }), atMs };
  }

  #recall(decided: Case, basis: string): Remembered | undefined {
    const { request, atMs } = decided;
    const client = clientKey(request.client);
    const known = this.#remembered.get(placeOf(request))?.find((one) => one.client === client);
    if (known === undefined || !isSameCase(decided, known.basis, known.principal, basis)) return undefined;
    return Math.min(known.freshUntilMs, known.validUntilMs) > atMs ? known : undefined;
  }

  /** What is made anew for a decision does not prolong it. */
  #remember(
    { request, asker, judgement, atMs }: Case,
    answered: Answered,
    known: Remembered | undefined,
    basis: string,
  ) {
    const { cacheSeconds } = this.#options;
    const client = clientKey(request.client);
    const freshUntilMs = known?.freshUntilMs ?? atMs + cacheSeconds * 1000;
    const validUntilMs = judgement.validUntilMs ?? Number.POSITIVE_INFINITY;
    const remembered: Remembered = {
      client,
      basis,
      principal: asker.principal,
      freshUntilMs,
      validUntilMs,
      ...answered,
    };
    if (cacheSeconds === 0) return remembered;
    const place = placeOf(request);
    const others = (this.#remembered.get(place) ?? []).filter((one) => one.client !== client);
    this.#remembered.set(place, [remembered, ...others.slice(0, MAX_CLIENTS_PER_SESSION_AND_APP - 1)]);
    return remembered;
  }

  #needsSignOn({ request, app }: Case): boolean {
    return app !== null && this.#options.originFieldsOf !== undefined && !isLeftOut(request, app.state);
  }

  #isComplete({ reply, signOn }: Remembered, decided: Case): boolean {
    if (reply.verdict !== 'allow' || !this.#needsSignOn(decided)) return true;
    return signOn !== undefined && signOn.untilMs > this.#options.nowMs();
  }

  /** The end of what policies said is rounded down: no cache outlives it. */
  #replyOf({ reply, signOn, freshUntilMs, validUntilMs }: Remembered, decided: Case): AuthorizeReply {
    if (reply.verdict !== 'allow') return reply;
    const { request, app } = decided;
    const isBare = app !== null && isLeftOut(request, app.state);
    const { outcome, untilMs } = isBare || signOn === undefined ? NOTHING_TO_SEND : signOn;
    if (outcome.kind === 'refused') {
      const { reason, detail } = outcome;
      const { username } = reply.identity.principal;
      return { verdict: 'deny', reason, detail, decisionId: reply.decisionId, username };
    }
    const nowMs = this.#options.nowMs();
    // A token may be taken for a minute past its end, for clocks differ; it is not cached then.
    const endMs = Math.min(validUntilMs, untilMs, Date.parse(reply.expiresAt));
    const cacheSeconds = Math.min(Math.ceil((freshUntilMs - nowMs) / 1000), Math.floor((endMs - nowMs) / 1000));
    return {
      ...reply,
      ...(outcome.fields.length === 0 ? {} : { originFields: [...outcome.fields] }),
      appRevision: isBare ? 0 : reply.appRevision,
      cacheSeconds: Math.max(0, cacheSeconds),
    };
  }

  /** Where a decision is `known` already, only what single sign-on adds to it is made. */
  async #answer(decided: Case, known: Remembered | undefined): Promise<Answered> {
    const { request, asker, app, judge, judgement } = decided;
    const { id: sessionId, principal, expiresAt } = asker;
    const { username } = principal;
    if (judgement.verdict !== 'granted') {
      const { decisionId, record } = await this.#record(decided);
      const appName = app === null || app.state.status === 'absent' ? request.appId : app.state.name;
      const detail = explainDecision(judgement, { appName, username, policySet: judge.state });
      if (judgement.verdict === 'denied')
        return { reply: { verdict: 'deny', reason: judgement.deniedBy, detail, decisionId, username }, record };
      const { challenge } = judgement;
      const asked = { challenge, reason: 'step-up-required', detail, decisionId, username };
      return { reply: { verdict: 'step-up', ...asked }, record };
    }
    const said = known?.reply.verdict === 'allow' ? known.reply : undefined;
    const audience = new URL(externalUrlOf(app) ?? this.#options.portalUrl).origin;
    const delegated = delegationOf(app === null ? null : app.state, asker);
    const delegation = delegated?.kind === 'delegation' ? delegated.delegation : null;
    const assertion =
      said?.identity.assertion ?? (await this.#options.assertions.sign({ principal, sessionId, audience, delegation }));
    const signOn =
      delegated?.kind === 'refused'
        ? { outcome: delegated, untilMs: this.#options.nowMs() + SIGN_ON_REFUSED_MS }
        : await this.#signOn(decided, assertion);
    if (said !== undefined && known !== undefined)
      return { reply: said, signOn, record: await this.#recordRefusal(decided, said.decisionId, known.record, signOn) };
    const { decisionId, record } = await this.#record(decided, signOn);
    const identity = { sessionId, principal, assertion };
    const { cacheSeconds } = this.#options;
    const appRevision = app?.revision ?? 0;
    return { reply: { verdict: 'allow', decisionId, identity, appRevision, expiresAt, cacheSeconds }, signOn, record };
  }

  async #signOn({ request, asker, app, judgement }: Case, assertion: string): Promise<SignOn | undefined> {
    const { originFieldsOf, nowMs } = this.#options;
    if (app === null || originFieldsOf === undefined || isLeftOut(request, app.state)) return undefined;
    const { id: sessionId, principal } = asker;
    const { deadlineMs } = request;
    const { inputs } = judgement;
    const outcome = await originFieldsOf(app.state, { principal, sessionId, assertion, inputs, deadlineMs });
    if (outcome.kind === 'refused') return { outcome, untilMs: outcome.validUntilMs ?? nowMs() + SIGN_ON_REFUSED_MS };
    return { outcome, untilMs: outcome.validUntilMs ?? Number.POSITIVE_INFINITY };
  }

  async #record(decided: Case, signOn?: SignOn): Promise<{ readonly decisionId: string; readonly record: Told }> {
    const decisionId = newId('dec');
    const refusal = refusalIn(decided, signOn);
    const revision = await this.#append(decided, decisionId, 0, [factOf(decided), ...refusal]);
    return { decisionId, record: { revision, isRefusalTold: refusal.length > 0 } };
  }

  async #recordRefusal(decided: Case, decisionId: string, record: Told, signOn?: SignOn): Promise<Told> {
    const refusal = record.isRefusalTold ? [] : refusalIn(decided, signOn);
    if (refusal.length === 0) return record;
    return { revision: await this.#append(decided, decisionId, record.revision, refusal), isRefusalTold: true };
  }

  async #append({ request }: Case, id: string, expectedRevision: number, facts: readonly AccessDecisionFact[]) {
    const { store, tenant, nowMs } = this.#options;
    const { revision } = await store.append({ tenant, type: accessDecisionAggregate, id }, expectedRevision, facts, {
      commandId: newId('cmd'),
      at: new Date(nowMs()).toISOString(),
      actor: serviceActor,
      correlationId: toCorrelationId(request.requestId),
    });
    return revision;
  }
}

function refusalIn(decided: Case, signOn: SignOn | undefined): readonly AccessDecisionFact[] {
  return signOn?.outcome.kind === 'refused' ? [refusalFactOf(decided, signOn.outcome.reason)] : [];
}

/** Only an exchange can take long, or be refused by somebody else. */
function isLeftOut({ isReview }: AccessRequest, app: AppState): boolean {
  return isReview === true && app.status !== 'absent' && app.singleSignOn.authorization?.kind === 'token-exchange';
}

function externalUrlOf(app: AppOfRequest): string | null {
  return app === null || app.state.status === 'absent' ? null : app.state.externalUrl;
}
