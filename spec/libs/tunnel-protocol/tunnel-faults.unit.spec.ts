import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { CancelReason, ChannelFailure, ServerExchange, TunnelClientOptions } from '#libs/tunnel-protocol';
import { type Fault, LossyBroker } from './lossy-transport.ts';
import { creditPacket, dataPacket, headPacket, openPacket, packet } from './packets.ts';
import { answering, echoing, head, mute, streaming, TunnelPair, until } from './tunnel-pair.ts';

const filled = (index: number, bytes: number): Buffer => Buffer.alloc(bytes, index & 0xff);
const isUp = (subject: string): boolean => subject.startsWith('tun.i.');
const isDown = (subject: string): boolean => subject.startsWith('tun.c.');

describe('tunnel under faults', () => {
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

  /** Apply `fault` to message number `nth` (from 0) of those that `which` selects. */
  function faultAt(nth: number, which: (subject: string) => boolean, fault: Fault): void {
    let seen = 0;
    broker.plan = (subject) => (which(subject) && seen++ === nth ? fault : 'deliver');
  }

  for (const [name, fault] of [
    ['lost', 'drop'],
    ['repeated', 'duplicate'],
    ['overtaken', { delayBy: 2 }],
  ] as const) {
    it(`aborts a download with a gap when a packet was ${name}, and the connector stops sending`, async () => {
      const cancelled: CancelReason[] = [];
      const origin = streaming(4_000_000, filled);
      const server = await pair.addConnector('c1', (exchange) => ({
        ...origin(exchange),
        onCancel: (reason) => cancelled.push(reason),
      }));
      faultAt(3, isUp, fault);
      const { failure } = await pair.fetch();
      expect(failure).to.deep.include({ reason: 'gap', retryClass: 'response-begun', mayRetry: false });
      await until(() => server.openChannels === 0, 'the exchange ended');
      expect(cancelled).to.deep.equal(['gap']);
      expect(pair.client.committedBytes).to.equal(0);
    });

    it(`aborts an upload with a gap when a packet was ${name}`, async () => {
      const reasons: string[] = [];
      const server = await pair.addConnector('c1', (exchange) => {
        exchange.receiveBody({
          onData: () => undefined,
          onEnd: () => undefined,
          onAbort: (reason) => reasons.push(reason),
        });
        return { onCancel: () => undefined };
      });
      faultAt(2, isDown, fault);
      const { failure } = await pair.fetch({ head: head('POST'), hasBody: true }, { body: filled(1, 1_000_000) });
      expect(failure).to.deep.include({ reason: 'gap', retryClass: 'dispatched', mayRetry: false });
      expect(reasons).to.deep.equal(['gap']);
      expect([server.openChannels, server.committedBytes, pair.client.committedBytes]).to.deep.equal([0, 0, 0]);
    });
  }

  it('dispatches again when the head was lost', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    faultAt(0, (subject) => subject.startsWith('tun.g.'), 'drop');
    const { body, channel } = await pair.fetch({ head: head('POST') });
    expect(body.toString()).to.equal('ok');
    expect(channel.dispatches).to.equal(2);
  });

  it('lets only one of two connectors answer when the head was doubled, and ends the other', async () => {
    const cancelled: CancelReason[] = [];
    for (const id of ['c1', 'c2']) {
      await pair.addConnector(id, (exchange) => {
        exchange.onceConfirmed(() => exchange.respondHead(200, ['x-from', id]));
        return { onCancel: (reason) => cancelled.push(reason) };
      });
    }
    faultAt(0, (subject) => subject.startsWith('tun.g.'), 'duplicate');
    let answered = 0;
    const channel = pair.open({}, { onHead: () => answered++, onFailure: () => undefined });
    await until(() => cancelled.length > 0, 'the second was cancelled');
    expect([answered, cancelled]).to.deep.equal([1, ['not-needed']]);
    expect(channel.isOpen).to.equal(true);
    expect(pair.events.map(({ type }) => type)).to.include('intruder');
  });

  it('never runs a non-idempotent request at a connector whose acknowledgment came too late', async () => {
    let ran = 0;
    const exchanges: ServerExchange[] = [];
    const take = (exchange: ServerExchange) => {
      exchanges.push(exchange);
      return { onCancel: () => undefined };
    };
    await pair.addConnector('c1', take, { acceptDelayMs: 60_000 });
    const outcome = pair.fetch({ head: head('POST') });
    await until(() => exchanges.length === 2, 'the request was dispatched again');
    // The first wakes up late, asks for confirmation and must not get it.
    for (const exchange of exchanges) {
      exchange.onceConfirmed(() => {
        ran++;
        exchange.respondHead(200, [], { hasBody: false });
      });
    }
    expect((await outcome).head?.status).to.equal(200);
    await broker.settled();
    expect(ran).to.equal(1);
    expect(pair.events.map(({ type }) => type)).to.include('late-answer');
  });

  it('serves elsewhere what a connector refuses after it had acknowledged it', async () => {
    const taken: string[] = [];
    let refuse: (() => void) | undefined;
    const reluctant = (exchange: ServerExchange) => {
      refuse = () => exchange.refuse('draining');
      return { onCancel: () => undefined };
    };
    await pair.addConnector('c1', reluctant, { acceptDelayMs: 5 });
    let isOver = false;
    const channel = pair.open(
      { head: head('POST') },
      { onHead: () => undefined, onFailure: ({ reason }) => taken.push(reason) },
    );
    channel.receiveBody({
      onData: (chunk) => taken.push(Buffer.from(chunk).toString()),
      onEnd: () => {
        isOver = true;
      },
    });
    await until(() => channel.connectorId === 'c1', 'c1 acknowledged it');
    // c1 takes part no more, so that the next dispatch meets c2.
    void pair.servers[0]?.drain();
    await pair.addConnector('c2', answering(200, 'from c2'));
    refuse?.();
    await until(() => isOver || taken.length > 0, 'c2 answered');
    await until(() => isOver, 'the answer ended');
    expect(taken).to.deep.equal(['from c2']);
    expect(pair.client.committedBytes).to.equal(0);
  });

  it('gives up after three silent dispatches and says whether the request may have run', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    const [get, post] = await Promise.all([pair.fetch(), pair.fetch({ head: head('POST') })]);
    expect(get.failure).to.deep.include({
      reason: 'accept-timeout',
      retryClass: 'dispatched',
      mayRetry: true,
      dispatches: 3,
    });
    expect(post.failure).to.deep.include({ reason: 'accept-timeout', retryClass: 'not-dispatched', mayRetry: true });
  });

  it('waits with the accept deadline while the link to the server is down', async () => {
    broker.isConnected = false;
    broker.plan = () => 'drop';
    let isOver = false;
    const outcome = pair.fetch().finally(() => {
      isOver = true;
    });
    const startedAt = Date.now();
    await until(() => Date.now() - startedAt > 150, 'more than the deadline has passed');
    expect(isOver).to.equal(false);
    broker.plan = () => 'deliver';
    broker.isConnected = true;
    await pair.addConnector('c1', answering(200, 'ok'));
    expect((await outcome).body.toString()).to.equal('ok');
  });

  it('finds out by a probe that the last packet of a response was lost', async () => {
    await pair.close();
    await start({ probeAfterMs: 50, probeTimeoutMs: 1_000 });
    await pair.addConnector('c1', streaming(40_000, filled));
    faultAt(1, isUp, 'drop');
    const { failure } = await pair.fetch();
    expect(failure?.reason).to.equal('connector-lost');
  });

  it('ends a channel whose connector is gone without a word, and keeps one that is merely quiet', async () => {
    await pair.close();
    await start({ probeAfterMs: 40, probeTimeoutMs: 80 });
    const server = await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => exchange.respondHead(200, []));
      return { onCancel: () => undefined };
    });
    let failure: ChannelFailure | undefined;
    pair.open(
      {},
      {
        onHead: () => undefined,
        onFailure: (received) => {
          failure = received;
        },
      },
    );
    await until(() => server.openChannels === 1, 'it runs');
    const before = broker.published.length;
    await until(() => broker.published.length >= before + 6, 'three probes were answered');
    expect(failure).to.equal(undefined);
    broker.plan = (subject) => (isUp(subject) ? 'drop' : 'deliver');
    await until(() => failure !== undefined, 'the silence was noticed');
    expect(failure).to.deep.include({ reason: 'peer-silent', retryClass: 'response-begun' });
  });

  it('frees the connector when its ingress is gone without a word', async () => {
    const cancelled: CancelReason[] = [];
    const server = await pair.addConnector(
      'c1',
      (exchange) => {
        exchange.onceConfirmed(() => exchange.respondHead(200, []));
        return { onCancel: (reason) => cancelled.push(reason) };
      },
      { probeAfterMs: 40, probeTimeoutMs: 60 },
    );
    pair.open({}, { onHead: () => undefined, onFailure: () => undefined });
    await until(() => server.openChannels === 1, 'it runs');
    broker.plan = () => 'drop';
    await until(() => server.openChannels === 0, 'the connector gave up');
    expect(cancelled).to.deep.equal(['peer-silent']);
  });

  it('aborts the channels of a lost connector only', async () => {
    for (const id of ['c1', 'c2']) {
      await pair.addConnector(id, (exchange) => {
        exchange.onceConfirmed(() => exchange.respondHead(200, ['x-from', id]));
        return { onCancel: () => undefined };
      });
    }
    const failures: ChannelFailure[] = [];
    let answered = 0;
    for (let count = 0; count < 4; count++) {
      pair.open({}, { onHead: () => answered++, onFailure: (failure) => failures.push(failure) });
    }
    await until(() => answered === 4, 'all run');
    expect(pair.client.connectorLost('c1')).to.equal(2);
    expect(failures.map(({ reason, connectorId }) => [reason, connectorId])).to.deep.equal([
      ['connector-lost', 'c1'],
      ['connector-lost', 'c1'],
    ]);
    expect(pair.client.openChannels).to.equal(2);
  });

  it('asks a restarted connector which channels it still has', async () => {
    await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => exchange.respondHead(200, []));
      return { onCancel: () => undefined };
    });
    let failure: ChannelFailure | undefined;
    let isAnswered = false;
    pair.open(
      {},
      {
        onHead: () => {
          isAnswered = true;
        },
        onFailure: (received) => {
          failure = received;
        },
      },
    );
    await until(() => isAnswered, 'it runs');
    broker.plan = () => 'drop';
    await pair.servers[0]?.stop();
    broker.plan = () => 'deliver';
    await pair.addConnector('c1', mute);
    pair.client.connectorRestarted('c1');
    await until(() => failure !== undefined, 'the channel turned out to be gone');
    expect(failure).to.deep.include({ reason: 'connector-lost', retryClass: 'response-begun' });
  });

  it('ends a request whose origin stays silent at the backend timeout', async () => {
    const cancelled: CancelReason[] = [];
    await pair.addConnector('c1', () => ({ onCancel: (reason) => cancelled.push(reason) }), { acceptDelayMs: 10 });
    const { failure } = await pair.fetch({ headTimeoutMs: 100 });
    expect(failure).to.deep.include({ reason: 'origin-timeout', retryClass: 'dispatched', connectorId: 'c1' });
    await until(() => cancelled.length > 0, 'the connector was told');
    expect(cancelled).to.deep.equal(['origin-timeout']);
  });

  it('does not count the time a slow user takes for the body against the origin', async () => {
    await pair.addConnector('c1', echoing);
    const result = new Promise<ChannelFailure | 'ended'>((resolve) => {
      const channel = pair.open(
        { head: head('POST'), hasBody: true, headTimeoutMs: 60 },
        {
          onHead: () => channel.receiveBody({ onData: () => undefined, onEnd: () => resolve('ended') }),
          onFailure: resolve,
          onBodyWanted: () => setTimeout(() => channel.end(), 200),
        },
      );
    });
    expect(await result).to.equal('ended');
  });

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
