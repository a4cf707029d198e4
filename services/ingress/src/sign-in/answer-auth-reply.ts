import type { AuthReply } from '#libs/contracts';
import { signInProblem } from '../answers/problem-reasons.ts';
import { languageOf } from '../answers/request-preferences.ts';
import { respondFragmentPage, respondPage, respondProblem, respondRedirect } from '../answers/respond.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { leavePage, returnPage } from './fragment-pages.ts';
import { readOwnCookies } from './own-cookies.ts';
import { signedOutPage } from './sign-out-pages.ts';

/** What every question to auth about a browser carries. */
export function browserRequest(exchange: Exchange) {
  return {
    requestId: exchange.requestId,
    client: exchange.facts.clientInfo,
    cookies: readOwnCookies(exchange.head.cookie),
  };
}

/** How a browser is led on: by a redirect, or by a page where a fragment has to be kept or put back. */
export type LeadOn = 'redirect' | 'leave' | 'return';

/** Answers the user as auth said; auth not answering is a page that says so, never the app. */
export async function answerAuthReply(
  exchange: Exchange,
  asked: Promise<AuthReply>,
  leadOn: LeadOn = 'redirect',
): Promise<void> {
  let reply: AuthReply;
  try {
    reply = await asked;
  } catch (error) {
    exchange.services.logger.error('auth did not answer', { requestId: exchange.requestId, error });
    return respondAuthUnavailable(exchange);
  }
  switch (reply.kind) {
    case 'redirect':
      if (leadOn === 'redirect' || !exchange.isDocument)
        return respondRedirect(exchange, reply.location, reply.setCookies);
      // No cache and no service worker keeps the page in place of the app's: it is no success.
      if (leadOn === 'leave') return respondFragmentPage(exchange, 401, leavePage(reply.location), reply.setCookies);
      return respondFragmentPage(exchange, 200, returnPage(reply.location), reply.setCookies);
    case 'signed-out':
      return respondPage(
        exchange,
        200,
        signedOutPage(exchange.services, languageOf(exchange)),
        cookieFields(reply.setCookies),
      );
    case 'denied':
      return respondProblem(exchange, signInProblem(reply.reason), {
        outcome: 'denied',
        status: reply.status,
        reason: reply.reason,
        detail: reply.detail,
        fields: cookieFields(reply.setCookies),
      });
    default:
      return reply satisfies never;
  }
}

/** Auth does not answer; without a hub that is not auth's doing. */
export function respondAuthUnavailable(exchange: Exchange): void {
  const key = exchange.tenant.isHubConnected() ? 'auth-unavailable' : 'hub-unavailable';
  respondProblem(exchange, key, { outcome: 'failed', retryAfterSeconds: 5 });
}

function cookieFields(setCookies: readonly string[]): string[] {
  return setCookies.flatMap((cookie) => ['Set-Cookie', cookie]);
}
