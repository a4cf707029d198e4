import {
  type AppState,
  appAggregate,
  evolveUserSession,
  initialUserSessionState,
  policySetAggregate,
  type ServiceTokenState,
  serviceTokenAggregate,
  type UserSessionFact,
  type UserSessionState,
  type UserState,
  userAggregate,
  userIdOf,
  userSessionAggregate,
} from '#libs/contracts';
import { type Commit, type EventStore, factsOf, type Subscription } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import type { SessionsSource } from './find-sessions.ts';
import type { Found } from './live-table.ts';
import { type KnownUser, liveApps, liveServiceTokens, liveUsers, type Person } from './live-tables.ts';
import { PositionWaiters } from './position-waiters.ts';
import { RecentSignIns, type SignIn } from './recent-sign-ins.ts';
import { SessionTable } from './session-table.ts';
import { SharedRun } from './shared-run.ts';

export type { Found } from './live-table.ts';
export type { Person } from './live-tables.ts';

/** Ids one revocation names; of a person with more, everything is revoked. */
export const MAX_REVOKED_IDS = 1_000;
/** Milliseconds until the stream is followed again after it broke off. */
const FOLLOW_AGAIN_MS = 2_000;
/** Milliseconds between sweeps of expired sessions. */
const SWEEP_MS = 60_000;

/** After these, decisions about a session are made anew. What a refresh changed of the person cannot be told by the fact alone. */
const VOIDING = new Set<UserSessionFact['type']>(['SessionEnded', 'SignInRiskChanged', 'SessionRefreshed']);

type Revoked = Omit<Revocation, 'position'>;

/** What the ingress must forget; `position` counts such commits from the first one on, the same on every instance. */
export type Revocation = {
  readonly position: number;
  /** Of sessions, of people and of service tokens. */
  readonly sessionIds: readonly string[];
  readonly appIds: readonly string[];
  /** The policy set has changed, with this revision: everything must be forgotten. */
  readonly policySetRevision?: number;
  /** More than can be named, or not all of it is known. */
  readonly everything?: true;
};

export type LiveStateOptions = {
  readonly store: EventStore;
  readonly tenant: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Called for each commit that makes cached decisions wrong, history excluded. Must not throw. */
  readonly onRevocation: (revocation: Revocation) => void;
  /** Default MAX_LIVE_SESSIONS. */
  readonly maxSessions?: number;
};

/**
 * Sessions, apps, people and service tokens as the event stream tells them, in memory: the hot path asks nobody. What is not here is
 * read from the store, and so is everything while the stream cannot be followed: old truth never lets anybody in.
 */
export class LiveState {
  readonly #options: LiveStateOptions;
  readonly #sessions: SessionTable;
  readonly #apps = liveApps();
  readonly #users = liveUsers();
  readonly #serviceTokens = liveServiceTokens();
  readonly #signIns = new RecentSignIns();
  #subscription: Subscription | undefined;
  readonly #progress = new PositionWaiters();
  readonly #lastRecorded = new SharedRun(async () => {
    let last = this.#progress.position;
    const ahead = this.#options.store.read({ filters: this.#followed(), after: last });
    for await (const { position } of ahead) last = position;
    return last;
  });
  #revocations = 0;
  #isLive = false;
  #isStopped = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(options: LiveStateOptions) {
    this.#options = options;
    this.#sessions = new SessionTable(options.nowMs, options.maxSessions);
  }

  /** Resolves when history is read. Fails with what the store throws. */
  static async start(options: LiveStateOptions): Promise<LiveState> {
    const live = new LiveState(options);
    await live.#follow();
    const sweeping = setInterval(() => live.#sessions.sweep(), SWEEP_MS).unref();
    live.#timers.add(sweeping);
    return live;
  }

  get revocationPosition(): number {
    return this.#revocations;
  }

  /** There are sessions that are not in memory: whoever wants all of a person reads the store. */
  get isPartial(): boolean {
    return this.#sessions.isPartial || !this.#isLive;
  }

  /** For `findActiveSessions`. */
  get source(): SessionsSource {
    const { store, tenant, nowMs } = this.#options;
    return { live: this, store, tenant, nowMs };
  }

  /** Whether everything up to this position of the stream came in time. */
  waitFor(position: number, deadlineMs: number): Promise<boolean> {
    return this.#progress.waitFor(position, deadlineMs);
  }

  /** Whether everything recorded before this call is in memory, in time. */
  async catchUp(deadlineMs: number): Promise<boolean> {
    return this.#isLive && this.#progress.waitFor(await this.#lastRecorded.run(), deadlineMs);
  }

  /** A state of status `absent` when there is no such session. */
  async session(id: string): Promise<Found<UserSessionState>> {
    const known = this.#isLive ? this.#sessions.get(id) : undefined;
    if (known !== undefined) return known;
    const { store, tenant } = this.#options;
    const { facts, revision } = await store.load({ tenant, type: userSessionAggregate, id });
    return { state: facts.reduce(evolveUserSession, initialUserSessionState), revision };
  }

  /** Only from memory: for questions that must cost nothing. */
  peekSession(id: string): UserSessionState | undefined {
    return this.#sessions.get(id)?.state;
  }

  /** A state of status `absent` when there is no such app. */
  async app(id: string): Promise<Found<AppState>> {
    return this.#apps.find(id, this.#source());
  }

  /** What is recorded of a person; enabled and unrated, with revision 0, where nothing is. */
  async user(person: Person): Promise<Found<UserState>> {
    return this.#users.find(userIdOf(person), this.#source());
  }

  /**
   * A state of status `absent` when there is no such token. An id nobody gave out costs nothing, so that guessing costs us nothing; the
   * price is that a token another instance issued a moment ago is not known until its fact has come.
   */
  async serviceToken(id: string): Promise<Found<ServiceTokenState>> {
    return this.#serviceTokens.find(id, this.#source());
  }

  /** Those in memory, the earliest first. */
  serviceTokens(): readonly (readonly [string, ServiceTokenState])[] {
    return [...this.#serviceTokens.entries()];
  }

  /** What is recorded under the id of a person; `person` is null where nothing is. */
  async userById(id: string): Promise<Found<KnownUser>> {
    return this.#users.find(id, this.#source());
  }

  /** People in memory of whom something is recorded, by the id of their aggregate; the earliest recorded first. */
  recordedUsers(): Iterable<readonly [string, KnownUser]> {
    return this.#users.entries();
  }

  /** Those of people who go by this subject, username or `userIdOf`, newest first; costs nothing however many others there are. */
  sessionsOfPeopleCalled(name: string): ReturnType<SessionTable['ofPeopleCalled']> {
    return this.#sessions.ofPeopleCalled(name);
  }

  /** Newest first, those in memory. */
  sessions(): Iterable<readonly [string, UserSessionState]> {
    return this.#sessions.all();
  }

  /** Those of one subject in memory, newest first; costs nothing however many others there are. */
  sessionsOf(subject: string): readonly (readonly [string, UserSessionState])[] {
    return this.#sessions.ofSubject(subject);
  }

  /** See SessionTable. */
  sessionsOfDevice(deviceId: string): ReturnType<SessionTable['ofDevice']> {
    return this.#sessions.ofDevice(deviceId);
  }

  /** See SessionTable. */
  sessionsOfProvider(...asked: Parameters<SessionTable['ofProvider']>): ReturnType<SessionTable['ofProvider']> {
    return this.#sessions.ofProvider(...asked);
  }

  /** Ids of the active sessions of one person in memory, newest first. */
  activeSessionIdsOf(person: Person): readonly string[] {
    return this.#sessions.activeIdsOf(person);
  }

  /** Newest first, also those whose sessions are over. */
  signInsOf(principal: Person): readonly SignIn[] {
    return this.#signIns.of(principal);
  }

  /** What this process just wrote, before the stream brings it back. */
  wroteSession(id: string, state: UserSessionState, revision: number): void {
    if ((this.#sessions.get(id)?.revision ?? 0) < revision) this.#sessions.put(id, { state, revision });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#progress.stop();
    await this.#subscription?.stop();
  }

  #source() {
    const { store, tenant } = this.#options;
    return { store, tenant, isLive: this.#isLive };
  }

  #followed() {
    const types = [userSessionAggregate, policySetAggregate, appAggregate, userAggregate, serviceTokenAggregate];
    return types.map(({ context, thing }) => ({ tenant: this.#options.tenant, context, thing }));
  }

  async #follow(): Promise<void> {
    const { store, logger } = this.#options;
    this.#subscription = store.follow({
      filters: this.#followed(),
      after: this.#progress.position,
      onCommit: (commit) => this.#take(commit),
      onCaughtUp: () => {
        this.#isLive = true;
      },
      onError: (error) => {
        this.#isLive = false;
        logger.error('sessions and apps are not followed, deciding from the store', {
          error,
          position: this.#progress.position,
        });
        this.#followLater();
      },
    });
    await this.#subscription.caughtUp;
  }

  #followLater(): void {
    if (this.#isStopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // A failure calls onError, which tries again.
      this.#follow().catch(() => undefined);
    }, FOLLOW_AGAIN_MS).unref();
    this.#timers.add(timer);
  }

  #take(commit: Commit): void {
    const revoked = this.#revokedBy(commit);
    this.#progress.reach(commit.position);
    if (revoked === null) return;
    this.#revocations += 1;
    if (this.#isLive) this.#options.onRevocation({ position: this.#revocations, ...revoked });
  }

  /** Null: decisions stay as they are. By the kinds of facts alone, so that every instance counts the same. */
  #revokedBy(commit: Commit): Revoked | null {
    const { id, thing, position } = commit;
    if (thing === policySetAggregate.thing) return { sessionIds: [], appIds: [], policySetRevision: position };
    if (this.#apps.take(commit).length > 0) return { sessionIds: [], appIds: [id] };
    if (this.#serviceTokens.take(commit).length > 0) return { sessionIds: [id], appIds: [] };
    const [user] = this.#users.take(commit);
    if (user !== undefined) return this.#everySessionOf(id, user.data);
    const facts = factsOf(userSessionAggregate, commit);
    this.#takeSession(commit, facts);
    return facts.some(({ type }) => VOIDING.has(type)) ? { sessionIds: [id], appIds: [] } : null;
  }

  #everySessionOf(userId: string, person: Person): Revoked {
    const sessionIds = [userId, ...this.#sessions.activeIdsOf(person)];
    const isNamed = sessionIds.length <= MAX_REVOKED_IDS && !this.#sessions.isPartial;
    return isNamed ? { sessionIds, appIds: [] } : { sessionIds: [userId], appIds: [], everything: true };
  }

  #takeSession({ id, position, metadata }: Commit, facts: readonly UserSessionFact[]): void {
    if (facts.length === 0) return;
    for (const fact of facts) if (fact.type === 'SessionStarted') this.#signIns.add(metadata.at, fact.data);
    const known = this.#sessions.get(id);
    if (known !== undefined && known.revision >= position) return;
    this.#sessions.put(id, {
      state: facts.reduce(evolveUserSession, known?.state ?? initialUserSessionState),
      revision: position,
    });
  }
}
