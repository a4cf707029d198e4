import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { CancelReason, ChannelFailure, TunnelClientOptions } from '#libs/tunnel-protocol';
import { LossyBroker } from './lossy-transport.ts';
import { bundle, creditPacket, dataPacket, headPacket, openPacket, packet } from './packets.ts';

const FROM_C1 = 'tun.i.ingress-1.c1.b';

import { answering, head, mute, TunnelPair, until } from './tunnel-pair.ts';

describe('tunnel and a peer that breaks the rules', () => {
  let broker: LossyBroker;
  let pair: TunnelPair;

  const start = async (options: Partial<TunnelClientOptions> = {}): Promise<void> => {
    pair = await TunnelPair.create(
      { transport: async () => broker.transport(), close: async () => undefined },
      options,
    );
  };

  beforeEach(async () => {
    broker = new LossyBroker();
    await start({ acceptDeadlineMs: 60 });
  });
  afterEach(() => pair.close());

  it('cancels a connector that sends beyond its credit, and keeps none of it', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    const failure = await new Promise<ChannelFailure>((resolve) => {
      const channel = pair.open({}, { onHead: () => undefined, onFailure: resolve });
      broker.inject(FROM_C1, bundle([headPacket(0, 200, 0, channel.id)]));
      for (let sequence = 1; sequence < 20; sequence++)
        broker.inject(FROM_C1, bundle([dataPacket(sequence, Buffer.alloc(60_000), channel.id)]));
    });
    expect(failure.reason).to.equal('protocol-violation');
    expect(pair.client.committedBytes).to.equal(0);
    const aborts = pair.events.flatMap((event) =>
      event.type === 'channel-aborted' ? [[event.reason, event.peerId]] : [],
    );
    expect(aborts).to.deep.equal([['protocol-violation', 'c1']]);
  });

  it('cancels an ingress that sends beyond its credit', async () => {
    const reasons: CancelReason[] = [];
    const server = await pair.addConnector('c1', () => ({ onCancel: (reason) => reasons.push(reason) }), {
      acceptDelayMs: 5,
    });
    const channel = pair.open(
      { head: head('POST'), hasBody: true },
      { onHead: () => undefined, onFailure: () => undefined },
    );
    await until(() => channel.connectorId === 'c1', 'it is accepted');
    broker.inject('tun.c.c1.ingress-1.b', bundle([dataPacket(1, Buffer.alloc(10), channel.id)]));
    await until(() => reasons.length > 0, 'the exchange ended');
    expect(reasons).to.deep.equal(['protocol-violation']);
    expect(server.committedBytes).to.equal(0);
  });

  it('does not listen to a connector on a channel that another has', async () => {
    await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => exchange.respondHead(200, []));
      return { onCancel: () => undefined };
    });
    const received: Uint8Array[] = [];
    let failure: ChannelFailure | undefined;
    let isAnswered = false;
    const channel = pair.open(
      {},
      {
        onHead: () => {
          isAnswered = true;
          channel.receiveBody({ onData: (chunk) => received.push(chunk), onEnd: () => undefined });
        },
        onFailure: (reported) => {
          failure = reported;
        },
      },
    );
    await until(() => isAnswered, 'c1 answered');
    const forged = 'tun.i.ingress-1.evil.b';
    const { id } = channel;
    broker.inject(forged, bundle([dataPacket(1, Buffer.from('forged'), id)]));
    broker.inject(forged, bundle([headPacket(0, 200, 0, id)]));
    broker.inject(forged, bundle([packet(0, [[0x99, 0, Buffer.alloc(3)]], { channel: id })]));
    broker.inject(forged, bundle([packet(1, [[0x08, 0, Buffer.alloc(3)]], { channel: id, flags: 1 })]));
    broker.inject(forged, Buffer.from('garbage'));
    await broker.settled();
    expect([received.length, failure, channel.isOpen]).to.deep.equal([0, undefined, true]);
    expect(pair.events.map(({ type }) => type)).to.include('intruder');
  });

  for (const [name, wrong] of [
    ['a second head', (id: string) => [headPacket(0, 200, 0, id), headPacket(1, 200, 0, id)]],
    ['data before the head', (id: string) => [dataPacket(0, Buffer.from('x'), id)]],
    ['an impossible credit', (id: string) => [creditPacket(0, 16 * 1024 * 1024, id), creditPacket(1, 1, id)]],
    ['an upgrade nobody asked for', (id: string) => [headPacket(0, 101, 0x02, id)]],
    ['an end before the head', (id: string) => [packet(0, [[0x06, 0, Buffer.alloc(0)]], { channel: id })]],
    ['an ingress frame', (id: string) => [openPacket(id)]],
    [
      'endless informational responses',
      (id: string) => Array.from({ length: 20 }, (_, sequence) => headPacket(sequence, 103, 0, id)),
    ],
  ] as const) {
    it(`treats ${name} from a connector as a violation of its channel alone`, async () => {
      await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
      const failure = await new Promise<ChannelFailure>((resolve) => {
        const channel = pair.open({}, { onHead: () => undefined, onFailure: resolve });
        broker.inject(FROM_C1, bundle(wrong(channel.id)));
      });
      expect(failure.reason).to.equal('protocol-violation');
    });
  }

  it('aborts a channel on a malformed packet of its connector', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    const failure = await new Promise<ChannelFailure>((resolve) => {
      const channel = pair.open({}, { onHead: () => undefined, onFailure: resolve });
      broker.inject(FROM_C1, bundle([headPacket(0, 200, 0, channel.id)]));
      const cut = dataPacket(1, Buffer.alloc(0), channel.id);
      cut.writeUInt32BE(10, 20);
      broker.inject(FROM_C1, bundle([cut]));
    });
    expect(failure).to.deep.include({ reason: 'malformed', text: 'frame-truncated' });
  });

  it('ends only the channel of a malformed packet, not those it shares a message with', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    const ends: string[] = [];
    const opened = ['a', 'b', 'c'].map((name) =>
      pair.open(
        {},
        { onHead: () => ends.push(`${name} head`), onFailure: ({ reason }) => ends.push(`${name} ${reason}`) },
      ),
    );
    await broker.settled();
    const [a = '', b = '', c = ''] = opened.map(({ id }) => id);
    const bad = packet(1, [[0x7f, 0, Buffer.alloc(0)]], { channel: b });
    const heads = [headPacket(0, 200, 0, a), headPacket(0, 200, 0, b)];
    broker.inject(FROM_C1, bundle([...heads, bad, headPacket(0, 200, 0, c), Buffer.from('broken')]));
    await broker.settled();
    expect(ends).to.deep.equal(['a head', 'b head', 'b malformed', 'c head']);
    expect(pair.events.filter((event) => event.type === 'dropped-packet')).to.deep.equal([
      { type: 'dropped-packet', reason: 'packet-truncated' },
    ]);
    expect(opened.map(({ isOpen }) => isOpen)).to.deep.equal([true, false, true]);
  });

  it('drops and counts a flood of packets for channels that nobody has', async () => {
    const server = await pair.addConnector('c1', answering(200, 'ok'));
    const flood = Array.from({ length: 1_000 }, (_, index) => {
      const channel = index.toString(16).padStart(20, '0');
      return index % 2 === 0 ? dataPacket(7, Buffer.alloc(10), channel) : creditPacket(3, 100, channel);
    });
    broker.inject('tun.i.ingress-1.evil.b', bundle(flood));
    broker.inject('tun.c.c1.ingress-1.b', bundle(flood));
    broker.inject('tun.i.ingress-1.evil.x', bundle(flood));
    await broker.settled();
    const dropped = pair.events.flatMap((event) => (event.type === 'dropped-packet' ? [event.reason] : []));
    expect(dropped.filter((reason) => reason === 'unknown-channel').length).to.equal(2_000);
    expect(dropped.filter((reason) => reason === 'unknown-subject').length).to.equal(1);
    expect([server.openChannels, pair.client.openChannels, pair.client.committedBytes]).to.deep.equal([0, 0, 0]);
    expect(broker.published.every(({ subject }) => subject.startsWith('prs.'))).to.equal(true);
  });

  it('drops garbage in the queue of heads and goes on', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    broker.inject('tun.g.group-a.req', Buffer.from('not a packet'));
    broker.inject('tun.g.group-a.req', bundle([headPacket(0, 200)], { ingressId: 'ingress-1' }));
    broker.inject('tun.g.group-a.req', bundle([openPacket()]));
    broker.inject('tun.g.group-a.req', bundle([openPacket()], { ingressId: 'a.b' }));
    await broker.settled();
    expect(pair.events.filter(({ type }) => type === 'dropped-packet').length).to.equal(4);
    expect(pair.servers[0]?.openChannels).to.equal(0);
    expect((await pair.fetch()).body.toString()).to.equal('ok');
  });
});
