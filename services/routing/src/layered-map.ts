/**
 * An immutable map for read models: an older version stays readable, and a new entry copies the recent layer only, not
 * the whole. A rebuild over n facts stays far from n squared.
 */
export type LayeredMap<V> = {
  readonly base: ReadonlyMap<string, V>;
  readonly recent: ReadonlyMap<string, V>;
};

/** Entries of the recent layer before it is merged into a new base. */
const MAX_RECENT = 128;

export function emptyMap<V>(): LayeredMap<V> {
  return { base: new Map(), recent: new Map() };
}

export function getEntry<V>(map: LayeredMap<V>, key: string): V | undefined {
  return map.recent.get(key) ?? map.base.get(key);
}

export function withEntry<V>(map: LayeredMap<V>, key: string, value: V): LayeredMap<V> {
  const recent = new Map(map.recent).set(key, value);
  if (recent.size <= MAX_RECENT) return { base: map.base, recent };
  return { base: new Map([...map.base, ...recent]), recent: new Map() };
}

/** Every value once, in no particular order. */
export function* valuesOf<V>(map: LayeredMap<V>): Generator<V> {
  for (const [key, value] of map.base) if (!map.recent.has(key)) yield value;
  yield* map.recent.values();
}
