import type { AggregateType } from './aggregate-type.ts';
import type { Fact } from './fact.ts';

/** One fact as stored. */
export type StoredFact = {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
};

type FactDescriptions = AggregateType['facts'];

/** Own entries only: a stored type named `constructor` is unknown. */
export function describedFact(facts: FactDescriptions, type: string): FactDescriptions[string] | undefined {
  return Object.hasOwn(facts, type) ? facts[type] : undefined;
}

/**
 * A stored fact as today's fact: upcast when its version is older or its type is gone, then parsed by its schema.
 * @throws Error saying why it cannot be read.
 */
export function readFact(type: AggregateType, stored: StoredFact): Fact {
  const known = describedFact(type.facts, stored.type);
  if (known !== undefined && stored.version === known.version) return parse(type, stored.type, stored.data);
  const name = `fact ${stored.type} version ${stored.version}`;
  if (known !== undefined && stored.version > known.version) throw new Error(`${name} is newer than ${known.version}`);
  if (type.upcast === undefined) throw new Error(`${name} is unknown and ${type.thing} has no upcaster`);
  const today = type.upcast(stored.type, stored.version, stored.data);
  return parse(type, today.type, today.data);
}

function parse(type: AggregateType, factType: string, data: unknown): Fact {
  const known = describedFact(type.facts, factType);
  if (known === undefined) throw new Error(`fact ${factType} is unknown to ${type.context}.${type.thing}`);
  const result = known.schema.safeParse(data);
  if (result.success) return { type: factType, data: result.data };
  throw new Error(`fact ${factType} does not fit its schema at ${issuePath(result.error.issues)}`);
}

/** Where the first issue is: `cookieFlags.sameSite: Invalid option`. Zod's messages hold expectations, not values. */
export function issuePath(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string {
  const [first] = issues;
  if (first === undefined) return '(root)';
  return `${first.path.length === 0 ? '(root)' : first.path.map(String).join('.')}: ${first.message}`;
}
