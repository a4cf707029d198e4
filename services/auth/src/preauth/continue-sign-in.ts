import type { z } from 'zod';
import type { AuthReply, continueSignIn } from '#libs/contracts';
import { clearStale, SIGN_IN_SECONDS, transactionCookie } from './cookies.ts';
import { deny } from './denials.ts';
import { issueTicket } from './issue-ticket.ts';
import { findLiveSession } from './live-session.ts';
import type { SignInContext } from './sign-in-context.ts';

/** ADR-0006, step 2, on the sign-in host: on to the identity provider, or straight back when a session lives. */
export async function handleContinueSignIn(
  context: SignInContext,
  request: z.infer<typeof continueSignIn.request>,
): Promise<AuthReply> {
  const begin = await context.sealer.open('begin', request.token);
  if (begin === null) return deny('sign-in-link-invalid');
  const live = await findLiveSession(context, request.cookies);
  if (live !== null) return issueTicket(context, begin, live.id, []);
  const { location, transaction } = await context.identityProvider.begin();
  const sealed = await context.sealer.seal('transaction', { begin, ...transaction }, SIGN_IN_SECONDS);
  const setCookies = [...clearStale(request.cookies, 'tx'), transactionCookie(transaction.state, sealed)];
  return { kind: 'redirect', location, setCookies };
}
