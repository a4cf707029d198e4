import { type UserFact, type UserSessionState, userIdOf } from '#libs/contracts';
import type { Found } from './live-table.ts';

/** Sessions kept in memory; at the bound the oldest go, and are read from the event store when asked for. */
export const MAX_LIVE_SESSIONS = 100_000;

type Entry = readonly [string, UserSessionState];
type Person = Pick<UserFact['data'], 'directoryTenant' | 'subject'>;

/** Sessions in memory by id and by person. */
export class SessionTable {
  readonly #sessions = new Map<string, Found<UserSessionState>>();
  /** Ids of the sessions, by each of `keysOf`; most keys are of one session. */
  readonly #idsOf = new Map<string, string | Set<string>>();
  readonly #nowMs: () => number;
  readonly #max: number;
  /** When the last of those that had to go is over, milliseconds since the epoch. */
  #partialUntilMs = 0;

  constructor(nowMs: () => number, max = MAX_LIVE_SESSIONS) {
    this.#nowMs = nowMs;
    this.#max = max;
  }

  /** Active sessions had to go that have not expired: there may be more than are here. */
  get isPartial(): boolean {
    return this.#partialUntilMs > this.#nowMs();
  }

  get(id: string): Found<UserSessionState> | undefined {
    return this.#sessions.get(id);
  }

  /** Newest first. */
  all(): Iterable<Entry> {
    return [...this.#sessions].reverse().map(([id, { state }]) => [id, state] as const);
  }

  /** Newest first; costs nothing however many others there are. */
  ofSubject(subject: string): readonly Entry[] {
    return this.#under(nameKey(subject)).filter(
      ([, state]) => state.status !== 'absent' && state.principal.subject === subject,
    );
  }

  /** Newest first, of one browser. */
  ofDevice(deviceId: string): readonly Entry[] {
    return this.#under(deviceKey(deviceId));
  }

  /** Newest first, of one identity provider: one session there, or all of one person. Costs no more than `ofSubject`. */
  ofProvider(issuer: string, by: { readonly sessionId: string } | { readonly subject: string }): readonly Entry[] {
    return this.#under(
      'sessionId' in by ? providerKey('sid', issuer, by.sessionId) : providerKey('sub', issuer, by.subject),
    );
  }

  /** Newest first, by subject, username or `userIdOf`, in whatever case. */
  ofPeopleCalled(name: string): readonly Entry[] {
    return this.#under(nameKey(name));
  }

  /** Of one person: the same subject in another directory is another one. */
  activeIdsOf({ directoryTenant, subject }: Person): string[] {
    return this.ofSubject(subject).flatMap(([id, state]) => {
      const isTheirs = state.status === 'active' && state.principal.directoryTenant === directoryTenant;
      return isTheirs && !this.isOver(state) ? [id] : [];
    });
  }

  /** One that is over is not kept. */
  put(id: string, found: Found<UserSessionState>): void {
    const { state } = found;
    if (state.status === 'absent' || this.isOver(state)) {
      this.drop(id);
      return;
    }
    const known = this.#sessions.get(id)?.state;
    // A refresh may say another username; nothing else of the keys ever changes.
    if (known === undefined || known.status === 'absent' || known.principal.username !== state.principal.username) {
      this.#forgetKeys(id);
      for (const key of keysOf(state)) this.#remember(key, id);
    }
    this.#sessions.set(id, found);
    const oldest = this.#sessions.keys().next().value;
    if (this.#sessions.size <= this.#max || oldest === undefined) return;
    const gone = this.#sessions.get(oldest)?.state;
    if (gone?.status === 'active') this.#partialUntilMs = Math.max(this.#partialUntilMs, Date.parse(gone.expiresAt));
    this.drop(oldest);
  }

  drop(id: string): void {
    this.#forgetKeys(id);
    this.#sessions.delete(id);
  }

  #forgetKeys(id: string): void {
    const state = this.#sessions.get(id)?.state;
    if (state === undefined || state.status === 'absent') return;
    for (const key of keysOf(state)) {
      const ids = this.#idsOf.get(key);
      if (ids instanceof Set) ids.delete(id);
      if (ids === id || (ids instanceof Set && ids.size === 0)) this.#idsOf.delete(key);
    }
  }

  #remember(key: string, id: string): void {
    const ids = this.#idsOf.get(key);
    if (ids === undefined) this.#idsOf.set(key, id);
    else if (ids instanceof Set) ids.add(id);
    else this.#idsOf.set(key, new Set([ids, id]));
  }

  sweep(): void {
    for (const [id, { state }] of this.#sessions) if (state.status === 'absent' || this.isOver(state)) this.drop(id);
  }

  isOver({ expiresAt }: { readonly expiresAt: string }): boolean {
    return Date.parse(expiresAt) <= this.#nowMs();
  }

  #under(key: string): readonly Entry[] {
    const ids = this.#idsOf.get(key);
    if (ids === undefined) return [];
    return (ids instanceof Set ? [...ids].reverse() : [ids]).flatMap((id) => {
      const state = this.#sessions.get(id)?.state;
      return state === undefined ? [] : [[id, state] as const];
    });
  }
}

function keysOf(state: Exclude<UserSessionState, { status: 'absent' }>): readonly string[] {
  const { principal, identityProvider, providerSessionId: sid, providerSubject: sub, deviceId } = state;
  return [
    ...new Set([principal.subject, principal.username, userIdOf(principal)].map(nameKey)),
    ...(deviceId === undefined ? [] : [deviceKey(deviceId)]),
    ...(sid === undefined ? [] : [providerKey('sid', identityProvider, sid)]),
    ...(sub === undefined ? [] : [providerKey('sub', identityProvider, sub)]),
  ];
}

function nameKey(name: string): string {
  return `name\n${name.toLowerCase()}`;
}

function deviceKey(deviceId: string): string {
  return `device\n${deviceId}`;
}

function providerKey(kind: 'sid' | 'sub', issuer: string, value: string): string {
  return `${kind}\n${issuer}\n${value}`;
}
