import type { Fact } from './fact.ts';

/** An aggregate's rules: pure, no clock, no ids, no I/O. `decide` returns facts (none: nothing to do) or throws a domain error. */
export type Decider<C, F extends Fact, S> = {
  readonly initialState: S;
  readonly evolve: (state: S, fact: F) => S;
  readonly decide: (command: C, state: S) => readonly F[];
};
