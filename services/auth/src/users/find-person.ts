import type { LiveState, Person } from '../user-session/live-state.ts';
import { userError } from './user-error.ts';

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Directories named in an error. */
const MAX_NAMED = 5;

export type KnownPerson = {
  readonly id: string;
  readonly person: Person;
  /** As in the newest session in memory; null: there is none. */
  readonly username: string | null;
  readonly activeSessions: number;
};

/** People of whom something is recorded, or who have a session in memory: those with the newest sessions first. */
export function knownPeople(live: LiveState): readonly KnownPerson[] {
  const people = new Map<string, KnownPerson>();
  for (const [id, known] of live.peopleWithSessions()) people.set(id, { id, ...known });
  for (const [id, { person }] of live.recordedUsers())
    if (person !== null && !people.has(id)) people.set(id, { id, person, username: null, activeSessions: 0 });
  return [...people.values()];
}

/** By id, subject or username, in whatever case. */
export function isCalled({ id, person, username }: KnownPerson, name: string): boolean {
  const wanted = name.toLowerCase();
  return id === wanted || person.subject.toLowerCase() === wanted || username?.toLowerCase() === wanted;
}

/**
 * Whom an admin means. A subject nobody signed in with is taken as it is where it must be one: with its directory, or as a GUID of
 * the default directory. Errors: ERR_USER_ABSENT, ERR_USER_AMBIGUOUS.
 */
export function findPerson(
  people: readonly KnownPerson[],
  asked: { readonly user: string; readonly directoryTenant?: string | undefined },
  defaultDirectory: string,
): Person {
  const { user } = asked;
  const directory = asked.directoryTenant?.toLowerCase();
  const found = people.filter(
    (one) => isCalled(one, user) && (directory === undefined || one.person.directoryTenant.toLowerCase() === directory),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only.person;
  if (only !== undefined) throw ambiguous(user, found);
  const isSubject = asked.directoryTenant !== undefined ? !user.includes('@') : GUID.test(user);
  if (!isSubject || user.length > 128)
    throw userError(
      'ERR_USER_ABSENT',
      `nobody known goes by ${user}: give the subject id (in Entra the object id), with its directory unless it is a GUID of the first identity provider`,
    );
  return { directoryTenant: asCompared(asked.directoryTenant ?? defaultDirectory), subject: asCompared(user) };
}

function ambiguous(user: string, found: readonly KnownPerson[]) {
  const named = found
    .slice(0, MAX_NAMED)
    .map(({ person }) => `${person.subject} of directory ${person.directoryTenant}`)
    .join(', ');
  const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : '';
  return userError('ERR_USER_AMBIGUOUS', `${user} may be ${named}${more}: give the subject id and the directory`);
}

/** Entra ID writes GUIDs in lower case; people may not. */
function asCompared(text: string): string {
  return GUID.test(text) ? text.toLowerCase() : text;
}
