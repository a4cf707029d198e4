import { type Principal, userIdOf } from '#libs/contracts';
import type { LiveState, Person } from '../user-session/live-state.ts';
import { userError } from './user-error.ts';

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const USER_ID = /^usr_[0-9a-f]{24}$/i;
/** People named in an error. */
const MAX_NAMED = 5;
/** As facts take it. */
const MAX_SUBJECT_CHARACTERS = 128;

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
 * Whom an admin means: an id, then a subject of the named directory, or of the first of `directories`, then a username. People give
 * themselves usernames, so none is ever taken for a GUID, nor where a subject may be meant, nor alone for somebody of another directory than the
 * first. A subject nobody signed in with is taken as it is where it must be one: with its directory, or as a GUID of the first.
 * Errors: ERR_USER_ABSENT, ERR_USER_AMBIGUOUS.
 */
export async function findPerson(
  live: Known,
  asked: { readonly user: string; readonly directoryTenant?: string | undefined },
  directories: readonly string[],
): Promise<Person> {
  const { user } = asked;
  const named = asked.directoryTenant === undefined ? undefined : asConfigured(asked.directoryTenant, directories);
  const directoryTenant = named ?? directories[0];
  const called = await peopleCalled(live, user, named === undefined ? directories : [named]);
  const people = called.map(({ person }) => person).filter((one) => named === undefined || isOfDirectory(one, named));
  const [only, ...others] = people;
  if (USER_ID.test(user) || directoryTenant === undefined) {
    const byId = people.find((one) => userIdOf(one) === user.toLowerCase());
    if (byId === undefined) throw absent(user);
    return byId;
  }
  const ofDirectory = people.filter((one) => isOfDirectory(one, directoryTenant));
  const bySubject = ofDirectory.filter(({ subject }) => isSameText(subject, user));
  const exactly = bySubject.find(({ subject }) => subject === user) ?? bySubject[0];
  if (exactly !== undefined) return exactly;
  if (only === undefined && named !== undefined && !directories.includes(named))
    throw unknownDirectory(user, named, directories);
  const self = { directoryTenant, subject: asCompared(user) };
  if (GUID.test(user)) {
    const elsewhere = people.filter(({ subject }) => isSameText(subject, user));
    if (elsewhere.length > 0) throw ambiguous(user, [self, ...elsewhere]);
    return self;
  }
  const mayBeSubject = named !== undefined && !user.includes('@');
  if (only === undefined) {
    if (mayBeSubject && user.length <= MAX_SUBJECT_CHARACTERS) return self;
    throw absent(user);
  }
  if (mayBeSubject) throw ambiguous(user, [...people, self]);
  if (others.length > 0 || ofDirectory.length === 0) throw ambiguous(user, people);
  return only;
}

function isOfDirectory(person: Person, directoryTenant: string): boolean {
  return isSameText(person.directoryTenant, directoryTenant);
}

function isSameText(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
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

function absent(user: string) {
  return userError(
    'ERR_USER_ABSENT',
    `nobody known goes by ${user}: give the subject id (in Entra the object id), with its directory unless it is a GUID of the first identity provider`,
  );
}

function ambiguous(user: string, found: readonly Person[]) {
  const named = found
    .slice(0, MAX_NAMED)
    .map(({ subject, directoryTenant }) => `${subject} of directory ${directoryTenant}`)
    .join(', ');
  const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : '';
  return userError('ERR_USER_AMBIGUOUS', `${user} may be ${named}${more}: give the subject id and the directory`);
}

function asConfigured(named: string, directories: readonly string[]): string {
  return directories.find((one) => isSameText(one, named)) ?? asCompared(named);
}

function unknownDirectory(user: string, named: string, directories: readonly string[]) {
  return userError(
    'ERR_USER_ABSENT',
    `nobody known goes by ${user} in directory ${named}, which no identity provider has: give the subject id, with one of ${directories.join(', ')}`,
  );
}

/** Entra ID writes GUIDs in lower case; people may not. */
function asCompared(text: string): string {
  return GUID.test(text) ? text.toLowerCase() : text;
}
