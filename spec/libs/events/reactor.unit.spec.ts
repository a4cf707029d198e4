import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { FileCheckpointStore, InMemoryCheckpointStore, InMemoryEventStore, runReactor } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { by, codeOf, counterAggregate, freshRef, until } from '../../contracts/event-store/counter.ts';

async function storeOf(count: number): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore({ types: [counterAggregate] });
  for (let n = 0; n < count; n += 1) await store.append(freshRef(), 0, [by(n)], metadataOf(`cmd-${n}`));
  return store;
}

const named = { name: 'mailer', filters: [{}], longestBackoffMs: 1 };

describe('runReactor', () => {
  it('reacts in order and resumes behind its checkpoint', async () => {
    const [store, checkpoints, seen] = [await storeOf(3), new InMemoryCheckpointStore(), [] as number[]];
    const react = async (commit: { position: number }) => void seen.push(commit.position);
    const first = runReactor(store, { ...named, checkpoints, react });
    await first.caughtUp;
    await first.stop();
    expect(first.position()).to.equal(3);
    await store.append(freshRef(), 0, [by(4)], metadataOf('cmd'));
    const second = runReactor(store, { ...named, checkpoints, react });
    await second.caughtUp;
    await second.stop();
    expect(seen).to.deep.equal([1, 2, 3, 4]);
  });

  it('tries a failing commit again, and does not pass over it', async () => {
    const [store, seen, retries] = [await storeOf(2), [] as number[], [] as number[]];
    const reactor = runReactor(store, {
      ...named,
      checkpoints: new InMemoryCheckpointStore(),
      react: async (commit) => {
        seen.push(commit.position);
        if (seen.length < 4) throw new Error('mail server away');
      },
      onRetry: (_error, _commit, failures) => retries.push(failures),
    });
    await reactor.caughtUp;
    await reactor.stop();
    expect(seen).to.deep.equal([1, 1, 1, 1, 2]);
    expect(retries).to.deep.equal([1, 2, 3]);
  });

  it('saves again when the checkpoint fails, without reacting again', async () => {
    const [store, seen] = [await storeOf(1), [] as number[]];
    let saves = 0;
    const checkpoints = {
      load: async () => undefined,
      save: async () => {
        saves += 1;
        if (saves < 3) throw new Error('disk full');
      },
    };
    const reactor = runReactor(store, {
      ...named,
      checkpoints,
      react: async ({ position }) => void seen.push(position),
    });
    await reactor.caughtUp;
    await reactor.stop();
    expect([seen, saves]).to.deep.equal([[1], 3]);
  });

  it('reacts again after a stop in the middle: at least once', async () => {
    const [store, checkpoints, seen] = [await storeOf(1), new InMemoryCheckpointStore(), [] as string[]];
    const failing = runReactor(store, {
      ...named,
      checkpoints,
      react: async () => {
        seen.push('failed');
        throw new Error('no');
      },
    });
    await until(() => seen.length > 2);
    await failing.stop();
    expect(await checkpoints.load('mailer')).to.equal(undefined);
    const working = runReactor(store, { ...named, checkpoints, react: async () => void seen.push('done') });
    await working.caughtUp;
    await working.stop();
    expect(seen.at(-1)).to.equal('done');
  });

  it('may start behind the newest commit, and remembers that', async () => {
    const [store, checkpoints, seen] = [await storeOf(3), new InMemoryCheckpointStore(), [] as number[]];
    const from = { ...named, checkpoints, startAt: 'head' as const, react: async () => void seen.push(1) };
    const first = runReactor(store, from);
    await first.caughtUp;
    await first.stop();
    expect([seen.length, await checkpoints.load('mailer')]).to.deep.equal([0, 3]);
  });

  it('ends when its checkpoint cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-checkpoint-'));
    writeFileSync(join(folder, 'mailer.position'), '12x');
    const errors: unknown[] = [];
    const reactor = runReactor(await storeOf(1), {
      ...named,
      checkpoints: new FileCheckpointStore({ folder }),
      react: async () => undefined,
      onError: (error) => errors.push(error),
    });
    expect(await codeOf(reactor.caughtUp)).to.equal('ERR_EVENTS_CHECKPOINT');
    expect(errors).to.have.length(1);
    await reactor.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('FileCheckpointStore', () => {
  it('gives back what was saved, also to the next process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-checkpoint-'));
    const inside = join(folder, 'made', 'by-itself');
    const store = new FileCheckpointStore({ folder: inside });
    expect(await store.load('mailer')).to.equal(undefined);
    await store.save('mailer', 7);
    await store.save('mailer', 12);
    expect(await new FileCheckpointStore({ folder: inside }).load('mailer')).to.equal(12);
    expect(await codeOf(store.save('../mailer', 1))).to.equal('ERR_EVENTS_SUBJECT');
    rmSync(folder, { recursive: true });
  });
});
