/** One value of an input. Bits stand for policies. */
export type Choice<Value> = {
  readonly value: Value;
  /** The policies that stay in with it. */
  readonly lets: bigint;
  /** Those of them that say no with it, when all others let them in too. */
  readonly refuses: bigint;
};

export type Dimension<Value> = readonly Choice<Value>[];

/** How many partial choices are looked at. */
export const MAX_STEPS = 200_000;

/** How many choices of one input are compared and tried, those that let in fewest first; the others count as closed. */
export const MAX_CHOICES = 500;

/**
 * One value of each dimension such that no policy that refuses is let in by all; when there is none, or none is found within MAX_STEPS,
 * the value of each that lets in fewest. Every dimension must have a value.
 */
export function findOpening<Value>(dimensions: readonly Dimension<Value>[]): readonly Value[] {
  const sorted = dimensions.map(bestOf);
  const alwaysLet = sorted.map((_, from) =>
    sorted.slice(from).reduce((sum, choices) => choices.reduce((all, { lets }) => all & lets, sum), -1n),
  );
  let steps = 0;
  const search = (depth: number, lets: bigint, refuses: bigint): readonly Value[] | undefined => {
    const stays = lets & refuses & (alwaysLet[depth] ?? -1n);
    if (stays !== 0n) return undefined;
    for (const choice of sorted[depth] ?? []) {
      steps += 1;
      if (steps > MAX_STEPS) return undefined;
      const rest = search(depth + 1, lets & choice.lets, refuses | choice.refuses);
      if (rest !== undefined) return [choice.value, ...rest];
    }
    return depth === sorted.length ? [] : undefined;
  };
  return search(0, -1n, 0n) ?? sorted.flatMap(([first]) => (first === undefined ? [] : [first.value]));
}

/**
 * In order of how many policies they let in or refuse. A choice that lets in and refuses no less than another one is never needed, and no
 * choice is better than one before it.
 */
function bestOf<Value>(choices: Dimension<Value>): Dimension<Value> {
  const inOrder = choices
    .map((choice) => ({ choice, count: countOf(choice) }))
    .sort((one, other) => one.count - other.count);
  const kept: Choice<Value>[] = [];
  for (const { choice } of inOrder) {
    if (kept.length === MAX_CHOICES) break;
    if (!kept.some((one) => isNoWorse(one, choice))) kept.push(choice);
  }
  return kept;
}

function isNoWorse<Value>(one: Choice<Value>, other: Choice<Value>): boolean {
  return (one.lets & ~other.lets) === 0n && (one.refuses & ~other.refuses) === 0n;
}

function countOf<Value>({ lets, refuses }: Choice<Value>): number {
  return (lets | refuses).toString(2).replaceAll('0', '').length;
}
