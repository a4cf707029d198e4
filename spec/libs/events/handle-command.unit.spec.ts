import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SallyportError } from '#libs/errors';
import { type AppendOutcome, handleCommand, InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { by, codeOf, counter, freshRef } from '../../contracts/event-store/counter.ts';

/** A store where somebody else commits right before each append, `times` times. */
class ContestedEventStore extends InMemoryEventStore {
  left: number;

  constructor(times: number) {
    super();
    this.left = times;
  }

  override async append(
    ...[ref, expected, facts, metadata]: Parameters<InMemoryEventStore['append']>
  ): Promise<AppendOutcome> {
    if (this.left > 0) {
      this.left -= 1;
      await super.append(ref, expected, facts, { ...metadata, commandId: `other-${this.left}` });
    }
    return super.append(ref, expected, facts, metadata);
  }
}

describe('handleCommand', () => {
  it('returns state, revision and facts', async () => {
    const [store, ref] = [new InMemoryEventStore(), freshRef()];
    const handled = await handleCommand(store, counter, ref, 'increment', metadataOf('cmd-1'));
    expect(handled).to.deep.equal({ state: 1, revision: 1, facts: [by(1)], duplicate: false });
  });

  it('writes nothing when nothing is decided', async () => {
    const [store, ref] = [new InMemoryEventStore(), freshRef()];
    const handled = await handleCommand(store, counter, ref, 'nothing', metadataOf('cmd-1'));
    expect(handled).to.deep.equal({ state: 0, revision: 0, facts: [], duplicate: false });
    expect(await store.head()).to.equal(0);
  });

  it('gives a repeated command the outcome it had, whatever came after', async () => {
    const [store, ref] = [new InMemoryEventStore(), freshRef()];
    const first = await handleCommand(store, counter, ref, 'increment', metadataOf('cmd-1'));
    await handleCommand(store, counter, ref, 'increment', metadataOf('cmd-2'));
    const again = await handleCommand(store, counter, ref, 'increment', metadataOf('cmd-1'), { expectedRevision: 0 });
    expect(again).to.deep.equal({ ...first, duplicate: true });
  });

  it('decides again after a conflict, 3 times by default, then fails and may be retried', async () => {
    const [store, ref] = [new ContestedEventStore(2), freshRef()];
    const handled = await handleCommand(store, counter, ref, 'increment', metadataOf('cmd-1'));
    expect([handled.state, handled.revision]).to.deep.equal([3, 3]);
    const contested = new ContestedEventStore(3);
    const failing = handleCommand(contested, counter, freshRef(), 'increment', metadataOf('cmd-1'));
    expect(await codeOf(failing)).to.equal('ERR_EVENTS_CONFLICT');
    expect(await contested.head()).to.equal(3);
  });

  it('does not retry against a given expected revision', async () => {
    const store = new ContestedEventStore(1);
    const handling = handleCommand(store, counter, freshRef(), 'increment', metadataOf('cmd-1'), {
      expectedRevision: 0,
    });
    expect(await codeOf(handling)).to.equal('ERR_EVENTS_STALE_REVISION');
    expect(await store.head()).to.equal(1);
  });

  it('lets a domain error through and writes nothing', async () => {
    const store = new InMemoryEventStore();
    const decide = () => {
      throw new SallyportError('ERR_COUNTER_FULL', 'counter is full');
    };
    const handling = handleCommand(store, { ...counter, decide }, freshRef(), 'increment', metadataOf('cmd-1'));
    expect(await codeOf(handling)).to.equal('ERR_COUNTER_FULL');
    expect(await store.head()).to.equal(0);
  });
});
