import { type AuthReply, authPaths, newId } from '#libs/contracts';
import { deny } from './denials.ts';
import type { Begin } from './sealed-values.ts';
import { returnUrlOf } from './sign-in-app.ts';
import type { SignInContext } from './sign-in-context.ts';

/** Seconds between the sign-in host and the app's host: one redirect. */
const TICKET_SECONDS = 60;

/** ADR-0006, step 4: back to the app's host with a ticket for this session, this app and the browser that began. */
export async function issueTicket(
  context: SignInContext,
  begin: Begin,
  sessionId: string,
  setCookies: readonly string[],
): Promise<AuthReply> {
  const app = await context.findApp(begin.appId);
  // The app may have left that host since the sign-in began: nobody is sent there with a ticket.
  const returnUrl = app === null ? null : returnUrlOf(app, begin.returnUrl);
  if (returnUrl === null) return deny('app-unknown', setCookies);
  const location = new URL(authPaths.complete, returnUrl);
  const { challenge: _challenge, ...origin } = begin;
  const ticket = { ...origin, sessionId, ticketId: newId('tkt') };
  location.searchParams.set('ticket', await context.sealer.seal('ticket', ticket, TICKET_SECONDS));
  return { kind: 'redirect', location: location.href, setCookies: [...setCookies] };
}
