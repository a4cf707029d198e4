import type { EndOwnSessionsReply } from '#libs/contracts';
import { staleCookieProblem } from '../answers/problem-reasons.ts';
import { respondProblem, respondRedirect } from '../answers/respond.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { answerDecision } from '../pipeline/require-access-decision.ts';
import { DONE, type StepOutcome } from '../pipeline/step.ts';
import { answerAuthReply, browserRequest, respondAuthUnavailable } from '../sign-in/answer-auth-reply.ts';
import { isSameOrigin } from '../sign-in/same-origin.ts';
import { readForm } from './read-form.ts';

/** On the portal's host: a form with `form` (the token), and `session` (an id) or `everywhere`. */
export const END_SESSIONS_PATH = '/sessions/end';

/**
 * Ends sessions of the person who is signed in. Only a form of the portal itself may: the request must come from this host,
 * the token in it must be made for this very session, and auth looks after the session being that person's.
 */
export async function endOwnSessions(
  exchange: Exchange,
  showAbsent: (exchange: Exchange) => Promise<StepOutcome>,
): Promise<StepOutcome> {
  if (exchange.method !== 'POST') {
    respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'POST'] });
    return DONE;
  }
  if (!isSameOrigin(exchange)) return forged(exchange);
  const form = await readForm(exchange);
  if (form === undefined) {
    respondProblem(exchange, 'request-too-large', { outcome: 'denied' });
    return DONE;
  }
  const isEverywhere = form.has('everywhere');
  let reply: EndOwnSessionsReply;
  try {
    reply = await exchange.tenant.auth.endOwnSessions({
      requestId: exchange.requestId,
      client: exchange.facts.clientInfo,
      accessCookie: exchange.facts.accessCookie ?? '',
      formToken: (form.get('form') ?? '').slice(0, 8192),
      target: isEverywhere ? { kind: 'others' } : { kind: 'one', sessionId: (form.get('session') ?? '').slice(0, 128) },
    });
  } catch (error) {
    exchange.services.logger.error('sessions not ended', { requestId: exchange.requestId, error });
    respondAuthUnavailable(exchange);
    return DONE;
  }
  switch (reply.status) {
    case 'ended':
      // The current one last: whoever is interrupted is still signed in and can ask again.
      if (isEverywhere) await answerAuthReply(exchange, exchange.tenant.auth.signOut(browserRequest(exchange)));
      else
        respondRedirect(exchange, `${exchange.services.portalOrigin}/?ended=${reply.sessionIds.length}#sessions`, []);
      return DONE;
    case 'absent':
      return showAbsent(exchange);
    case 'forged':
      return forged(exchange);
    case 'sign-in':
      respondProblem(exchange, staleCookieProblem(reply.reason), { outcome: 'denied', reason: reply.reason });
      return DONE;
    case 'refused':
      return answerDecision(exchange, reply.decision);
    default:
      return reply satisfies never;
  }
}

function forged(exchange: Exchange): StepOutcome {
  respondProblem(exchange, 'cross-site-request', { outcome: 'denied' });
  return DONE;
}
