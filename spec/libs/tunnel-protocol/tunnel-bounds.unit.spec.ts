import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { CancelReason, ChannelFailure, TunnelClientOptions } from '#libs/tunnel-protocol';
import { LossyBroker } from './lossy-transport.ts';
import { answering, mute, streaming, TunnelPair, until } from './tunnel-pair.ts';

describe('tunnel at its bounds', () => {
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

  it('refuses at its caps: at the ingress by itself, at the connector for another one to serve', async () => {
    await pair.close();
    await start({ maxChannels: 2 });
    await pair.addConnector('c1', mute, { maxChannels: 1, acceptDelayMs: 5 });
    await pair.addConnector('c2', mute, { maxChannels: 1, acceptDelayMs: 5 });
    const ends: (string | undefined)[] = [];
    const handlers = { onHead: () => undefined, onFailure: ({ reason }: ChannelFailure) => ends.push(reason) };
    const held = [pair.open({}, handlers), pair.open({}, handlers)];
    await until(() => held.every(({ connectorId }) => connectorId !== undefined), 'both are held');
    const third = await pair.fetch();
    expect(third.failure).to.deep.include({
      reason: 'too-many-channels',
      retryClass: 'not-dispatched',
      mayRetry: true,
    });
    held[0]?.cancel();
    await until(() => pair.servers.some((server) => server.openChannels === 0), 'one is free');
    const fourth = pair.open({}, handlers);
    await until(() => fourth.connectorId !== undefined, 'the free one took it');
    expect(ends).to.deep.equal([]);
  });

  it('reports a head that cannot be sent, and sends nothing', async () => {
    const before = broker.published.length;
    const large = await pair.fetch({ head: { method: 'GET', target: '/', fields: ['x', 'y'.repeat(70_000)] } });
    const split = await pair.fetch({ head: { method: 'GET', target: '/', fields: ['x', 'a\r\nhost: evil'] } });
    expect([large.failure?.reason, split.failure?.reason]).to.deep.equal(['head-too-large', 'malformed']);
    expect(broker.published.length).to.equal(before);
  });

  it('turns a response head that would smuggle a line into a failure of the origin', async () => {
    const reasons: CancelReason[] = [];
    await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => exchange.respondHead(200, ['x', 'a\r\nset-cookie: evil=1']));
      return { onCancel: (reason) => reasons.push(reason) };
    });
    expect((await pair.fetch()).failure).to.deep.include({ reason: 'origin-invalid', retryClass: 'dispatched' });
  });

  it('charges a callback that throws to its own channel', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    const failure = await new Promise<ChannelFailure>((resolve) => {
      pair.open(
        {},
        {
          onHead: () => {
            throw new Error('bug in the caller');
          },
          onFailure: resolve,
        },
      );
    });
    expect(failure.reason).to.equal('internal');
    expect((await pair.fetch()).body.toString()).to.equal('ok');
  });

  it('sends a small response as one packet and acknowledges only when it takes long', async () => {
    await pair.addConnector('c1', answering(200, 'small'));
    const before = broker.published.length;
    await pair.fetch();
    const sent = broker.published.slice(before).map(({ subject }) => subject.split('.')[1]);
    expect(sent).to.deep.equal(['g', 'i']);
  });

  it('carries many small exchanges in few messages', async () => {
    await pair.close();
    // Those that a busy machine answers late would be sent again.
    await start({ acceptDeadlineMs: 10_000 });
    await pair.addConnector('c1', answering(200, 'small'));
    const before = broker.published.length;
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => pair.fetch()));
    expect(outcomes.map(({ body }) => body.toString())).to.deep.equal(outcomes.map(() => 'small'));
    const sent = broker.published.slice(before).map(({ subject }) => subject);
    // 200 heads, 16 in one message at most.
    expect(sent.filter((subject) => subject === 'tun.g.group-a.req').length).to.equal(13);
    expect(sent.filter((subject) => subject === 'tun.i.ingress-1.c1.b').length).to.be.lessThan(14);
  });

  it('lets the connectors of a group share a burst', async () => {
    await pair.close();
    await start({ acceptDeadlineMs: 10_000 });
    const servers = [await pair.addConnector('c1', mute), await pair.addConnector('c2', mute)];
    for (let count = 0; count < 48; count++) pair.open({}, { onHead: () => undefined, onFailure: () => undefined });
    await until(() => pair.client.openChannels === 48 && servers.every(({ openChannels }) => openChannels > 0), 'both');
    expect(servers.map(({ openChannels }) => openChannels)).to.have.members([16, 32]);
  });

  it('fails every request of a message that nobody took, and only those', async () => {
    const nobody = Array.from({ length: 40 }, () => pair.fetch({ group: 'nobody' }));
    await pair.addConnector('c1', answering(200, 'ok'));
    const somebody = Array.from({ length: 40 }, () => pair.fetch());
    const reasons = (await Promise.all(nobody)).map(({ failure }) => failure?.reason);
    expect(reasons).to.deep.equal(reasons.map(() => 'no-connector'));
    const bodies = (await Promise.all(somebody)).map(({ body }) => body.toString());
    expect(bodies).to.deep.equal(bodies.map(() => 'ok'));
  });

  it('holds little at the connector for very many readers that stopped', async function () {
    this.timeout(20_000);
    await pair.close();
    await start();
    const origin = streaming(10_000_000, () => Buffer.alloc(16_384), 16_384);
    const server = await pair.addConnector('c1', origin);
    const channels = Array.from({ length: 800 }, () => {
      const channel = pair.open(
        {},
        {
          onHead: () => channel.receiveBody({ onData: () => channel.pause(), onEnd: () => undefined }),
          onFailure: () => undefined,
        },
      );
      return channel;
    });
    await until(
      () => server.openChannels === 800 && channels.every(({ connectorId }) => connectorId !== undefined),
      'all',
    );
    await broker.settled();
    expect(server.queuedBytes).to.be.within(20 * 1024 * 1024, (32 + 800 / 32) * 1024 * 1024);
    for (const channel of channels) channel.cancel();
    await until(() => server.openChannels === 0, 'all are cancelled');
    expect([server.queuedBytes, server.committedBytes, pair.client.committedBytes]).to.deep.equal([0, 0, 0]);
  });

  it('never sends a packet above the limit', async () => {
    await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => {
        for (let count = 0; count < 4; count++) exchange.informational(103, ['link', 'x'.repeat(60_000)]);
        exchange.respondHead(200, ['x', 'y'.repeat(60_000)]);
        exchange.write(Buffer.alloc(500_000));
        exchange.end(['x-trailer', 'z'.repeat(60_000)]);
      });
      return { onCancel: () => undefined };
    });
    const outcome = await pair.fetch();
    expect(outcome.failure).to.equal(undefined);
    expect([outcome.informational.length, outcome.body.length, outcome.trailers.length]).to.deep.equal([4, 500_000, 2]);
    expect(Math.max(...broker.published.map(({ bytes }) => bytes))).to.be.at.most(128 * 1024);
  });
});
