import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { CancelReason, ChannelFailure, TunnelClientOptions } from '#libs/tunnel-protocol';
import { LossyBroker } from './lossy-transport.ts';
import { creditPacket, dataPacket, headPacket, openPacket, packet } from './packets.ts';
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
      const subject = `tun.i.ingress-1.c1.${channel.id}`;
      broker.inject(subject, headPacket(0, 200));
      for (let sequence = 1; sequence < 20; sequence++)
        broker.inject(subject, dataPacket(sequence, Buffer.alloc(60_000)));
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
    broker.inject(`tun.c.c1.ingress-1.${channel.id}`, dataPacket(1, Buffer.alloc(10)));
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
    const forged = `tun.i.ingress-1.evil.${channel.id}`;
    broker.inject(forged, dataPacket(1, Buffer.from('forged')));
    broker.inject(forged, headPacket(0, 200));
    broker.inject(forged, packet(0, [[0x99, 0, Buffer.alloc(3)]]));
    broker.inject(forged, Buffer.from('garbage'));
    await broker.settled();
    expect([received.length, failure, channel.isOpen]).to.deep.equal([0, undefined, true]);
    expect(pair.events.map(({ type }) => type)).to.include('intruder');
  });

  for (const [name, wrong] of [
    ['a second head', [headPacket(0, 200), headPacket(1, 200)]],
    ['data before the head', [dataPacket(0, Buffer.from('x'))]],
    ['an impossible credit', [creditPacket(0, 16 * 1024 * 1024), creditPacket(1, 1)]],
    ['an upgrade nobody asked for', [headPacket(0, 101, 0x02)]],
    ['an end before the head', [packet(0, [[0x06, 0, Buffer.alloc(0)]])]],
    ['an ingress frame', [openPacket('c1')]],
    ['endless informational responses', Array.from({ length: 20 }, (_, sequence) => headPacket(sequence, 103))],
  ] as const) {
    it(`treats ${name} from a connector as a violation of its channel alone`, async () => {
      await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
      const failure = await new Promise<ChannelFailure>((resolve) => {
        const channel = pair.open({}, { onHead: () => undefined, onFailure: resolve });
        for (const bytes of wrong) broker.inject(`tun.i.ingress-1.c1.${channel.id}`, bytes);
      });
      expect(failure.reason).to.equal('protocol-violation');
    });
  }

  it('aborts a channel on a malformed packet of its connector', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    const failure = await new Promise<ChannelFailure>((resolve) => {
      const channel = pair.open({}, { onHead: () => undefined, onFailure: resolve });
      broker.inject(`tun.i.ingress-1.c1.${channel.id}`, headPacket(0, 200));
      broker.inject(`tun.i.ingress-1.c1.${channel.id}`, Buffer.from([1, 0, 0, 0, 0, 0, 0, 1, 5]));
    });
    expect(failure).to.deep.include({ reason: 'malformed', text: 'frame-truncated' });
  });

  it('drops garbage in the queue of heads and goes on', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    broker.inject('tun.g.group-a.req', Buffer.from('not a packet'));
    broker.inject('tun.g.group-a.req', headPacket(0, 200));
    await broker.settled();
    expect(pair.events.filter(({ type }) => type === 'dropped-packet').length).to.equal(2);
    expect((await pair.fetch()).body.toString()).to.equal('ok');
  });
});
