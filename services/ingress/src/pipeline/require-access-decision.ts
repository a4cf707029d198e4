import { setTimeout as delay } from 'node:timers/promises';
import { type AccessChallengeView, PORTAL_APP_ID } from '#libs/contracts';
import { denialProblem, staleCookieProblem } from '../answers/problem-reasons.ts';
import { respondProblem } from '../answers/respond.ts';
import { challengeField } from '../decisions/challenge-field.ts';
import type { Decision, DecisionQuestion } from '../decisions/decision-cache.ts';
import { ageBeside, type GrantedAccess } from '../decisions/granted-access.ts';
import { answerAuthReply, browserRequest, respondAuthUnavailable } from '../sign-in/answer-auth-reply.ts';
import { appHintCookies } from '../sign-in/app-hint.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/** Destinations (Fetch, 2.2.5) of navigations inside of another page. */
const FRAMES: ReadonlySet<string> = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);
const MAX_RETURN_URL_LENGTH = 8192;
/** How often a request looks at the directory for a change that its decision was made of, beside the first time, and in which milliseconds. */
const MAX_LOOKS = 20;
const LOOK_EVERY_MS = 50;

/**
 * Preauthentication and access decision. A cached decision is used at once; otherwise auth is asked. Without a usable
 * access cookie a person is sent to sign in and a program gets 401; so it is where a policy asks for more than the session
 * has. Auth not answering denies with 503.
 */
export function requireAccessDecision(exchange: Exchange): StepResult {
  const { facts } = exchange;
  const token = facts.tokenFor(exchange.app);
  if (token === undefined && facts.accessCookie === undefined) return requireSignIn(exchange);
  if (token?.kind === 'malformed') return refuseCredential(exchange);
  const { decisions } = exchange.tenant;
  const key = facts.decisionKey(exchange.app?.view.id ?? PORTAL_APP_ID, token);
  const granted = decisions.granted(key, facts.clientInfo, exchange.app);
  if (granted !== undefined) return enter(exchange, granted);
  const decided = decisions.decide(questionOf(exchange));
  return decided instanceof Promise
    ? decided.then((decision) => answerDecision(exchange, decision))
    : answerDecision(exchange, decided);
}

/** What auth is asked about this request. */
export function questionOf(exchange: Exchange): DecisionQuestion {
  const { app, requestId, facts } = exchange;
  const about = { appId: app?.view.id ?? PORTAL_APP_ID, requestId, client: facts.clientInfo, app };
  const token = facts.tokenFor(app);
  if (token?.kind === 'token') return { ...about, bearerToken: token.token };
  return { ...about, accessCookie: facts.accessCookie ?? '' };
}

/** A decision may know of a change that the directory has not heard of: the request goes where the app is then, or nowhere. */
function enter(exchange: Exchange, access: GrantedAccess): StepResult {
  exchange.access = access;
  return ageBeside(access, exchange.app) === 'after' ? followApp(exchange, access) : NEXT;
}

async function followApp(exchange: Exchange, access: GrantedAccess): Promise<typeof NEXT | typeof DONE> {
  const { target, hostname, tenant } = exchange;
  for (let looks = 0; looks <= MAX_LOOKS; looks += 1) {
    if (looks > 0) await delay(LOOK_EVERY_MS, undefined, { ref: false });
    const app = tenant.directory.placesOf(hostname)?.find(target.path, target.matchPath);
    if (app?.view.id !== access.appId || app.view.preauthentication === 'passthrough') break;
    const age = ageBeside(access, app);
    if (age === 'before') break;
    if (age === 'after') continue;
    exchange.app = app;
    return NEXT;
  }
  exchange.access = undefined;
  respondAuthUnavailable(exchange);
  return DONE;
}

/** What any verdict is answered with. */
export function answerDecision(exchange: Exchange, decision: Decision): StepResult {
  switch (decision.verdict) {
    case 'allow':
      return enter(exchange, decision.access);
    case 'sign-in':
      return requireSignIn(exchange, decision.reason);
    case 'step-up':
      return requireStepUp(exchange, decision);
    case 'unavailable':
      if (decision.isProvider)
        respondProblem(exchange, 'identity-provider-unavailable', { outcome: 'failed', retryAfterSeconds: 5 });
      else respondAuthUnavailable(exchange);
      return DONE;
    case 'refuse-token':
      return refuseToken(exchange, decision);
    case 'deny':
      exchange.decisionId = decision.decisionId;
      exchange.username = decision.username;
      respondProblem(exchange, denialProblem(decision.reason), {
        outcome: 'denied',
        reason: decision.reason,
        detail: decision.detail,
        receipt: decision.decisionId,
        username: decision.username,
        isProgram: isByToken(exchange),
      });
      return DONE;
    default:
      return decision satisfies never;
  }
}

/**
 * Only a page of its own can go through pages of another host and come back; frames, scripts and programs learn that they
 * must not try, and leave the return address of the page around them alone.
 */
function canBeginSignIn(exchange: Exchange): boolean {
  return exchange.isGetOrHead && exchange.isNavigation && !isFrame(exchange);
}

function isFrame(exchange: Exchange): boolean {
  return FRAMES.has(exchange.head.secFetchDest);
}

/** Where a person signs in for what a program, or a frame, is refused. */
function signInUrlOf({ app, services }: Exchange): string {
  return app ? `${app.externalOrigin}${app.externalPath}` : `${services.portalOrigin}/`;
}

/** The access cookie is missing, or auth does not take it (any more): `reason`. */
export function requireSignIn(exchange: Exchange, reason?: string): StepResult {
  if (canBeginSignIn(exchange)) return beginSignIn(exchange);
  respondProblem(exchange, reason === undefined ? 'user-unauthenticated' : staleCookieProblem(reason), {
    outcome: 'denied',
    ...(reason === undefined ? {} : { reason }),
    fields: [
      'WWW-Authenticate',
      `Sallyport realm="${exchange.hostname}", error="sign-in-required"`,
      ...(exchange.app?.view.bearerTokens ? ['WWW-Authenticate', `Bearer realm="${exchange.hostname}"`] : []),
    ],
    members: { signInUrl: signInUrlOf(exchange) },
    isProgram: !isFrame(exchange),
  });
  return DONE;
}

function isByToken({ facts, app }: Exchange): boolean {
  return facts.tokenFor(app) !== undefined;
}

/** RFC 6750, 3.1: what is wrong with a token is told in the document, never in the field. The token itself is told nobody. */
function refuseToken(exchange: Exchange, decision: Extract<Decision, { verdict: 'refuse-token' }>): StepResult {
  const { error, reason, detail } = decision;
  respondProblem(exchange, error === 'insufficient_scope' ? 'token-insufficient' : 'token-refused', {
    outcome: 'denied',
    reason,
    detail,
    fields: ['WWW-Authenticate', `Bearer realm="${exchange.hostname}", error="${error}"`],
    isProgram: true,
  });
  return DONE;
}

/** Nobody is asked about what is no token at all. */
function refuseCredential(exchange: Exchange): StepResult {
  respondProblem(exchange, 'credential-malformed', {
    outcome: 'denied',
    fields: ['WWW-Authenticate', `Bearer realm="${exchange.hostname}", error="invalid_request"`],
    isProgram: true,
  });
  return DONE;
}

/** The receipt leads to the recorded challenge; `reason` is that of auth. */
function requireStepUp(exchange: Exchange, decision: Extract<Decision, { verdict: 'step-up' }>): StepResult {
  const { challenge, reason, detail, decisionId, username } = decision;
  exchange.decisionId = decisionId;
  exchange.username = username;
  const isToken = isByToken(exchange);
  if (!isToken && canBeginSignIn(exchange)) return beginSignIn(exchange, challenge);
  const { contexts, maxAgeMinutes } = challenge;
  const realm = exchange.hostname;
  respondProblem(exchange, 'step-up-required', {
    outcome: 'denied',
    reason,
    detail,
    receipt: decisionId,
    username,
    fields: [
      'WWW-Authenticate',
      challengeField(realm, challenge),
      ...(isToken ? [] : ['WWW-Authenticate', `Sallyport realm="${realm}", error="step-up-required"`]),
    ],
    members: {
      // A session would not help a program that has none.
      ...(isToken ? {} : { signInUrl: signInUrlOf(exchange) }),
      contexts,
      ...(maxAgeMinutes === undefined ? {} : { maxAgeMinutes }),
    },
    isProgram: isToken || !isFrame(exchange),
  });
  return DONE;
}

async function beginSignIn(exchange: Exchange, challenge?: AccessChallengeView): Promise<typeof DONE> {
  const { app, services, target, tenant } = exchange;
  const origin = app?.externalOrigin ?? services.portalOrigin;
  const asked = `${origin}${target.path}${target.query}`;
  const returnUrl = asked.length <= MAX_RETURN_URL_LENGTH ? asked : `${origin}${app?.externalPath ?? '/'}`;
  const reply = tenant.auth
    .beginSignIn({
      ...browserRequest(exchange),
      appId: app?.view.id ?? PORTAL_APP_ID,
      returnUrl,
      ...(challenge === undefined ? {} : { challenge }),
    })
    .then((it) =>
      app && it.kind === 'redirect' ? { ...it, setCookies: [...it.setCookies, ...appHintCookies(exchange, app)] } : it,
    );
  await answerAuthReply(exchange, reply, 'leave');
  return DONE;
}
