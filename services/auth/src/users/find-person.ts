import { type Principal, userIdOf } from '#libs/contracts';
import type { LiveState, Person } from '../user-session/live-state.ts';
import { userError } from './user-error.ts';

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const USER_ID = /^usr_[0-9a-f]{24}$/i;
/** People named in an error. */
const MAX_NAMED = 5;

export type KnownPerson = {
  readonly id: string;
  readonly person: Person;
  /** As in the newest session in memory; null: there is none. */
  readonly username: string | null;
};
type Known = Pick<LiveState, 'sessionsOfPeopleCalled' | 'userById' | 'sessions' | 'recordedUsers'>;

/**
 * Everybody known who goes by this id, subject or username, in whatever case: by a session in memory, or by what is recorded of them.
 * Without a session a username is not known, and a subject only together with its directory, one of these.
 */
export async function peopleCalled(
  live: Known,
  name: string,
  directories: readonly string[],
): Promise<readonly KnownPerson[]> {
  const people = new Map<string, KnownPerson>();
  for (const [, state] of live.sessionsOfPeopleCalled(name))
    if (state.status !== 'absent') add(people, state.principal, state.principal.username);
  const ids = USER_ID.test(name)
    ? [name.toLowerCase()]
    : directories.map((directoryTenant) => userIdOf({ directoryTenant, subject: asCompared(name) }));
  for (const { state } of await Promise.all(ids.map((id) => live.userById(id))))
    if (state.person !== null) add(people, state.person, null);
  return [...people.values()];
}

/** At most `limit` people: those with the newest sessions first, then those of whom something is recorded. */
export function newestPeople(live: Known, limit: number): readonly KnownPerson[] {
  const people = new Map<string, KnownPerson>();
  for (const [, state] of live.sessions()) {
    if (people.size >= limit) break;
    if (state.status !== 'absent') add(people, state.principal, state.principal.username);
  }
  for (const [, { person }] of live.recordedUsers()) {
    if (people.size >= limit) break;
    if (person !== null) add(people, person, null);
  }
  return [...people.values()];
}

/**
 * Whom an admin means. A subject nobody signed in with is taken as it is where it must be one: with its directory, or as a GUID of
 * the first of `directories`. Errors: ERR_USER_ABSENT, ERR_USER_AMBIGUOUS.
 */
export async function findPerson(
  live: Known,
  asked: { readonly user: string; readonly directoryTenant?: string | undefined },
  directories: readonly string[],
): Promise<Person> {
  const { user } = asked;
  const named = asked.directoryTenant === undefined ? undefined : asCompared(asked.directoryTenant);
  const people = await peopleCalled(live, user, named === undefined ? directories : [named]);
  const found = people.filter(
    ({ person }) => named === undefined || person.directoryTenant.toLowerCase() === named.toLowerCase(),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length > 0) throw ambiguous(user, found);
  if (only !== undefined) return only.person;
  const directoryTenant = named ?? directories[0];
  const isSubject = named === undefined ? GUID.test(user) : !user.includes('@') && !USER_ID.test(user);
  if (!isSubject || directoryTenant === undefined || user.length > 128)
    throw userError(
      'ERR_USER_ABSENT',
      `nobody known goes by ${user}: give the subject id (in Entra the object id), with its directory unless it is a GUID of the first identity provider`,
    );
  return { directoryTenant, subject: asCompared(user) };
}

function add(
  people: Map<string, KnownPerson>,
  { directoryTenant, subject }: Pick<Principal, 'directoryTenant' | 'subject'>,
  username: string | null,
): void {
  const person = { directoryTenant, subject };
  const id = userIdOf(person);
  if (!people.has(id)) people.set(id, { id, person, username });
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
