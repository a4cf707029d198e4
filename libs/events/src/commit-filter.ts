import { SallyportError } from '#libs/errors';
import { requireSubjectToken } from './aggregate-type.ts';
import type { CommitFilter } from './event-store.ts';
import { MAX_FILTERS } from './limits.ts';
import { factSubject } from './subjects.ts';

const PARTS = ['tenant', 'context', 'thing', 'id'] as const;
type Tokens = readonly string[];

/** @throws ERR_EVENTS_FILTER without a filter or with more than 64, ERR_EVENTS_SUBJECT for a part that is no token. */
export function requireFilters(filters: readonly CommitFilter[]): void {
  if (filters.length === 0 || filters.length > MAX_FILTERS) {
    throw new SallyportError('ERR_EVENTS_FILTER', `${filters.length} filters given, expected 1 to ${MAX_FILTERS}`);
  }
  for (const filter of filters) {
    for (const part of PARTS) {
      const value = filter[part];
      if (value !== undefined) requireSubjectToken(part, value);
    }
  }
}

/** Whether any of the filters lets a commit's address through. */
export function matchesFilters(filters: readonly CommitFilter[], commit: Required<CommitFilter>): boolean {
  return filters.some((filter) => PARTS.every((part) => filter[part] === undefined || filter[part] === commit[part]));
}

/**
 * Subject filters for one JetStream consumer, which refuses filters that overlap. Overlapping ones are widened into one,
 * so the result may let more through than asked: match each commit again with `matchesFilters`.
 */
export function subjectFiltersOf(filters: readonly CommitFilter[]): readonly string[] {
  const merged: Tokens[] = [];
  for (const filter of filters) {
    let tokens: Tokens = PARTS.map((part) => filter[part] ?? '*');
    for (let at = overlapping(merged, tokens); at >= 0; at = overlapping(merged, tokens)) {
      const [other] = merged.splice(at, 1);
      tokens = widen(tokens, other ?? tokens);
    }
    merged.push(tokens);
  }
  return merged.map(([tenant = '*', context = '*', thing = '*', id = '*']) =>
    factSubject({ tenant, context, thing, id }),
  );
}

function overlapping(list: readonly Tokens[], tokens: Tokens): number {
  return list.findIndex((other) =>
    other.every((token, index) => token === '*' || tokens[index] === '*' || token === tokens[index]),
  );
}

function widen(one: Tokens, other: Tokens): Tokens {
  return one.map((token, index) => (token === other[index] ? token : '*'));
}
