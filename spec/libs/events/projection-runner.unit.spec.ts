import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type Commit, InMemoryEventStore, type Projection, runProjection } from '#libs/events';
import { commitOf, metadataOf, projectionSpec } from '#libs/events/testing';
import { by, codeOf, counterAggregate, freshRef } from '../../contracts/event-store/counter.ts';

const list: Projection<readonly number[]> = {
  name: 'list',
  version: 1,
  filters: [{ context: 'testing' }],
  initial: () => [],
  project: (state, commit) => [...state, commit.position],
};

async function storeOf(count: number): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore({ types: [counterAggregate] });
  for (let n = 0; n < count; n += 1) await store.append(freshRef(), 0, [by(n)], metadataOf(`cmd-${n}`));
  return store;
}

describe('runProjection', () => {
  it('is ready at once on an empty store', async () => {
    const running = runProjection(await storeOf(0), list);
    await running.ready;
    expect([running.state(), running.position()]).to.deep.equal([[], 0]);
    await running.stop();
  });

  it('holds the history when ready, then follows and tells of each change', async () => {
    const store = await storeOf(3);
    const running = runProjection(store, list);
    const changes: number[] = [];
    let isComplete = false;
    running.changes.subscribe({
      next: ({ state, commit }) => changes.push(state.length, commit.position),
      complete: () => {
        isComplete = true;
      },
    });
    await running.ready;
    expect(running.state()).to.deep.equal([1, 2, 3]);
    const { revision } = await store.append(freshRef(), 0, [by(1)], metadataOf('cmd'));
    await running.waitFor(revision, 1_000);
    expect(running.state()).to.deep.equal([1, 2, 3, 4]);
    await running.stop();
    await running.stop();
    expect(changes).to.deep.equal([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(isComplete).to.equal(true);
  });

  it('rebuilds to the same result while serving the old state, and goes on following', async () => {
    const store = await storeOf(3);
    const running = runProjection(store, list);
    await running.ready;
    const before = running.state();
    const rebuilding = running.rebuild();
    expect(running.rebuild()).to.equal(rebuilding);
    expect(running.state()).to.equal(before);
    await rebuilding;
    expect(running.state()).to.deep.equal(before);
    expect(running.state()).to.not.equal(before);
    const { revision } = await store.append(freshRef(), 0, [by(1)], metadataOf('cmd'));
    await running.waitFor(revision, 1_000);
    expect(running.state()).to.have.length(4);
    await running.stop();
  });

  it('never goes back during a rebuild under load', async () => {
    const store = await storeOf(50);
    const running = runProjection(store, list);
    await running.ready;
    let highest = 0;
    let isBack = false;
    const look = () => {
      isBack ||= running.position() < highest;
      highest = running.position();
    };
    const rebuilding = running.rebuild();
    for (let n = 0; n < 200; n += 1) {
      await store.append(freshRef(), 0, [by(n)], metadataOf(`load-${n}`));
      look();
    }
    await rebuilding;
    look();
    await running.waitFor(250, 1_000);
    expect(isBack).to.equal(false);
    expect(running.state()).to.deep.equal(Array.from({ length: 250 }, (_, n) => n + 1));
    await running.stop();
  });

  it('gives up waiting for a position at the deadline, and at stop', async () => {
    const running = runProjection(await storeOf(1), list);
    await running.ready;
    expect(await codeOf(running.waitFor(2, 5))).to.equal('ERR_EVENTS_DEADLINE');
    const waiting = codeOf(running.waitFor(2, 60_000));
    await running.stop();
    expect(await waiting).to.equal('ERR_EVENTS_STOPPED');
  });

  it('takes 10,000 callers waiting and refuses the next', async () => {
    const running = runProjection(await storeOf(0), list);
    const waiting = Array.from({ length: 10_000 }, () => codeOf(running.waitFor(1, 60_000)));
    expect(await codeOf(running.waitFor(1, 60_000))).to.equal('ERR_EVENTS_TOO_MANY_WAITERS');
    await running.stop();
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['ERR_EVENTS_STOPPED']));
  });

  it('ends when project throws, and serves no state from then on', async () => {
    const errors: unknown[] = [];
    const project = () => {
      throw new Error('broken');
    };
    const running = runProjection(await storeOf(1), { ...list, project }, { onError: (error) => errors.push(error) });
    expect(await codeOf(running.ready)).to.equal('Error: broken');
    expect(() => running.state()).to.throw('broken');
    expect(await codeOf(running.rebuild())).to.equal('Error: broken');
    expect(errors).to.have.length(1);
    await running.stop();
  });
});

describe('projectionSpec', () => {
  const given: readonly Commit[] = [commitOf(freshRef(), [by(1)]), commitOf(freshRef(), [by(1)], { position: 2 })];

  it('accepts the right state and refuses a wrong one', () => {
    const check = projectionSpec(list);
    check({ given, state: [1, 2] });
    check({ given, state: (state) => expect(state).to.have.length(2) });
    expect(() => check({ given, state: [1] })).to.throw('deeply equal');
  });

  it('refuses a projection that changes the state it was given', () => {
    const shared: number[] = [];
    const check = projectionSpec<readonly number[]>({
      ...list,
      initial: () => shared,
      project: (_state, commit) => {
        shared.push(commit.position);
        return [...shared];
      },
    });
    expect(() => check({ given, state: [1, 2] })).to.throw('second run');
  });
});
