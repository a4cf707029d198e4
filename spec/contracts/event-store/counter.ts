import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isSallyportError } from '#libs/errors';
import {
  type AggregateRef,
  type AggregateType,
  type Commit,
  type CommitFilter,
  type Decider,
  type EventStore,
  type Fact,
  MAX_COMMIT_BYTES,
} from '#libs/events';

export type CounterFact =
  | Fact<'CounterIncremented', { readonly by: number }>
  | Fact<'CounterNamed', { readonly name: string }>;

export const counterAggregate: AggregateType<CounterFact> = {
  context: 'testing',
  thing: 'counter',
  facts: {
    CounterIncremented: { version: 1, schema: z.object({ by: z.number().int() }) },
    CounterNamed: { version: 1, schema: z.object({ name: z.string().max(MAX_COMMIT_BYTES * 2) }) },
  },
};

export const counter: Decider<'increment' | 'nothing', CounterFact, number> = {
  initialState: 0,
  evolve: (state, fact) => (fact.type === 'CounterIncremented' ? state + fact.data.by : state),
  decide: (command) => (command === 'increment' ? [by(1)] : []),
};

export const by = (amount: number): CounterFact => ({ type: 'CounterIncremented', data: { by: amount } });
export const named = (name: string): CounterFact => ({ type: 'CounterNamed', data: { name } });

/** An aggregate of its own, in a tenant of its own, so that specs may share one store. */
export function freshRef(): AggregateRef<CounterFact> {
  return { tenant: `tenant-${randomUUID()}`, type: counterAggregate, id: 'c1' };
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return isSallyportError(error) ? error.code : String(error);
  }
}

export async function collect(commits: AsyncIterable<Commit>): Promise<Commit[]> {
  const list: Commit[] = [];
  for await (const commit of commits) list.push(commit);
  return list;
}

/** Follows until `count` commits came, then stops. */
export async function followUntil(
  store: EventStore,
  filters: CommitFilter[],
  count: number,
  after = 0,
): Promise<Commit[]> {
  const seen: Commit[] = [];
  await new Promise<void>((resolve, reject) => {
    const subscription = store.follow({
      filters,
      after,
      onCommit: (commit) => {
        seen.push(commit);
        if (seen.length === count) subscription.stop().then(resolve, reject);
      },
      onError: reject,
    });
  });
  return seen;
}

/** Waits on a condition, with a deadline. */
export async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  for (const end = Date.now() + deadlineMs; !condition(); ) {
    if (Date.now() > end) throw new Error(`not so after ${deadlineMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
