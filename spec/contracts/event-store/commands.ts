import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import { type EventStore, handleCommand, runProjection } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { type CounterFact, counter, freshRef } from './counter.ts';

export function describeCommands(open: () => EventStore): void {
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
