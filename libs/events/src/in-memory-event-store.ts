import { type AggregateRef, type AggregateType, subjectOf } from './aggregate-type.ts';
import { decodeCommit, decodeCommitOf, encodeCommit, type StoredCommit, type TypeLookup } from './commit-codec.ts';
import { matchesFilters, requireFilters } from './commit-filter.ts';
import type {
  AppendOutcome,
  EventStore,
  FollowOptions,
  LoadedAggregate,
  ReadOptions,
  Subscription,
} from './event-store.ts';
import { requireRevision } from './expected-revision.ts';
import type { Commit, CommitMetadata, Fact } from './fact.ts';
import { isAfter } from './read-bounds.ts';
import { parseFactSubject } from './subjects.ts';
import { CAUGHT_UP, type Delivery, startSubscription } from './subscription.ts';

type Entry = { readonly stored: StoredCommit; readonly commandId: string };

/**
 * An event store in memory, for specs and for running a service alone. It keeps encoded commits, so that schemas,
 * bounds and upcasting behave as on the broker. Unbounded: it holds all it is given until it is dropped.
 */
export class InMemoryEventStore implements EventStore {
  readonly #entries: Entry[] = [];
  readonly #bySubject = new Map<string, Entry[]>();
  readonly #types = new Map<string, AggregateType>();
  readonly #wake = new Set<() => void>();

  /** Kinds of aggregate become known by `types` and by appending. */
  constructor(options: { readonly types?: readonly AggregateType[] } = {}) {
    for (const type of options.types ?? []) this.#learn(type);
  }

  async load<F extends Fact>(ref: AggregateRef<F>): Promise<LoadedAggregate<F>> {
    const entries = this.#bySubject.get(subjectOf(ref)) ?? [];
    const commits = entries.map((entry) => decodeCommitOf(ref.type, entry.stored));
    return { commits, facts: commits.flatMap((commit) => commit.facts), revision: commits.at(-1)?.position ?? 0 };
  }

  async append<F extends Fact>(
    ref: AggregateRef<F>,
    expectedRevision: number,
    facts: readonly F[],
    metadata: CommitMetadata,
  ): Promise<AppendOutcome> {
    requireRevision('expected revision', expectedRevision);
    const { subject, headers, data } = encodeCommit(ref, facts, metadata);
    const entries = this.#bySubject.get(subject) ?? [];
    const same = entries.find((entry) => entry.commandId === metadata.commandId);
    if (same !== undefined) return { status: 'duplicate', revision: same.stored.position };
    const revision = entries.at(-1)?.stored.position ?? 0;
    if (revision !== expectedRevision) return { status: 'conflict', revision };
    this.#learn(ref.type);
    const lookup = new Map(headers);
    const position = this.#entries.length + 1;
    const entry = {
      stored: { subject, position, data, header: (name: string) => lookup.get(name) },
      commandId: metadata.commandId,
    };
    this.#entries.push(entry);
    entries.push(entry);
    this.#bySubject.set(subject, entries);
    for (const wake of this.#wake) wake();
    return { status: 'appended', revision: position };
  }

  async *read(options: ReadOptions): AsyncGenerator<Commit> {
    requireFilters(options.filters);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    for (const { stored } of this.#entries.slice(requireRevision('after', options.after ?? 0))) {
      options.signal?.throwIfAborted();
      if (left <= 0) return;
      const commit = this.#match(stored, options.filters);
      if (commit === undefined) continue;
      if (isAfter(commit, options.untilAt)) return;
      left -= 1;
      yield commit;
    }
  }

  follow(options: FollowOptions): Subscription {
    requireFilters(options.filters);
    requireRevision('after', options.after ?? 0);
    return startSubscription((signal) => this.#deliveries(options, signal), options);
  }

  async head(): Promise<number> {
    return this.#entries.length;
  }

  async *#deliveries(options: FollowOptions, signal: AbortSignal): AsyncGenerator<Delivery> {
    const start = this.#entries.length;
    let at = options.after ?? 0;
    for (; at < start && !signal.aborted; at += 1) yield* this.#delivery(at, options);
    if (!signal.aborted) yield CAUGHT_UP;
    while (!signal.aborted) {
      if (at < this.#entries.length) {
        yield* this.#delivery(at, options);
        at += 1;
      } else await this.#growth(signal);
    }
  }

  *#delivery(at: number, options: FollowOptions): Generator<Commit> {
    const stored = this.#entries[at]?.stored;
    const commit = stored === undefined ? undefined : this.#match(stored, options.filters);
    if (commit !== undefined) yield commit;
  }

  #match(stored: StoredCommit, filters: ReadOptions['filters']): Commit | undefined {
    const address = parseFactSubject(stored.subject);
    // An address that is none is not passed over: decoding refuses it.
    const isAsked = address === undefined || matchesFilters(filters, address);
    return isAsked ? decodeCommit(this.#lookup, stored) : undefined;
  }

  readonly #lookup: TypeLookup = (context, thing) => this.#types.get(`${context}.${thing}`);

  #learn(type: AggregateType): void {
    this.#types.set(`${type.context}.${type.thing}`, type);
  }

  #growth(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
