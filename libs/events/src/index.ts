export {
  type AggregateRef,
  type AggregateType,
  factsOf,
  isCommitOf,
  isSubjectToken,
  recordedFactsOf,
  subjectOf,
  type Upcast,
} from './aggregate-type.ts';
export { type CheckpointStore, FileCheckpointStore, InMemoryCheckpointStore } from './checkpoint.ts';
export type { Decider } from './decider.ts';
export type { EventsErrorCode } from './errors.ts';
export type {
  AppendOutcome,
  CommitFilter,
  EventStore,
  FollowOptions,
  LoadedAggregate,
  ReadOptions,
  Subscription,
} from './event-store.ts';
export { type EventStreamOptions, ensureEventStream, requireSyncAlways } from './event-stream.ts';
export { staleRevision } from './expected-revision.ts';
export type { Actor, Commit, CommitMetadata, Fact, FactOf, RecordedFact } from './fact.ts';
export { type HandleCommandOptions, type HandledCommand, handleCommand } from './handle-command.ts';
export { InMemoryEventStore } from './in-memory-event-store.ts';
export { JetstreamEventStore, type JetstreamEventStoreOptions } from './jetstream-event-store.ts';
export {
  DEFAULT_COMMAND_ATTEMPTS,
  LOAD_PAGE_COMMITS,
  MAX_COMMIT_BYTES,
  MAX_COMMITS_PER_AGGREGATE,
  MAX_FACTS_PER_COMMIT,
  MAX_FILTERS,
  MAX_METADATA_CHARACTERS,
  MAX_SUBJECT_TOKEN_CHARACTERS,
} from './limits.ts';
export { openEventStore } from './open-event-store.ts';
export type { Projection } from './projection.ts';
export {
  type ProjectionChange,
  type RunningProjection,
  type RunProjectionOptions,
  runProjection,
} from './projection-runner.ts';
export { type Reactor, type RunningReactor, runReactor } from './reactor.ts';
