/** `missing`: the input it needs is unknown, so the policy stays in and denies. */
export type Match = 'met' | 'unmet' | 'missing';

/*
 * Kleene's logic of three values. It is monotone: when an input becomes unknown an answer only ever turns to `missing`, never from
 * `met` to `unmet` or back. That is why nobody passes because something could not be looked up.
 */

export function matchOf(isMet: boolean): Match {
  return isMet ? 'met' : 'unmet';
}

export function either(one: Match, other: Match): Match {
  if (one === 'met' || other === 'met') return 'met';
  return one === 'missing' || other === 'missing' ? 'missing' : 'unmet';
}

export function butNot(included: Match, excluded: Match): Match {
  if (included === 'unmet' || excluded === 'met') return 'unmet';
  return included === 'missing' || excluded === 'missing' ? 'missing' : 'met';
}
