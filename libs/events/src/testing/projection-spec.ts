import { expect } from 'chai';
import type { Commit } from '../fact.ts';
import type { Projection } from '../projection.ts';

export type ProjectionCase<S> = {
  readonly given: readonly Commit[];
  /** The whole state, or a function with expectations of its own. */
  readonly state: S | ((state: S) => void);
};

/**
 * Given commits, then a state: `const check = projectionSpec(appDirectory); check({ ... })`. Projects twice from the start
 * and demands the same result, which catches a `project` that changes the state it was given or reads a clock.
 */
export function projectionSpec<S>(projection: Projection<S>): (one: ProjectionCase<S>) => void {
  return ({ given, state: expected }) => {
    const state = given.reduce(projection.project, projection.initial());
    expect(given.reduce(projection.project, projection.initial()), 'second run').to.deep.equal(state);
    if (isCheck(expected)) expected(state);
    else expect(state).to.deep.equal(expected);
  };
}

function isCheck<S>(expected: S | ((state: S) => void)): expected is (state: S) => void {
  return typeof expected === 'function';
}
