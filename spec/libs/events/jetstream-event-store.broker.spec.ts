import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { isSallyportError } from '#libs/errors';
import { type AggregateType, ensureEventStream, requireSyncAlways, runProjection, subjectOf } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { by, codeOf, collect, counterAggregate, freshRef, named } from '../../contracts/event-store/counter.ts';
import { eventStoreContract } from '../../contracts/event-store.contract.ts';
import { type EventBroker, startEventBroker } from './event-broker.ts';

describe('JetstreamEventStore', () => {
  let broker: EventBroker;
  before(async () => {
    broker = await startEventBroker();
  });
  after(() => broker.stop());

  eventStoreContract('JetStream', () => broker.store);

  describe('what stands in the stream', () => {
    it('is one message per commit with CloudEvents headers', async () => {
      const ref = freshRef();
      const subject = subjectOf(ref);
      const { revision } = await broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1', { causationId: 'c%"é' }));
      await broker.store.append(ref, revision, [by(1), named('n')], metadataOf('cmd-2'));
      const first = await broker.jsm.streams.getMessage('EVENTS', { seq: revision });
      const header = (name: string) => first?.header.get(name);
      expect(header('ce-specversion')).to.equal('1.0');
      expect(header('ce-id')).to.equal(`${subject}/cmd-1`);
      expect(header('Nats-Msg-Id')).to.equal(header('ce-id'));
      expect(header('ce-source')).to.equal(`/sallyport/${ref.tenant}/testing`);
      expect(header('ce-type')).to.equal('io.sallyport.counter.counter-incremented.v1');
      expect(header('ce-subject')).to.equal(subject);
      expect(header('ce-datacontenttype')).to.equal('application/json');
      expect(header('sp-causation-id')).to.equal('c%25%22%C3%A9');
      expect(first?.json()).to.deep.equal({
        facts: [{ id: 'cmd-1.0', type: 'CounterIncremented', version: 1, data: { by: 1 } }],
      });
      const last = await broker.jsm.streams.getMessage('EVENTS', { last_by_subj: subject });
      expect(last?.header.get('ce-type')).to.equal('io.sallyport.counter.commit.v1');
    });
  });

  describe('an unreadable commit', () => {
    const headerList = (subject: string) => ({
      'ce-specversion': '1.0',
      'ce-id': `${subject}/raw`,
      'ce-time': '2026-01-01T00:00:00Z',
      'sp-command-id': 'raw',
      'sp-actor': encodeURIComponent('{"kind":"system","id":"spec"}'),
      'sp-correlation-id': 'raw',
    });
    const whole = JSON.stringify({ facts: [{ id: 'raw.0', type: 'CounterIncremented', version: 1, data: { by: 7 } }] });
    const cases: [why: string, data: string, change?: Readonly<Record<string, string>>][] = [
      ['is no JSON', '{"facts":['],
      ['holds no facts', '{"facts":[]}'],
      ['holds null', 'null'],
      ['breaks its schema', whole.replace('7', '"7"')],
      ['has an unknown fact', whole.replace('CounterIncremented', 'toString')],
      ['comes from a newer version', whole.replace('"version":1', '"version":2')],
      ['lacks its command id', whole, { 'sp-command-id': '' }],
      ['has a broken escape', whole, { 'sp-correlation-id': '%E0%A4%A' }],
      ['has an actor that is none', whole, { 'sp-actor': '7' }],
      ['has no instant', whole, { 'ce-time': 'noon' }],
    ];

    it('is not reported for a sound message published raw', async () => {
      const ref = freshRef();
      await broker.publishRaw(subjectOf(ref), whole, headerList(subjectOf(ref)));
      expect((await broker.store.load(ref)).facts).to.deep.equal([by(7)]);
    });

    for (const [why, data, change = {}] of cases) {
      it(`that ${why} is a typed error with subject and position, for load, read and follow`, async () => {
        const ref = freshRef();
        const subject = subjectOf(ref);
        const filters = [{ tenant: ref.tenant }];
        const sound = await broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
        const position = await broker.publishRaw(subject, data, { ...headerList(subject), ...change });
        const error: unknown = await broker.store.load(ref).catch((caught: unknown) => caught);
        expect(isSallyportError(error, 'ERR_EVENTS_UNREADABLE') && error.details).to.deep.equal({ subject, position });
        expect(await codeOf(collect(broker.store.read({ filters })))).to.equal('ERR_EVENTS_UNREADABLE');
        expect(await codeOf(collect(broker.store.read({ filters, limit: 1 })))).to.equal('no error');
        const seen: number[] = [];
        const subscription = broker.store.follow({ filters, onCommit: (commit) => void seen.push(commit.position) });
        expect(await codeOf(subscription.caughtUp)).to.equal('ERR_EVENTS_UNREADABLE');
        expect(seen).to.deep.equal([sound.revision]);
      });
    }

    it('of a kind the store was not told ends the reading', async () => {
      const ref = freshRef();
      await broker.store.append(ref, 0, [by(1)], metadataOf('cmd-1'));
      const blind = await broker.openStore([]);
      const read = collect(blind.read({ filters: [{ tenant: ref.tenant }] }));
      expect(await codeOf(read)).to.equal('ERR_EVENTS_UNREADABLE');
    });

    it('ends a projection: its state is not served any more', async () => {
      const ref = freshRef();
      const errors: unknown[] = [];
      await broker.publishRaw(subjectOf(ref), 'x');
      const projection = runProjection(
        broker.store,
        { name: 'p', version: 1, filters: [{ tenant: ref.tenant }], initial: () => 0, project: (state) => state + 1 },
        { onError: (error) => errors.push(error) },
      );
      projection.changes.subscribe({ error: (error) => errors.push(error) });
      expect(await codeOf(projection.ready)).to.equal('ERR_EVENTS_UNREADABLE');
      expect(errors).to.have.length(2);
      expect(() => projection.state()).to.throw('unreadable');
      expect(await codeOf(projection.waitFor(1, 50))).to.equal('ERR_EVENTS_UNREADABLE');
      await projection.stop();
    });
  });

  it('reads an older version through the upcaster', async () => {
    const ref = freshRef();
    await broker.store.append(ref, 0, [by(3)], metadataOf('cmd-1'));
    const today: AggregateType = {
      ...counterAggregate,
      facts: { CounterMoved: { version: 2, schema: z.object({ up: z.number() }) } },
      upcast: (_type, _version, data) => ({ type: 'CounterMoved', data: { up: (data as { by: number }).by } }),
    };
    const expected = [{ type: 'CounterMoved', data: { up: 3 } }];
    expect((await broker.store.load({ ...ref, type: today })).facts).to.deep.equal(expected);
    const store = await broker.openStore([today]);
    const [commit] = await collect(store.read({ filters: [{ tenant: ref.tenant }] }));
    expect(commit?.facts).to.deep.equal(expected);
  });

  describe('the stream', () => {
    it('is made safe once and verified ever after', async () => {
      await ensureEventStream(broker.jsm);
      const { config } = await broker.jsm.streams.info('EVENTS');
      expect(config).to.include({
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        storage: 'file',
        max_age: 0,
      });
      expect(await codeOf(broker.jsm.streams.purge('EVENTS'))).to.not.equal('no error');
      expect(await codeOf(broker.jsm.streams.deleteMessage('EVENTS', 1))).to.not.equal('no error');
    });

    it('is refused when one is there that could lose facts', async () => {
      const fresh = await startEventBroker();
      await fresh.jsm.streams.update('EVENTS', { max_age: 60_000_000_000 * 60 });
      const error: unknown = await ensureEventStream(fresh.jsm).catch((caught: unknown) => caught);
      expect(isSallyportError(error, 'ERR_EVENTS_STREAM_UNSAFE') && error.message).to.contain(
        'max_age is 3600000000000',
      );
      await fresh.stop();
    });

    it('is refused on a server that does not sync always', async () => {
      const response = await fetch(`${broker.server.monitorUrl()}/jsz`);
      const jsz = (await response.json()) as { config: object };
      requireSyncAlways(jsz);
      requireSyncAlways({ data: jsz });
      for (const wrong of [
        null,
        {},
        { config: { ...jsz.config, sync_always: false } },
        { config: { sync_interval: 1 } },
      ]) {
        expect(() => requireSyncAlways(wrong)).to.throw('sync_interval: always');
      }
    });
  });
});
