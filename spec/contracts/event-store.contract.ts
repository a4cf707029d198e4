import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
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
  handleCommand,
  MAX_COMMIT_BYTES,
  MAX_FACTS_PER_COMMIT,
  runProjection,
  subjectOf,
} from '#libs/events';
import { metadataOf } from '#libs/events/testing';

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

/** What every event store must do; `open` gives one that may hold other commits already and knows `counterAggregate`. */
export function eventStoreContract(name: string, open: () => EventStore): void {
  describe(`event store contract: ${name}`, () => {
    describeAppend(open);
    describeRefusals(open);
    describeRead(open);
    describeFollow(open);
    describeCommands(open);
  });
}

function describeAppend(open: () => EventStore): void {
  describe('append and load', () => {
    it('loads nothing at revision 0 for an aggregate nobody wrote', async () => {
      expect(await open().load(freshRef())).to.deep.equal({ commits: [], facts: [], revision: 0 });
    });

    it('keeps all facts and the metadata of a command in one commit', async () => {
      const [store, ref] = [open(), freshRef()];
      const metadata = metadataOf('cmd-1', {
        at: '2026-03-01T10:00:00.123Z',
        actor: { kind: 'user', id: 'u-1', name: 'Zoë "Ω" 100%\r\nX: y 🚀' },
        causationId: 'cause-1',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      });
      const outcome = await store.append(ref, 0, [by(2), named('two')], metadata);
      const loaded = await store.load(ref);
      expect(outcome).to.deep.equal({ status: 'appended', revision: loaded.revision });
      expect(loaded.facts).to.deep.equal([by(2), named('two')]);
      expect(loaded.commits).to.deep.equal([
        {
          subject: subjectOf(ref),
          tenant: ref.tenant,
          context: 'testing',
          thing: 'counter',
          id: 'c1',
          position: loaded.revision,
          facts: [by(2), named('two')],
          metadata,
        },
      ]);
    });

    it('appends behind the expected revision, which grows', async () => {
      const [store, ref] = [open(), freshRef()];
      const first = await store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
      const second = await store.append(ref, first.revision, [by(2)], metadataOf('cmd-2'));
      expect(second.status).to.equal('appended');
      expect(second.revision).to.be.greaterThan(first.revision);
      expect((await store.load(ref)).facts).to.deep.equal([by(1), by(2)]);
    });

    it('answers a stale expectation with the current revision and writes nothing', async () => {
      const [store, ref] = [open(), freshRef()];
      const first = await store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
      expect(await store.append(ref, 0, [by(9)], metadataOf('cmd-2'))).to.deep.equal({ ...first, status: 'conflict' });
      expect(await store.append(freshRef(), first.revision, [by(9)], metadataOf('cmd-3'))).to.include({
        status: 'conflict',
        revision: 0,
      });
      expect((await store.load(ref)).facts).to.deep.equal([by(1)]);
    });

    it('knows a command again: same expectation, fresh expectation, and behind other commits', async () => {
      const [store, ref] = [open(), freshRef()];
      const first = await store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
      const duplicate = { status: 'duplicate', revision: first.revision };
      expect(await store.append(ref, 0, [by(1)], metadataOf('cmd-1'))).to.deep.equal(duplicate);
      expect(await store.append(ref, first.revision, [by(1)], metadataOf('cmd-1'))).to.deep.equal(duplicate);
      await store.append(ref, first.revision, [by(2)], metadataOf('cmd-2'));
      expect(await store.append(ref, 0, [by(1)], metadataOf('cmd-1'))).to.deep.equal(duplicate);
      expect((await store.load(ref)).facts).to.deep.equal([by(1), by(2)]);
    });

    it('lets one command write to two aggregates', async () => {
      const [store, one, other] = [open(), freshRef(), freshRef()];
      expect((await store.append(one, 0, [by(1)], metadataOf('cmd-1'))).status).to.equal('appended');
      expect((await store.append(other, 0, [by(1)], metadataOf('cmd-1'))).status).to.equal('appended');
    });

    it('loads more commits than one page holds', async () => {
      const [store, ref] = [open(), freshRef()];
      let revision = 0;
      for (let n = 0; n < 600; n += 1)
        ({ revision } = await store.append(ref, revision, [by(n)], metadataOf(`cmd-${n}`)));
      const loaded = await store.load(ref);
      expect(loaded.revision).to.equal(revision);
      expect(loaded.facts).to.deep.equal(Array.from({ length: 600 }, (_, n) => by(n)));
    }).timeout(30_000);
  });
}

function describeRefusals(open: () => EventStore): void {
  describe('refuses, and writes nothing', () => {
    const refused = async (
      code: string,
      append: (store: EventStore, ref: AggregateRef<CounterFact>) => Promise<unknown>,
    ) => {
      const [store, ref] = [open(), freshRef()];
      expect(await codeOf(append(store, ref))).to.equal(code);
      expect((await store.load(ref)).revision).to.equal(0);
    };

    it('a fact that does not fit its schema, naming type and path', async () => {
      const [store, ref] = [open(), freshRef()];
      const wrong = { type: 'CounterIncremented', data: { by: 1.5 } } as const;
      const error: unknown = await store
        .append(ref, 0, [by(1), wrong], metadataOf('cmd'))
        .catch((caught: unknown) => caught);
      expect(isSallyportError(error, 'ERR_EVENTS_SCHEMA') && error.details).to.include({ type: 'CounterIncremented' });
      expect(isSallyportError(error) && error.message)
        .to.contain('CounterIncremented')
        .and.contain('by:');
      expect((await store.load(ref)).revision).to.equal(0);
    });

    it('a fact the aggregate does not have', () =>
      refused('ERR_EVENTS_SCHEMA', (store, ref) => {
        const untyped: AggregateRef = ref;
        return store.append(untyped, 0, [{ type: 'constructor', data: {} }], metadataOf('cmd'));
      }));

    it('no fact, one too many, and one byte too many', async () => {
      await refused('ERR_EVENTS_COMMIT_EMPTY', (store, ref) => store.append(ref, 0, [], metadataOf('cmd')));
      const many = Array.from({ length: MAX_FACTS_PER_COMMIT + 1 }, () => by(1));
      await refused('ERR_EVENTS_COMMIT_TOO_LARGE', (store, ref) => store.append(ref, 0, many, metadataOf('cmd')));
      const large = [named('x'.repeat(MAX_COMMIT_BYTES))];
      await refused('ERR_EVENTS_COMMIT_TOO_LARGE', (store, ref) => store.append(ref, 0, large, metadataOf('cmd')));
    });

    it('takes a commit right at both bounds', async () => {
      const [store, ref] = [open(), freshRef()];
      const facts = Array.from({ length: MAX_FACTS_PER_COMMIT }, () => named('x'.repeat(8_000)));
      expect((await store.append(ref, 0, facts, metadataOf('cmd'))).status).to.equal('appended');
      expect((await store.load(ref)).facts).to.have.length(MAX_FACTS_PER_COMMIT);
    });

    it('ids that cannot stand in a subject', async () => {
      for (const id of ['', 'A', 'a.b', '*', '>', 'a b', 'ä', 'x'.repeat(129)]) {
        expect(await codeOf(open().load({ ...freshRef(), id })), JSON.stringify(id)).to.equal('ERR_EVENTS_SUBJECT');
        expect(await codeOf(collect(open().read({ filters: [{ id }] }))), JSON.stringify(id)).to.equal(
          'ERR_EVENTS_SUBJECT',
        );
      }
    });

    it('metadata without an instant, an actor or a usable command id', async () => {
      for (const wrong of [{ at: 'yesterday' }, { commandId: 'a b' }, { commandId: '' }, { correlationId: '' }]) {
        await refused('ERR_EVENTS_METADATA', (store, ref) => store.append(ref, 0, [by(1)], metadataOf('cmd', wrong)));
      }
    });

    it('an expected revision that is no whole number, and reading without a filter', async () => {
      await refused('ERR_EVENTS_REVISION', (store, ref) => store.append(ref, -1, [by(1)], metadataOf('cmd')));
      expect(await codeOf(collect(open().read({ filters: [] })))).to.equal('ERR_EVENTS_FILTER');
    });
  });
}

/** Three commits in an order known: tenant a counter 1, tenant b counter 1, tenant a counter 2. */
async function threeCommits(store: EventStore) {
  const [a1, b1] = [freshRef(), freshRef()];
  const a2 = { ...a1, id: 'c2' };
  const positions: number[] = [];
  for (const [n, ref] of [a1, b1, a2].entries()) {
    const metadata = metadataOf(`cmd-${n}`, { at: `2026-01-01T00:00:0${n}.000Z` });
    positions.push((await store.append(ref, 0, [by(n)], metadata)).revision);
  }
  const [p1 = 0, p2 = 0, p3 = 0] = positions;
  return { a1, b1, a2, positions: [p1, p2, p3] as const, both: [{ tenant: a1.tenant }, { tenant: b1.tenant }] };
}

const positionsOf = (commits: readonly Commit[]) => commits.map((commit) => commit.position);

function describeRead(open: () => EventStore): void {
  describe('read', () => {
    it('ends at once when nothing matches, and when it starts behind the head', async () => {
      const store = open();
      expect(await collect(store.read({ filters: [{ tenant: freshRef().tenant }] }))).to.deep.equal([]);
      expect(await collect(store.read({ filters: [{}], after: (await store.head()) + 5 }))).to.deep.equal([]);
    });

    it('reads in order what the filters let through, also when they overlap', async () => {
      const store = open();
      const { a1, b1, a2, positions, both } = await threeCommits(store);
      const read = async (filters: CommitFilter[]) => positionsOf(await collect(store.read({ filters })));
      expect(await read(both)).to.deep.equal(positions);
      expect(await read([{ tenant: a1.tenant }])).to.deep.equal([positions[0], positions[2]]);
      expect(await read([{ tenant: a1.tenant }, { tenant: a1.tenant, id: a2.id }])).to.deep.equal([
        positions[0],
        positions[2],
      ]);
      expect(
        await read([
          { tenant: a1.tenant, thing: 'other' },
          { tenant: b1.tenant, id: 'c1' },
        ]),
      ).to.deep.equal([positions[1]]);
    });

    it('honors after, limit and untilAt', async () => {
      const store = open();
      const { positions, both: filters } = await threeCommits(store);
      const after = await collect(store.read({ filters, after: positions[0] }));
      expect(positionsOf(after)).to.deep.equal(positions.slice(1));
      expect(positionsOf(await collect(store.read({ filters, limit: 2 })))).to.deep.equal(positions.slice(0, 2));
      const until = await collect(store.read({ filters, untilAt: '2026-01-01T00:00:01.000Z' }));
      expect(positionsOf(until)).to.deep.equal(positions.slice(0, 2));
    });

    it('leaves out what is appended after the call', async () => {
      const [store, ref] = [open(), freshRef()];
      let { revision } = await store.append(ref, 0, [by(0)], metadataOf('cmd-0'));
      const seen: Commit[] = [];
      for await (const commit of store.read({ filters: [{ tenant: ref.tenant }] })) {
        seen.push(commit);
        ({ revision } = await store.append(ref, revision, [by(1)], metadataOf(`cmd-${revision}`)));
      }
      expect(seen).to.have.length(1);
    });

    it('ends with the reason of its signal', async () => {
      const [store, abort] = [open(), new AbortController()];
      const { both: filters } = await threeCommits(store);
      const reading = (async () => {
        for await (const _ of store.read({ filters, signal: abort.signal })) abort.abort(new Error('enough'));
      })();
      expect(await codeOf(reading)).to.equal('Error: enough');
    });
  });
}

function describeFollow(open: () => EventStore): void {
  describe('follow', () => {
    it('is caught up at once when there is nothing', async () => {
      let called = 0;
      const subscription = open().follow({
        filters: [{ tenant: freshRef().tenant }],
        onCommit: () => undefined,
        onCaughtUp: () => {
          called += 1;
        },
      });
      await subscription.caughtUp;
      expect(called).to.equal(1);
      await subscription.stop();
      await subscription.stop();
    });

    it('delivers history, says it caught up, then delivers news, each once and in order', async () => {
      const store = open();
      const { a1, positions, both: filters } = await threeCommits(store);
      const seen: (number | string)[] = [];
      const subscription = store.follow({
        filters,
        onCommit: (commit) => void seen.push(commit.position),
        onCaughtUp: () => void seen.push('caught up'),
      });
      await subscription.caughtUp;
      const fourth = await store.append(a1, positions[0], [by(4)], metadataOf('cmd-4'));
      await followUntil(store, filters, 4);
      await until(() => seen.length === 5);
      await subscription.stop();
      expect(seen).to.deep.equal([...positions, 'caught up', fourth.revision]);
    });

    it('resumes behind a position', async () => {
      const store = open();
      const { positions, both } = await threeCommits(store);
      expect(positionsOf(await followUntil(store, both, 2, positions[0]))).to.deep.equal(positions.slice(1));
    });

    it('calls one at a time and waits for each', async () => {
      const store = open();
      const { both: filters } = await threeCommits(store);
      const log: string[] = [];
      const subscription = store.follow({
        filters,
        onCommit: async (commit) => {
          log.push(`begin ${commit.facts.length}`);
          await new Promise((resolve) => setImmediate(resolve));
          log.push('end');
        },
      });
      await subscription.caughtUp;
      await subscription.stop();
      expect(log).to.deep.equal(['begin 1', 'end', 'begin 1', 'end', 'begin 1', 'end']);
    });

    it('ends at a callback that throws, without passing over its commit', async () => {
      const store = open();
      const { both: filters } = await threeCommits(store);
      const errors: unknown[] = [];
      let calls = 0;
      const subscription = store.follow({
        filters,
        onCommit: () => {
          calls += 1;
          throw new Error('full');
        },
        onError: (error) => errors.push(error),
      });
      expect(await codeOf(subscription.caughtUp)).to.equal('Error: full');
      await subscription.stop();
      expect([calls, errors.length]).to.deep.equal([1, 1]);
    });

    it('calls nobody after stop', async () => {
      const [store, ref] = [open(), freshRef()];
      const calls: number[] = [];
      const subscription = store.follow({ filters: [{ tenant: ref.tenant }], onCommit: () => void calls.push(1) });
      await subscription.caughtUp;
      await subscription.stop();
      await store.append(ref, 0, [by(1)], metadataOf('cmd'));
      await followUntil(store, [{ tenant: ref.tenant }], 1);
      expect(calls).to.deep.equal([]);
    });
  });
}

function describeCommands(open: () => EventStore): void {
  describe('with handleCommand and runProjection', () => {
    it('ends 100 increments of two writers at exactly 100, and a projection agrees', async () => {
      const [store, ref] = [open(), freshRef()];
      const projection = runProjection(store, {
        name: 'sum',
        version: 1,
        filters: [{ tenant: ref.tenant }],
        initial: () => 0,
        project: (state, commit) => (commit.facts as readonly CounterFact[]).reduce(counter.evolve, state),
      });
      const writer = async (name: string) => {
        for (let n = 0; n < 50; n += 1) {
          await handleCommand(store, counter, ref, 'increment', metadataOf(`${name}-${n}`), { maxAttempts: 1000 });
        }
      };
      await Promise.all([writer('one'), writer('other')]);
      const loaded = await store.load(ref);
      expect(loaded.commits).to.have.length(100);
      await projection.waitFor(loaded.revision, 5_000);
      expect(projection.state()).to.equal(100);
      await projection.rebuild();
      expect([projection.state(), projection.position()]).to.deep.equal([100, loaded.revision]);
      await projection.stop();
    }).timeout(30_000);

    it('ends 100 increments of ten writers at exactly 100', async () => {
      const [store, ref] = [open(), freshRef()];
      const writer = async (_: unknown, name: number) => {
        for (let n = 0; n < 10; n += 1) {
          await handleCommand(store, counter, ref, 'increment', metadataOf(`${name}-${n}`), { maxAttempts: 1000 });
        }
      };
      await Promise.all(Array.from({ length: 10 }, writer));
      expect((await store.load(ref)).facts).to.have.length(100);
    }).timeout(30_000);

    it('decides a command sent twice at once only once', async () => {
      const [store, ref] = [open(), freshRef()];
      const send = () => handleCommand(store, counter, ref, 'increment', metadataOf('cmd-1'));
      const results = await Promise.all([send(), send()]);
      expect(results.map((result) => result.state)).to.deep.equal([1, 1]);
      expect(results.filter((result) => result.duplicate)).to.have.length(1);
      expect((await store.load(ref)).facts).to.have.length(1);
    });

    it('refuses a stale expected revision without deciding', async () => {
      const [store, ref] = [open(), freshRef()];
      const { revision } = await handleCommand(store, counter, ref, 'increment', metadataOf('cmd-1'), {
        expectedRevision: 0,
      });
      const stale = handleCommand(store, counter, ref, 'increment', metadataOf('cmd-2'), { expectedRevision: 0 });
      const error: unknown = await stale.catch((caught: unknown) => caught);
      expect(isSallyportError(error, 'ERR_EVENTS_STALE_REVISION') && error.expose).to.equal(true);
      expect(isSallyportError(error) && error.details).to.deep.include({ expected: 0, actual: revision });
      expect((await store.load(ref)).revision).to.equal(revision);
    });
  });
}

/** Waits on a condition, with a deadline. */
export async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  for (const end = Date.now() + deadlineMs; !condition(); ) {
    if (Date.now() > end) throw new Error(`not so after ${deadlineMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
