import { PORTAL_APP_ID } from '#libs/contracts';
import { denialProblem, staleCookieProblem } from '../answers/problem-reasons.ts';
import { respondProblem } from '../answers/respond.ts';
import type { Decision, DecisionQuestion } from '../decisions/decision-cache.ts';
import { answerAuthReply, browserRequest, clientOf, respondAuthUnavailable } from '../sign-in/answer-auth-reply.ts';
import { appHintCookies } from '../sign-in/app-hint.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/** Destinations (Fetch, 2.2.5) of navigations inside of another page. */
const FRAMES: ReadonlySet<string> = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);
const MAX_RETURN_URL_LENGTH = 8192;

/**
 * Preauthentication and access decision. A cached decision is used at once; otherwise auth is asked. Without a usable
 * access cookie a person is sent to sign in and a program gets 401; auth not answering denies with 503.
 */
export function requireAccessDecision(exchange: Exchange): StepResult {
  const { accessCookie } = exchange.facts;
  if (accessCookie === undefined) return requireSignIn(exchange);
  const { decisions } = exchange.tenant;
  const granted = decisions.granted(exchange.facts.decisionKey(exchange.app?.view.id ?? PORTAL_APP_ID));
  if (granted !== undefined) {
    exchange.access = granted;
    return NEXT;
  }
  const decided = decisions.decide(questionOf(exchange, accessCookie));
  return decided instanceof Promise ? decided.then((decision) => apply(exchange, decision)) : apply(exchange, decided);
}

/** What auth is asked about this request. */
export function questionOf(exchange: Exchange, accessCookie: string): DecisionQuestion {
  return {
    appId: exchange.app?.view.id ?? PORTAL_APP_ID,
    accessCookie,
    requestId: exchange.requestId,
    client: clientOf(exchange),
  };
}

function apply(exchange: Exchange, decision: Decision): StepResult {
  switch (decision.verdict) {
    case 'allow':
      exchange.access = decision.access;
      return NEXT;
    case 'sign-in':
      return requireSignIn(exchange, decision.reason);
    case 'unavailable':
      respondAuthUnavailable(exchange);
      return DONE;
    case 'deny':
      exchange.decisionId = decision.decisionId;
      exchange.username = decision.username;
      respondProblem(exchange, denialProblem(decision.reason), {
        outcome: 'denied',
        reason: decision.reason,
        detail: decision.detail,
        receipt: decision.decisionId,
        username: decision.username,
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
function requireSignIn(exchange: Exchange, reason?: string): StepResult {
  const isFrame = FRAMES.has(exchange.head.secFetchDest);
  if (exchange.isGetOrHead && exchange.isNavigation && !isFrame) return beginSignIn(exchange);
  const { app } = exchange;
  const start = app ? `${app.externalOrigin}${app.externalPath}` : `${exchange.services.portalOrigin}/`;
  respondProblem(exchange, reason === undefined ? 'user-unauthenticated' : staleCookieProblem(reason), {
    outcome: 'denied',
    ...(reason === undefined ? {} : { reason }),
    fields: ['WWW-Authenticate', `Sallyport realm="${exchange.hostname}", error="sign-in-required"`],
    members: { signInUrl: start },
    isProgram: !isFrame,
  });
  return DONE;
}

async function beginSignIn(exchange: Exchange): Promise<typeof DONE> {
  const { app, services, target, tenant } = exchange;
  const origin = app?.externalOrigin ?? services.portalOrigin;
  const asked = `${origin}${target.path}${target.query}`;
  const returnUrl = asked.length <= MAX_RETURN_URL_LENGTH ? asked : `${origin}${app?.externalPath ?? '/'}`;
  const reply = tenant.auth
    .beginSignIn({ ...browserRequest(exchange), appId: app?.view.id ?? PORTAL_APP_ID, returnUrl })
    .then((it) =>
      app && it.kind === 'redirect' ? { ...it, setCookies: [...it.setCookies, ...appHintCookies(exchange, app)] } : it,
    );
  await answerAuthReply(exchange, reply, 'leave');
  return DONE;
}
