import type { z } from 'zod';
import { addressOfOtherFamily } from '#libs/conditional-access';
import { type AuthReply, appId, type openAppAccess, type UserSessionState } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { toCorrelationId } from '../recording.ts';
import { persistenceOf, secondsUntil } from './cookie-lifetime.ts';
import { accessCookie, clearBinding, hasBinding } from './cookies.ts';
import { type DenialReason, deny } from './denials.ts';
import type { SignInContext } from './sign-in-context.ts';

const REASONS: Readonly<Record<string, DenialReason>> = {
  ERR_SESSION_ABSENT: 'session-ended',
  ERR_SESSION_ENDED: 'session-ended',
  ERR_SESSION_EXPIRED: 'session-expired',
  ERR_SESSION_TICKET_USED: 'ticket-replayed',
};

/** ADR-0006, step 5, on the app's host: ticket and binding cookie become the access cookie, once. */
export async function handleOpenAppAccess(
  context: SignInContext,
  request: z.infer<typeof openAppAccess.request>,
): Promise<AuthReply> {
  const { sealer, nowMs } = context;
  const ticket = await sealer.open('ticket', request.ticket);
  if (ticket === null) return deny('ticket-invalid');
  if (ticket.appId !== request.appId) return deny('ticket-of-another-app');
  if (!hasBinding(request.cookies, ticket)) return deny('binding-missing');
  const cleared = clearBinding(ticket);
  const app = await context.findApp(ticket.appId);
  if (app === null) return deny('app-unknown', [cleared]);
  const { state } = await context.live.session(ticket.sessionId);
  const actor =
    state.status === 'absent'
      ? ({ kind: 'service', id: 'auth' } as const)
      : ({ kind: 'user', id: state.principal.subject, name: state.principal.username } as const);
  const at = new Date(nowMs()).toISOString();
  const otherAddress = otherAddressOf(state, [request.client.address, ticket.address ?? '']);
  const command = {
    type: 'OpenAppAccess',
    appId: appId.parse(app.id),
    ticketId: ticket.ticketId,
    at,
    ...(otherAddress === undefined ? {} : { otherAddress }),
  } as const;
  let remainingSeconds = 0;
  try {
    const correlationId = toCorrelationId(request.requestId);
    const opened = await context.userSessions(ticket.sessionId, command, { actor, correlationId });
    if (opened.state.status !== 'active') return deny('session-ended', [cleared]);
    remainingSeconds = secondsUntil(opened.state.expiresAt, nowMs());
  } catch (error) {
    const reason = isSallyportError(error) ? REASONS[error.code] : undefined;
    if (reason === undefined) throw error;
    return deny(reason, [cleared]);
  }
  const sealed = await sealer.seal('access', { sessionId: ticket.sessionId, appId: app.id }, remainingSeconds);
  const { sessionId } = ticket;
  const persistence = await persistenceOf(context, {
    appId: app.id,
    sessionId,
    session: state,
    client: request.client,
  });
  const persistent = persistence === undefined ? app.cookieFlags.persistent : persistence === 'always';
  const setCookies = [cleared, accessCookie(sealed, { ...app.cookieFlags, persistent }, remainingSeconds)];
  return { kind: 'redirect', location: ticket.returnUrl, setCookies };
}

/** The binding cookie proves that all of these are of the browser that signed in. */
function otherAddressOf(session: UserSessionState, addresses: readonly string[]): string | undefined {
  return session.status === 'absent' ? undefined : addressOfOtherFamily(session.address, addresses);
}
