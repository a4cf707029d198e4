import type { z } from 'zod';
import { type changeUser, type UserState, type UserView, userAggregate, userIdOf, type users } from '#libs/contracts';
import { handleCommand } from '#libs/events';
import type { IdentityProviders } from '../identity-provider/providers.ts';
import { commandMetadata } from '../recording.ts';
import { endActiveSessions } from '../user-session/end-sessions.ts';
import { findSessionsOfPerson, type SessionsSource } from '../user-session/find-sessions.ts';
import type { Person } from '../user-session/live-state.ts';
import type { UserSessions } from '../user-session/user-sessions.ts';
import { findPerson, type KnownPerson, newestPeople, peopleCalled } from './find-person.ts';
import { userDecider } from './user.decide.ts';

/** What was just written must be known before sessions are looked for: one that began before it is then in memory. */
const WRITTEN_DEADLINE_MS = 2_000;
const DEFAULT_LIMIT = 100;

export type UsersContext = SessionsSource & {
  readonly userSessions: UserSessions;
  readonly providers: IdentityProviders;
};

type Change = z.infer<typeof changeUser.request>;

/**
 * Records what is said of a person; disabled, or signed out everywhere, their sessions end. When that fails half-way the fact stands,
 * and asking again ends the rest. Errors: ERR_USER_ABSENT, ERR_USER_AMBIGUOUS, ERR_USER_SELF, those of the event store.
 */
export async function handleChangeUser(
  context: UsersContext,
  request: Change,
): Promise<z.infer<typeof changeUser.reply>> {
  const { live, store, tenant, nowMs, providers } = context;
  const person = await findPerson(live, request, directoriesOf(providers));
  const id = userIdOf(person);
  const metadata = commandMetadata(request, nowMs());
  const { actor, at } = metadata;
  const { state, revision } = await handleCommand(
    store,
    userDecider,
    { tenant, type: userAggregate, id },
    { person, change: request.command, actor, actorDirectory: providers.first.directory, at },
    metadata,
  );
  const reason = END_REASON[request.command.type];
  const endedSessionIds = reason === undefined ? [] : await endAll(context, request, { person, revision, reason });
  const known = { id, person, username: newestUsernameOf(context, id) };
  return { user: viewOf(live, known, state), endedSessionIds };
}

const END_REASON = { DisableUser: 'user-disabled', SignOutUserEverywhere: 'revoked' } as Readonly<
  Record<Change['command']['type'], 'user-disabled' | 'revoked' | undefined>
>;

async function endAll(
  context: UsersContext,
  request: Change,
  { person, revision, reason }: { person: Person; revision: number; reason: 'user-disabled' | 'revoked' },
): Promise<string[]> {
  const isCurrent = await context.live.waitFor(revision, WRITTEN_DEADLINE_MS);
  const ids = await findSessionsOfPerson(context, person, isCurrent);
  const { actor, correlationId, traceparent } = commandMetadata(request, context.nowMs());
  return endActiveSessions(context.userSessions, ids, {
    reason,
    actor,
    correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
}

/** People by name, or the first of all; those with the newest sessions first. */
export async function queryUsers(
  { live, providers }: Pick<UsersContext, 'live' | 'providers'>,
  { user, limit = DEFAULT_LIMIT }: z.infer<typeof users.request>,
): Promise<z.infer<typeof users.reply>> {
  const meant =
    user === undefined ? newestPeople(live, limit) : await peopleCalled(live, user, directoriesOf(providers));
  const shown = meant.slice(0, limit);
  return {
    users: await Promise.all(shown.map(async (known) => viewOf(live, known, (await live.user(known.person)).state))),
  };
}

function directoriesOf({ all }: IdentityProviders): readonly string[] {
  return [...new Set(all.map(({ directory }) => directory))];
}

function newestUsernameOf({ live }: Pick<UsersContext, 'live'>, id: string): string | null {
  const [, newest] = live.sessionsOfPeopleCalled(id)[0] ?? [];
  return newest === undefined || newest.status === 'absent' ? null : newest.principal.username;
}

function viewOf(live: UsersContext['live'], { id, person, username }: KnownPerson, state: UserState): UserView {
  const { directoryTenant, subject } = person;
  const { status, risk, signedOutBefore } = state;
  const activeSessions = live.activeSessionIdsOf(person).length;
  return { id, subject, directoryTenant, username, status, risk, signedOutBefore, activeSessions };
}
