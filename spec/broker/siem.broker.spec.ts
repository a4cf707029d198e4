import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { NatsConnection } from 'nats';
import { type RunningBroker, startBroker } from '../support/broker.ts';

describe('the SIEM reader', function siemSpecs() {
  this.timeout(30_000);
  let broker: RunningBroker;
  let audit: NatsConnection;
  let reader: NatsConnection;

  before(async () => {
    broker = await startBroker();
    audit = await broker.connectAs('audit', 'core');
    reader = await broker.connectAs('siem', 'siem');
  });
  after(() => broker?.stop());

  const consumer = () =>
    jetstream(reader, { apiPrefix: 'core.JS.API', checkAPI: false }).consumers.get('AUDIT', 'siem');
  const publish = (text: string) => jetstream(audit, { checkAPI: false }).publish('aud.default.access', text);

  it('reads every event once, in order, and its acknowledgments count', async () => {
    for (const text of ['one', 'two', 'three']) await publish(text);
    const read: string[] = [];
    for await (const message of await (await consumer()).fetch({ max_messages: 3, expires: 5_000 })) {
      read.push(message.string());
      await message.ackAck();
    }
    expect(read).to.deep.equal(['one', 'two', 'three']);
    const jsm = await jetstreamManager(await broker.connectAs('provisioner', 'core'));
    const info = await jsm.consumers.info('AUDIT', 'siem');
    expect({ acknowledged: info.ack_floor.stream_seq, left: info.num_pending }).to.deep.equal({
      acknowledged: 3,
      left: 0,
    });
  });

  it('cannot make the server deliver into CORE by the reply subject of a pull', async () => {
    await publish('for the reader only');
    const target = '_INBOX_audit.forged';
    const leaked: string[] = [];
    audit.subscribe(target, { callback: (_error, message) => void leaked.push(message.string()) });
    await audit.flush();
    reader.publish('core.JS.API.CONSUMER.MSG.NEXT.AUDIT.siem', '1', { reply: target });
    await reader.flush();
    // The event was handed out, so the pull was worked on: the next one finds nothing left.
    const info = await (await consumer()).info();
    expect(info.num_ack_pending).to.equal(1);
    await audit.flush();
    expect(leaked).to.deep.equal([]);
  });

  const unreachable = [
    '$JS.API.STREAM.INFO.AUDIT',
    'core.JS.API.STREAM.INFO.AUDIT',
    'core.JS.API.STREAM.PURGE.AUDIT',
    'core.JS.API.CONSUMER.DELETE.AUDIT.siem',
    'core.JS.API.CONSUMER.MSG.NEXT.EVENTS.siem',
    'core.JS.API.DIRECT.GET.EVENTS',
    'aud.default.forged',
    'evt.default.routing.app.forged',
  ];
  for (const subject of unreachable) {
    it(`gets no answer from ${subject}`, async () => {
      const outcome = await reader.request(subject, '', { timeout: 2_000 }).then(
        (message) => `answered ${message.string()}`,
        () => 'refused',
      );
      expect(outcome).to.equal('refused');
    });
  }

  it('leaves the trail as it is', async () => {
    const jsm = await jetstreamManager(await broker.connectAs('provisioner', 'core'));
    expect((await jsm.streams.info('AUDIT')).state.messages).to.equal(4);
    expect((await jsm.streams.info('EVENTS')).state.messages).to.equal(0);
  });
});
