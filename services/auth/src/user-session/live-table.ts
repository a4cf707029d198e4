import { type AggregateType, type Commit, type EventStore, type Fact, factsOf } from '#libs/events';

export type Found<S> = { readonly state: S; readonly revision: number };

export type LiveTableOptions<F extends Fact, S> = {
  readonly type: AggregateType<F>;
  readonly evolve: (state: S, fact: F) => S;
  readonly initial: S;
  /** States kept; at the bound the oldest go, and are read from the event store when asked for. */
  readonly max: number;
  /**
   * true: of an id without facts the initial state is the truth and costs nothing, as long as nothing had to go. False: the store is
   * asked, because a fact may be on its way from it.
   */
  readonly isInitialTrusted: boolean;
};

/** States of one kind of aggregate by id, as commits in their order make them. */
export class LiveTable<F extends Fact, S> {
  readonly #options: LiveTableOptions<F, S>;
  readonly #states = new Map<string, Found<S>>();
  /** Something had to go: what is not here may be anything. */
  #isPartial = false;
  /** Commits passed over because their aggregate had gone; what was loaded meanwhile may be older than they. */
  #passedOver = 0;

  constructor(options: LiveTableOptions<F, S>) {
    this.#options = options;
  }

  /** The facts of a commit of this kind, in the table from now on; empty for any other. */
  take(commit: Commit): readonly F[] {
    const { type, evolve, initial } = this.#options;
    const facts = factsOf(type, commit);
    if (facts.length === 0) return facts;
    const known = this.#states.get(commit.id);
    if (known === undefined && this.#isPartial) this.#passedOver += 1;
    else if (known === undefined || known.revision < commit.position)
      this.#keep(commit.id, { state: facts.reduce(evolve, known?.state ?? initial), revision: commit.position });
    return facts;
  }

  /** From memory while the stream is followed, else from the store. Fails with what the store throws. */
  async find(id: string, source: { readonly store: EventStore; readonly tenant: string; readonly isLive: boolean }) {
    const { type, evolve, initial, isInitialTrusted } = this.#options;
    const known = source.isLive ? this.#states.get(id) : undefined;
    if (known !== undefined) return known;
    if (source.isLive && isInitialTrusted && !this.#isPartial) return { state: initial, revision: 0 };
    const passedOver = this.#passedOver;
    const { facts, revision } = await source.store.load({ tenant: source.tenant, type, id });
    const found: Found<S> = { state: facts.reduce(evolve, initial), revision };
    const isWorthKeeping = this.#isPartial && (revision > 0 || isInitialTrusted);
    if (source.isLive && isWorthKeeping && passedOver === this.#passedOver && !this.#states.has(id))
      this.#keep(id, found);
    return found;
  }

  *entries(): Iterable<readonly [string, S]> {
    for (const [id, { state }] of this.#states) yield [id, state];
  }

  #keep(id: string, found: Found<S>): void {
    this.#states.set(id, found);
    const oldest = this.#states.keys().next().value;
    if (this.#states.size <= this.#options.max || oldest === undefined) return;
    this.#states.delete(oldest);
    this.#isPartial = true;
  }
}
