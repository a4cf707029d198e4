import {
  type AppFact,
  type AppState,
  appAggregate,
  evolveApp,
  evolveUserSession,
  initialAppState,
  initialUserSessionState,
  policySetAggregate,
  type UserSessionFact,
  type UserSessionState,
  userSessionAggregate,
} from '#libs/contracts';
import { type AggregateType, type Commit, type EventStore, type Fact, factsOf, type Subscription } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import { RecentSignIns, type SignIn } from './recent-sign-ins.ts';

/** Sessions kept in memory; at the bound the oldest go, and are read from the event store when asked for. */
export const MAX_LIVE_SESSIONS = 100_000;
/** Apps kept in memory, with the same consequence. */
export const MAX_LIVE_APPS = 20_000;
/** Milliseconds until the stream is followed again after it broke off. */
const FOLLOW_AGAIN_MS = 2_000;
/** Milliseconds between sweeps of expired sessions. */
const SWEEP_MS = 60_000;

export type Found<S> = { readonly state: S; readonly revision: number };

/** What the ingress must forget; `position` counts such commits from the first one on, the same on every instance. */
export type Revocation = {
  readonly position: number;
  readonly sessionIds: readonly string[];
  readonly appIds: readonly string[];
  /** The policy set has changed, with this revision: everything must be forgotten. */
  readonly policySetRevision?: number;
};

export type LiveStateOptions = {
  readonly store: EventStore;
  readonly tenant: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Called for each commit that makes cached decisions wrong, history excluded. Must not throw. */
  readonly onRevocation: (revocation: Revocation) => void;
};

type Table<S> = { readonly states: Map<string, Found<S>>; readonly max: number };

/**
 * Sessions and apps as the event stream tells them, in memory: the hot path asks nobody. What is not here is read from
 * the store, and so is everything while the stream cannot be followed: old truth never lets anybody in.
 */
export class LiveState {
  readonly #options: LiveStateOptions;
  readonly #sessions: Table<UserSessionState> = { states: new Map(), max: MAX_LIVE_SESSIONS };
  readonly #apps: Table<AppState> = { states: new Map(), max: MAX_LIVE_APPS };
  /** Ids of the sessions in memory, by subject. */
  readonly #sessionsOf = new Map<string, Set<string>>();
  readonly #signIns = new RecentSignIns();
  #subscription: Subscription | undefined;
  #position = 0;
  #revocations = 0;
  #isLive = false;
  #isStopped = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(options: LiveStateOptions) {
    this.#options = options;
  }

  /** Resolves when history is read. Fails with what the store throws. */
  static async start(options: LiveStateOptions): Promise<LiveState> {
    const live = new LiveState(options);
    await live.#follow();
    const sweeping = setInterval(() => live.#sweep(), SWEEP_MS).unref();
    live.#timers.add(sweeping);
    return live;
  }

  get revocationPosition(): number {
    return this.#revocations;
  }

  /** A state of status `absent` when there is no such session. */
  async session(id: string): Promise<Found<UserSessionState>> {
    const known = this.#isLive ? this.#sessions.states.get(id) : undefined;
    return known ?? this.#load(userSessionAggregate, id, evolveUserSession, initialUserSessionState);
  }

  /** Only from memory: for questions that must cost nothing. */
  peekSession(id: string): UserSessionState | undefined {
    return this.#sessions.states.get(id)?.state;
  }

  async app(id: string): Promise<Found<AppState>> {
    const known = this.#isLive ? this.#apps.states.get(id) : undefined;
    return known ?? this.#load(appAggregate, id, evolveApp, initialAppState);
  }

  /** Newest first, those in memory. */
  sessions(): Iterable<readonly [string, UserSessionState]> {
    return [...this.#sessions.states].reverse().map(([id, { state }]) => [id, state] as const);
  }

  /** Those of one subject in memory, newest first; costs nothing however many others there are. */
  sessionsOf(subject: string): readonly (readonly [string, UserSessionState])[] {
    return [...(this.#sessionsOf.get(subject) ?? [])].reverse().flatMap((id) => {
      const state = this.peekSession(id);
      return state === undefined ? [] : [[id, state] as const];
    });
  }

  /** Newest first, also those whose sessions are over. */
  signInsOf(principal: { readonly directoryTenant: string; readonly subject: string }): readonly SignIn[] {
    return this.#signIns.of(principal);
  }

  /** What this process just wrote, before the stream brings it back. */
  wroteSession(id: string, state: UserSessionState, revision: number): void {
    if ((this.#sessions.states.get(id)?.revision ?? 0) < revision) this.#keepSession(id, { state, revision });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#subscription?.stop();
  }

  async #follow(): Promise<void> {
    const { store, tenant, logger } = this.#options;
    this.#subscription = store.follow({
      filters: [userSessionAggregate, appAggregate, policySetAggregate].map(({ context, thing }) => ({
        tenant,
        context,
        thing,
      })),
      after: this.#position,
      onCommit: (commit) => this.#take(commit),
      onCaughtUp: () => {
        this.#isLive = true;
      },
      onError: (error) => {
        this.#isLive = false;
        logger.error('sessions and apps are not followed, deciding from the store', {
          error,
          position: this.#position,
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
    this.#position = commit.position;
    const apps = factsOf(appAggregate, commit);
    const sessions = factsOf(userSessionAggregate, commit);
    if (apps.length > 0) this.#takeApp(commit, apps);
    if (sessions.length > 0) this.#takeSession(commit, sessions);
    const isEnd = sessions.some(({ type }) => type === 'SessionEnded');
    const isPolicySet = commit.thing === policySetAggregate.thing;
    if (apps.length === 0 && !isEnd && !isPolicySet) return;
    this.#revocations += 1;
    if (!this.#isLive) return;
    this.#options.onRevocation({
      position: this.#revocations,
      sessionIds: isEnd ? [commit.id] : [],
      appIds: apps.length > 0 ? [commit.id] : [],
      ...(isPolicySet ? { policySetRevision: commit.position } : {}),
    });
  }

  #takeApp({ id, position }: Commit, facts: readonly AppFact[]): void {
    const before = this.#apps.states.get(id)?.state ?? initialAppState;
    keep(this.#apps, id, { state: facts.reduce(evolveApp, before), revision: position });
  }

  #takeSession({ id, position, metadata }: Commit, facts: readonly UserSessionFact[]): void {
    for (const fact of facts) if (fact.type === 'SessionStarted') this.#signIns.add(metadata.at, fact.data);
    const known = this.#sessions.states.get(id);
    if (known !== undefined && known.revision >= position) return;
    const state = facts.reduce(evolveUserSession, known?.state ?? initialUserSessionState);
    if (state.status === 'absent' || this.#isOver(state)) this.#dropSession(id);
    else this.#keepSession(id, { state, revision: position });
  }

  #sweep(): void {
    for (const [id, { state }] of this.#sessions.states)
      if (state.status === 'absent' || this.#isOver(state)) this.#dropSession(id);
  }

  #keepSession(id: string, found: Found<UserSessionState>): void {
    const { state } = found;
    if (state.status !== 'absent') {
      const { subject } = state.principal;
      const ids = this.#sessionsOf.get(subject) ?? new Set();
      this.#sessionsOf.set(subject, ids.add(id));
    }
    this.#sessions.states.set(id, found);
    const oldest = this.#sessions.states.keys().next().value;
    if (this.#sessions.states.size > this.#sessions.max && oldest !== undefined) this.#dropSession(oldest);
  }

  #dropSession(id: string): void {
    const state = this.peekSession(id);
    this.#sessions.states.delete(id);
    if (state === undefined || state.status === 'absent') return;
    const { subject } = state.principal;
    const ids = this.#sessionsOf.get(subject);
    ids?.delete(id);
    if (ids?.size === 0) this.#sessionsOf.delete(subject);
  }

  #isOver({ expiresAt }: { readonly expiresAt: string }): boolean {
    return Date.parse(expiresAt) <= this.#options.nowMs();
  }

  async #load<F extends Fact, S>(
    type: AggregateType<F>,
    id: string,
    evolve: (state: S, fact: F) => S,
    initial: S,
  ): Promise<Found<S>> {
    const { store, tenant } = this.#options;
    const { facts, revision } = await store.load({ tenant, type, id });
    return { state: facts.reduce(evolve, initial), revision };
  }
}

function keep<S>(table: Table<S>, id: string, found: Found<S>): void {
  table.states.set(id, found);
  const oldest = table.states.keys().next().value;
  if (table.states.size > table.max && oldest !== undefined) table.states.delete(oldest);
}
