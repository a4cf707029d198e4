/** Something that happened to one aggregate: past tense, small, immutable. `data` is plain JSON. */
export type Fact<T extends string = string, D = unknown> = { readonly type: T; readonly data: D };

/** One member of a union of facts, by its type. */
export type FactOf<F extends Fact, T extends F['type']> = Extract<F, { readonly type: T }>;

/** A fact as it stands in the store: with its id (`<command id>.<index in the commit>`) and its schema version. */
export type RecordedFact<F extends Fact = Fact> = F & { readonly factId: string; readonly version: number };

/** Who caused a commit. */
export type Actor = {
  readonly kind: 'user' | 'service' | 'connector' | 'local-operator' | 'system';
  readonly id: string;
  readonly name?: string;
};

/** What every commit records about its command. */
export type CommitMetadata = {
  /** Names the command; the same id on the same aggregate is the same commit, however often it is sent. */
  readonly commandId: string;
  /** ISO-8601 UTC, the instant the command was decided. */
  readonly at: string;
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
};

/** All facts of one command on one aggregate: the unit that is written, read and followed, whole or not at all. */
export type Commit<F extends Fact = Fact> = {
  readonly subject: string;
  readonly tenant: string;
  readonly context: string;
  readonly thing: string;
  readonly id: string;
  /** Place in the whole stream (JetStream stream sequence): grows, is not consecutive. Also the aggregate's revision. */
  readonly position: number;
  readonly facts: readonly F[];
  readonly metadata: CommitMetadata;
};
