import { type UserSessionFact, type UserSessionState, userSessionAggregate } from '#libs/contracts';
import { type EventStore, type FactOf, factsOf } from '#libs/events';
import type { LiveState, Person } from './live-state.ts';

export type Started = FactOf<UserSessionFact, 'SessionStarted'>['data'];
type Present = Exclude<UserSessionState, { status: 'absent' }>;

export type SessionsSource = {
  readonly live: LiveState;
  readonly store: EventStore;
  readonly tenant: string;
  readonly nowMs: () => number;
};

export type WantedSessions = {
  /** By what a session has from its first moment on. */
  readonly isMeant: (session: Started) => boolean;
  /** Only those that opened it. Default: any. */
  readonly appId?: string | undefined;
};

/**
 * Ids of all active sessions that are meant: from memory when all of them are there (`isCurrent`: up to the instant that counts), else from the whole history, which takes
 * seconds for a million sessions but misses none. Errors: those of the event store.
 */
export async function findActiveSessions(
  source: SessionsSource,
  wanted: WantedSessions,
  isCurrent = true,
): Promise<readonly string[]> {
  if (source.live.isPartial || !isCurrent) return findInHistory(source, wanted);
  const ids: string[] = [];
  for (const [id, state] of source.live.sessions())
    if (isActiveAt(state, source.nowMs()) && isWanted(state, wanted)) ids.push(id);
  return ids;
}

/** Ids of all active sessions of one person, newest first where all are in memory. As fast, and as slow, as `findActiveSessions`. */
export async function findSessionsOfPerson(
  source: SessionsSource,
  person: Person,
  isCurrent = true,
): Promise<readonly string[]> {
  const { live } = source;
  if (isCurrent && !live.isPartial) return live.activeSessionIdsOf(person);
  const isMeant = ({ principal }: Started) =>
    principal.subject === person.subject && principal.directoryTenant === person.directoryTenant;
  return findActiveSessions(source, { isMeant }, isCurrent);
}

export function isActiveAt(state: UserSessionState, nowMs: number): state is Present {
  return state.status === 'active' && Date.parse(state.expiresAt) > nowMs;
}

function isWanted(session: Present, { isMeant, appId }: WantedSessions): boolean {
  return isMeant(session) && (appId === undefined || session.apps.includes(appId));
}

/** Remembers an id for each that is meant, and nothing of the others. */
async function findInHistory(source: SessionsSource, { isMeant, appId }: WantedSessions): Promise<readonly string[]> {
  const { store, tenant, nowMs } = source;
  const { context, thing } = userSessionAggregate;
  /** Whether the app was opened. */
  const found = new Map<string, boolean>();
  for await (const commit of store.read({ filters: [{ tenant, context, thing }] }))
    for (const fact of factsOf(userSessionAggregate, commit)) {
      if (fact.type === 'SessionStarted') {
        const { data } = fact;
        if (Date.parse(data.expiresAt) > nowMs() && isMeant(data)) found.set(commit.id, appId === undefined);
      } else if (fact.type === 'SessionEnded') found.delete(commit.id);
      else if (fact.type === 'AppAccessOpened' && fact.data.appId === appId && found.has(commit.id))
        found.set(commit.id, true);
    }
  return [...found].flatMap(([id, isOpened]) => (isOpened ? [id] : []));
}
