import type { JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { type AggregateRef, type AggregateType, subjectOf } from './aggregate-type.ts';
import { backoffMs, pause } from './backoff.ts';
import { HEADER } from './cloud-events.ts';
import {
  decodeCommit,
  decodeCommitOf,
  encodeCommit,
  type StoredCommit,
  type TypeLookup,
  typeLookup,
} from './commit-codec.ts';
import { matchesFilters, requireFilters, subjectFiltersOf } from './commit-filter.ts';
import { storeUnavailable } from './errors.ts';
import type {
  AppendOutcome,
  CommitFilter,
  EventStore,
  FollowOptions,
  LoadedAggregate,
  ReadOptions,
  Subscription,
} from './event-store.ts';
import { requireRevision } from './expected-revision.ts';
import type { Commit, CommitMetadata, Fact } from './fact.ts';
import { publishCommit } from './jetstream-append.ts';
import { loadSubject } from './jetstream-load.ts';
import { orderedMessages } from './jetstream-messages.ts';
import { MAX_READ_ATTEMPTS, MAX_READ_BACK_ATTEMPTS } from './limits.ts';
import { isAfter } from './read-bounds.ts';
import { parseFactSubject } from './subjects.ts';
import { CAUGHT_UP, type Delivery, startSubscription } from './subscription.ts';

export type JetstreamEventStoreOptions = {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Default `EVENTS`. Made by `ensureEventStream`. */
  readonly stream?: string;
  /** Every kind of aggregate `read` and `follow` may meet; a commit of another kind is unreadable, not skipped. */
  readonly types: readonly AggregateType[];
};

/** The event store on a JetStream stream: one message per commit, one literal subject per aggregate (ADR 0004). */
export class JetstreamEventStore implements EventStore {
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #stream: string;
  readonly #lookup: TypeLookup;

  constructor(options: JetstreamEventStoreOptions) {
    this.#js = options.js;
    this.#jsm = options.jsm;
    this.#stream = options.stream ?? 'EVENTS';
    this.#lookup = typeLookup(options.types);
  }

  async load<F extends Fact>(ref: AggregateRef<F>): Promise<LoadedAggregate<F>> {
    const stored = await loadSubject(this.#jsm, this.#stream, subjectOf(ref));
    const commits = stored.map((one) => decodeCommitOf(ref.type, one));
    return { commits, facts: commits.flatMap((commit) => commit.facts), revision: commits.at(-1)?.position ?? 0 };
  }

  async append<F extends Fact>(
    ref: AggregateRef<F>,
    expectedRevision: number,
    facts: readonly F[],
    metadata: CommitMetadata,
  ): Promise<AppendOutcome> {
    requireRevision('expected revision', expectedRevision);
    const encoded = encodeCommit(ref, facts, metadata);
    const outcome = await publishCommit(this.#js, encoded, metadata.commandId, expectedRevision);
    if (outcome.status === 'stored') return { status: 'appended', revision: outcome.revision };
    if (outcome.status === 'known') return { status: 'duplicate', revision: outcome.revision };
    return this.#readBack(encoded.subject, metadata.commandId, outcome.atLeast);
  }

  async *read(options: ReadOptions): AsyncGenerator<Commit> {
    requireFilters(options.filters);
    const after = requireRevision('after', options.after ?? 0);
    options.signal?.throwIfAborted();
    const end = await this.head();
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    if (end <= after || left <= 0) return;
    const abort = new AbortController();
    const signal = options.signal === undefined ? abort.signal : AbortSignal.any([abort.signal, options.signal]);
    try {
      const source = this.#messages(options.filters, after, signal, { maxFailures: MAX_READ_ATTEMPTS });
      for await (const message of source) {
        if (message === CAUGHT_UP || message.seq > end) break;
        const commit = this.#match(message, options.filters);
        if (commit !== undefined) {
          if (isAfter(commit, options.untilAt)) return;
          left -= 1;
          yield commit;
        }
        if (left <= 0 || message.seq === end) return;
      }
      options.signal?.throwIfAborted();
    } finally {
      abort.abort();
    }
  }

  follow(options: FollowOptions): Subscription {
    requireFilters(options.filters);
    requireRevision('after', options.after ?? 0);
    return startSubscription((signal) => this.#deliveries(options, signal), options);
  }

  async head(): Promise<number> {
    try {
      return (await this.#jsm.streams.info(this.#stream)).state.last_seq;
    } catch (error) {
      throw storeUnavailable(`head of ${this.#stream}`, error);
    }
  }

  async *#deliveries(options: FollowOptions, signal: AbortSignal): AsyncGenerator<Delivery> {
    const { onInterrupted } = options;
    const limits = { maxFailures: Number.POSITIVE_INFINITY, onInterrupted };
    for await (const message of this.#messages(options.filters, options.after ?? 0, signal, limits)) {
      const delivery = message === CAUGHT_UP ? CAUGHT_UP : this.#match(message, options.filters);
      if (delivery !== undefined) yield delivery;
    }
  }

  #messages(
    filters: readonly CommitFilter[],
    after: number,
    signal: AbortSignal,
    limits: { readonly maxFailures: number; readonly onInterrupted?: ((error: unknown) => void) | undefined },
  ) {
    const subjects = subjectFiltersOf(filters);
    return orderedMessages({ js: this.#js, stream: this.#stream, subjects, after, signal, ...limits });
  }

  #match(message: JsMsg, filters: readonly CommitFilter[]): Commit | undefined {
    const { subject, seq, data, headers } = message;
    const address = parseFactSubject(subject);
    // An address that is none is not passed over: decoding refuses it.
    if (address !== undefined && !matchesFilters(filters, address)) return undefined;
    const header = (name: string) => headers?.last(name) || undefined;
    return decodeCommit(this.#lookup, { subject, position: seq, data, header });
  }

  /** After a refusal: is the command there already, or was it somebody else's? A replica may lag, hence the attempts. */
  async #readBack(subject: string, commandId: string, atLeast: number): Promise<AppendOutcome> {
    for (let failures = 0; ; failures += 1) {
      const stored = await loadSubject(this.#jsm, this.#stream, subject);
      const own = stored.find((commit) => commandIdOf(commit) === commandId);
      if (own !== undefined) return { status: 'duplicate', revision: own.position };
      const revision = stored.at(-1)?.position ?? 0;
      if (revision >= atLeast) return { status: 'conflict', revision };
      if (failures + 1 >= MAX_READ_BACK_ATTEMPTS) {
        throw storeUnavailable(`reading back ${subject}`, new Error(`revision ${atLeast} not seen, only ${revision}`));
      }
      await pause(backoffMs(failures));
    }
  }
}

/** Unreadable is not ours: every command id is printable ASCII, percent-encoded for `%` and `"` only. */
function commandIdOf(commit: StoredCommit): string | undefined {
  try {
    return decodeURIComponent(commit.header(HEADER.commandId) ?? '');
  } catch {
    return undefined;
  }
}
