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
export type { Decider } from './decider.ts';
export type {
  AppendOutcome,
  CommitFilter,
  EventStore,
  FollowOptions,
  LoadedAggregate,
  ReadOptions,
  Subscription,
} from './event-store.ts';
export type { Actor, Commit, CommitMetadata, Fact, FactOf, RecordedFact } from './fact.ts';
export type { Projection } from './projection.ts';
