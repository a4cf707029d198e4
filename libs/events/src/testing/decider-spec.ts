import { expect } from 'chai';
import { isSallyportError } from '#libs/errors';
import type { Decider } from '../decider.ts';
import type { Fact } from '../fact.ts';

export type DeciderCase<C, F extends Fact> = {
  /** The aggregate's history. Default: none. */
  readonly given?: readonly F[];
  readonly when: C;
} & (
  | { readonly facts: readonly F[] }
  /** The code of the domain error. */
  | { readonly error: string }
);

/** Given facts, when command, then facts or an error code: `const check = deciderSpec(appDecider); check({ ... })`. */
export function deciderSpec<C, F extends Fact, S>(decider: Decider<C, F, S>): (one: DeciderCase<C, F>) => void {
  return (one) => {
    const state = (one.given ?? []).reduce(decider.evolve, decider.initialState);
    if ('error' in one) {
      const error = thrownBy(() => decider.decide(one.when, state));
      expect(isSallyportError(error) ? error.code : error, 'error code').to.equal(one.error);
      return;
    }
    const facts = decider.decide(one.when, state);
    expect(facts).to.deep.equal(one.facts);
    // What was decided must also be understood.
    facts.reduce(decider.evolve, state);
  };
}

function thrownBy(run: () => unknown): unknown {
  try {
    return { facts: run() };
  } catch (error) {
    return error;
  }
}
