import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect } from 'nats';
import { isSallyportError } from '#libs/errors';
import { type Commit, handleCommand, openEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import {
  by,
  codeOf,
  collect,
  counter,
  counterAggregate,
  followUntil,
  freshRef,
  until,
} from '../../contracts/event-store/counter.ts';
import { type EventBroker, startEventBroker } from './event-broker.ts';

describe('JetstreamEventStore over faults', () => {
  let broker: EventBroker;
  before(async () => {
    broker = await startEventBroker();
  });
  after(() => broker.stop());

  it('follows through two crashes of the server without loss or repeat', async () => {
    const ref = freshRef();
    const seen: Commit[] = [];
    const errors: unknown[] = [];
    const subscription = broker.store.follow({
      filters: [{ tenant: ref.tenant }],
      onCommit: (commit) => void seen.push(commit),
      onError: (error) => errors.push(error),
    });
    await subscription.caughtUp;
    const positions: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      if (n === 20 || n === 40) await broker.server.restart('SIGKILL');
      const handled = await handleCommand(broker.store, counter, ref, 'increment', metadataOf(`cmd-${n}`));
      positions.push(handled.revision);
    }
    await until(() => seen.length >= 60, 20_000);
    await subscription.stop();
    expect(errors).to.deep.equal([]);
    expect(seen.map((commit) => commit.position)).to.deep.equal(positions);
    expect((await broker.store.load(ref)).facts).to.have.length(60);
  }).timeout(60_000);

  it('keeps positions, duplicates and history over a restart with the same data', async () => {
    const ref = freshRef();
    const first = await broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
    const head = await broker.store.head();
    await broker.server.restart();
    await until(() => !broker.connection.isClosed());
    expect(await broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1'))).to.deep.equal({
      ...first,
      status: 'duplicate',
    });
    expect(await broker.store.head()).to.equal(head);
    const next = await broker.store.append(ref, first.revision, [by(2)], metadataOf('cmd-2'));
    expect(next).to.deep.equal({ status: 'appended', revision: head + 1 });
    const seen = await followUntil(broker.store, [{ tenant: ref.tenant }], 1, first.revision);
    expect(seen.map((commit) => commit.position)).to.deep.equal([next.revision]);
  });

  it('finishes an append that began while the server was down', async () => {
    const ref = freshRef();
    await broker.server.halt('SIGKILL');
    const appending = broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
    await broker.server.restart();
    expect((await appending).status).to.equal('appended');
    expect((await broker.store.load(ref)).facts).to.deep.equal([by(1)]);
  });

  it('delivers each once behind a callback that took longer than the client waits', async () => {
    const ref = freshRef();
    let revision = 0;
    for (let n = 0; n < 400; n += 1) {
      ({ revision } = await broker.store.append(ref, revision, [by(n)], metadataOf(`cmd-${n}`)));
    }
    const seen: unknown[] = [];
    const subscription = broker.store.follow({
      filters: [{ tenant: ref.tenant }],
      onCommit: async (commit) => {
        seen.push(...commit.facts);
        if (seen.length === 10) await until(elapsed(5_000));
      },
    });
    await subscription.caughtUp;
    await subscription.stop();
    expect(seen).to.deep.equal(Array.from({ length: 400 }, (_, n) => by(n)));
  }).timeout(30_000);

  it('stops a subscription while the server is down', async () => {
    const subscription = broker.store.follow({ filters: [{}], onCommit: () => undefined });
    await subscription.caughtUp;
    await broker.server.halt();
    await subscription.stop();
    await broker.server.restart();
  });

  it('ends a subscription with a typed error when its connection is closed for good', async () => {
    const connection = await connect({ servers: broker.server.url });
    const store = await openEventStore(connection, [counterAggregate]);
    const errors: unknown[] = [];
    const subscription = store.follow({
      filters: [{}],
      onCommit: () => undefined,
      onError: (error) => errors.push(error),
    });
    await subscription.caughtUp;
    await connection.close();
    await until(() => errors.length > 0);
    expect(isSallyportError(errors[0], 'ERR_EVENTS_UNAVAILABLE')).to.equal(true);
    expect(await codeOf(store.head())).to.equal('ERR_EVENTS_UNAVAILABLE');
    expect(await codeOf(store.append(freshRef(), 0, [by(1)], metadataOf('cmd')))).to.equal('ERR_EVENTS_UNAVAILABLE');
    expect(await codeOf(store.load(freshRef()))).to.equal('ERR_EVENTS_UNAVAILABLE');
    await subscription.stop();
  });

  it('leaves no subscription behind after loads and reads', async () => {
    const ref = freshRef();
    await broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
    const count = async () => {
      await broker.connection.flush();
      const response = await fetch(`${broker.server.monitorUrl()}/varz`);
      return ((await response.json()) as { subscriptions: number }).subscriptions;
    };
    await collect(broker.store.read({ filters: [{ tenant: ref.tenant }] }));
    const before = await count();
    for (let n = 0; n < 20; n += 1) {
      await broker.store.load(ref);
      await broker.store.load(freshRef());
      await collect(broker.store.read({ filters: [{ tenant: ref.tenant }] }));
    }
    let now = await count();
    for (const end = Date.now() + 5_000; now > before + 2 && Date.now() < end; ) now = await count();
    expect(now).to.be.at.most(before + 2);
  });
});

function elapsed(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}
