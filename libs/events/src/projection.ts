import type { CommitFilter } from './event-store.ts';
import type { Commit } from './fact.ts';

/** A read model. `project` is pure: it returns a new state and leaves the given one as it is. */
export type Projection<S> = {
  readonly name: string;
  /** Raised when `project` or the state's shape changes. */
  readonly version: number;
  readonly filters: readonly CommitFilter[];
  readonly initial: () => S;
  readonly project: (state: S, commit: Commit) => S;
};
