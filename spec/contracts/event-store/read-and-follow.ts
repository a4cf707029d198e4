import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Commit, CommitFilter, EventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { by, codeOf, collect, followUntil, freshRef, until } from './counter.ts';

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

export function describeRead(open: () => EventStore): void {
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

export function describeFollow(open: () => EventStore): void {
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
