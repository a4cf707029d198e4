import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import { type AggregateRef, type EventStore, MAX_COMMIT_BYTES, MAX_FACTS_PER_COMMIT, subjectOf } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { by, type CounterFact, codeOf, collect, freshRef, named } from './counter.ts';

export function describeAppend(open: () => EventStore): void {
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

export function describeRefusals(open: () => EventStore): void {
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
