import type { z } from 'zod';
import type { AuthReply, continueSignIn } from '#libs/contracts';
import { demandOf, isMetBySession } from './challenge.decide.ts';
import { clearStale, SIGN_IN_SECONDS, transactionCookie } from './cookies.ts';
import { deny, denyUnknownProvider } from './denials.ts';
import { issueTicket } from './issue-ticket.ts';
import { findLiveSession } from './live-session.ts';
import type { SignInContext } from './sign-in-context.ts';

/** ADR-0006, step 2, on the sign-in host: on to the identity provider of the app, or straight back when a session lives that has all that is asked. */
export async function handleContinueSignIn(
  context: SignInContext,
  request: z.infer<typeof continueSignIn.request>,
): Promise<AuthReply> {
  const begin = await context.sealer.open('begin', request.token);
  if (begin === null) return deny('sign-in-link-invalid');
  const app = await context.findApp(begin.appId);
  if (app === null) return deny('app-unknown');
  const provider = context.providers.ofApp(app);
  if (provider === undefined) return denyUnknownProvider(app.identityProvider);
  const live = await findLiveSession(context, provider, request.cookies);
  const challenge = begin.challenge ?? null;
  const nowMs = context.nowMs();
  if (live !== null && isMetBySession(challenge, live.session, nowMs)) return issueTicket(context, begin, live.id, []);
  const demand = demandOf(challenge, live?.session ?? null, nowMs);
  const { location, transaction } = await provider.port.begin(demand);
  const { isFresh } = demand;
  const started = { begin, ...transaction, isFresh, issuer: provider.issuer };
  const sealed = await context.sealer.seal('transaction', started, SIGN_IN_SECONDS);
  const setCookies = [...clearStale(request.cookies, 'tx'), transactionCookie(transaction.state, sealed)];
  return { kind: 'redirect', location, setCookies };
}
