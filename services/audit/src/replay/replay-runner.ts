import {
  type AppState,
  appAggregate,
  type ConnectorGroupState,
  type ConnectorPresenceState,
  type ConnectorState,
  connectorAggregate,
  connectorGroupAggregate,
  connectorPresenceAggregate,
  evolveApp,
  evolveConnector,
  evolveConnectorGroup,
  evolveConnectorPresence,
  evolveUserSession,
  initialAppState,
  initialConnectorGroupState,
  initialConnectorPresenceState,
  initialConnectorState,
  initialUserSessionState,
  type UserSessionState,
  userSessionAggregate,
} from '#libs/contracts';
import { type AggregateType, type Commit, type EventStore, type Fact, factsOf } from '#libs/events';
import { concealSealed } from '../trail/conceal-sealed.ts';

type Rebuilt<S> = { readonly state: S; readonly revision: number };

export type ReplayedState = {
  readonly at: string;
  /** Position of the last commit that had happened. */
  readonly position: number;
  readonly commits: number;
  readonly apps: readonly Record<string, unknown>[];
  readonly connectorGroups: readonly Record<string, unknown>[];
  readonly connectors: readonly Record<string, unknown>[];
  readonly sessions: readonly Record<string, unknown>[];
};

/** One kind of aggregate being rebuilt from zero. */
class Fold<F extends Fact, S> {
  readonly type: AggregateType<F>;
  readonly #initial: S;
  readonly #evolve: (state: S, fact: F) => S;
  readonly byId = new Map<string, Rebuilt<S>>();

  constructor(type: AggregateType<F>, initial: S, evolve: (state: S, fact: F) => S) {
    this.type = type;
    this.#initial = initial;
    this.#evolve = evolve;
  }

  take(commit: Commit): void {
    const facts = factsOf(this.type, commit);
    if (facts.length === 0) return;
    const before = this.byId.get(commit.id)?.state ?? this.#initial;
    this.byId.set(commit.id, { state: facts.reduce(this.#evolve, before), revision: commit.position });
  }
}

/** Rebuilds apps, connector groups, connectors and user sessions as they were at an instant, from the event stream alone. */
export async function replayAt(store: EventStore, tenant: string, at: string): Promise<ReplayedState> {
  const apps = new Fold<Parameters<typeof evolveApp>[1], AppState>(appAggregate, initialAppState, evolveApp);
  const groups = new Fold<Parameters<typeof evolveConnectorGroup>[1], ConnectorGroupState>(
    connectorGroupAggregate,
    initialConnectorGroupState,
    evolveConnectorGroup,
  );
  const connectors = new Fold<Parameters<typeof evolveConnector>[1], ConnectorState>(
    connectorAggregate,
    initialConnectorState,
    evolveConnector,
  );
  const presence = new Fold<Parameters<typeof evolveConnectorPresence>[1], ConnectorPresenceState>(
    connectorPresenceAggregate,
    initialConnectorPresenceState,
    evolveConnectorPresence,
  );
  const sessions = new Fold<Parameters<typeof evolveUserSession>[1], UserSessionState>(
    userSessionAggregate,
    initialUserSessionState,
    evolveUserSession,
  );
  const folds = [apps, groups, connectors, presence, sessions];
  const filters = folds.map(({ type }) => ({ tenant, context: type.context, thing: type.thing }));
  let commits = 0;
  let position = 0;
  for await (const commit of store.read({ filters, untilAt: at })) {
    commits += 1;
    position = commit.position;
    for (const fold of folds) fold.take(commit);
  }
  return {
    at,
    position,
    commits,
    apps: rows(apps.byId),
    connectorGroups: rows(groups.byId),
    connectors: rows(connectors.byId).map((row) => ({
      ...row,
      presence: presence.byId.get(row.id)?.state.status ?? 'offline',
    })),
    sessions: rows(sessions.byId).map(withoutPastSession(at)),
  };
}

function rows<S extends object>(
  byId: ReadonlyMap<string, Rebuilt<S>>,
): (Record<string, unknown> & { readonly id: string })[] {
  return [...byId].map(([id, { state, revision }]) => ({ id, revision, ...Object(concealSealed(state)) }));
}

/** A session that had passed its end by then counts as expired, although no fact says so. */
function withoutPastSession(at: string) {
  return ({ usedTickets: _usedTickets, ...row }: Record<string, unknown>): Record<string, unknown> => {
    const hasExpired =
      row.status === 'active' && typeof row.expiresAt === 'string' && Date.parse(row.expiresAt) <= Date.parse(at);
    return hasExpired ? { ...row, status: 'expired' } : row;
  };
}
