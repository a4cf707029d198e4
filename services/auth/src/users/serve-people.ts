import type { NatsConnection } from 'nats';
import { assessSession, changeUser, endSession, endSessions, providerLogout, sessions, users } from '#libs/contracts';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import { handleProviderLogout } from '../provider-logout/provider-logout.ts';
import type { RecentSignOuts } from '../provider-logout/recent-sign-outs.ts';
import { SeenTokens } from '../provider-logout/seen-tokens.ts';
import type { RefusalRecorder } from '../refusal-recorder.ts';
import { handleEndSession, handleEndSessions, querySessions } from '../user-session/user-session.api.ts';
import { assess } from './assess-session.ts';
import { handleChangeUser, queryUsers, type UsersContext } from './change-user.ts';

/** Serves what administrators, identity providers and whoever detects risks say of people and of their sessions. */
export function servePeople(
  nc: NatsConnection,
  context: UsersContext & {
    readonly logger: Logger;
    readonly refusals: RefusalRecorder;
    readonly signOuts: RecentSignOuts;
  },
): readonly { drain(): Promise<void> }[] {
  const { tenant, logger, userSessions, live, nowMs } = context;
  const options = { queue: 'auth', logger };
  const logout = { ...context, seen: new SeenTokens(nowMs) };
  return [
    serveEndpoint(nc, tenant, providerLogout, (request) => handleProviderLogout(logout, request), options),
    serveEndpoint(nc, tenant, changeUser, (request) => handleChangeUser(context, request), options),
    serveEndpoint(nc, tenant, users, (request) => queryUsers(context, request), options),
    serveEndpoint(nc, tenant, assessSession, (request) => assess(context, request), options),
    serveEndpoint(nc, tenant, endSession, (request) => handleEndSession(userSessions, nowMs, request), options),
    serveEndpoint(nc, tenant, endSessions, (request) => handleEndSessions(context, request), options),
    serveEndpoint(nc, tenant, sessions, (request) => querySessions(live, nowMs(), request), options),
  ];
}
