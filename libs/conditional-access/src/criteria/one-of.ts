import type { Probe } from '../criterion.ts';
import type { Situation } from '../situation.ts';
import { matchOf } from '../three-valued.ts';

/** Met when the value is among the wanted ones; undefined `wanted`: not asked. */
export function oneOf<Value>(
  wanted: readonly Value[] | undefined,
  read: (situation: Situation) => Value | null,
): Probe | undefined {
  if (wanted === undefined) return undefined;
  const values = new Set(wanted);
  return {
    matches: (situation) => {
      const value = read(situation);
      return value === null ? 'missing' : matchOf(values.has(value));
    },
  };
}
