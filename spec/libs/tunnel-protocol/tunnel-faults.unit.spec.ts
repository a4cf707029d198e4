// long because it is one list: every fault of the link and of either process, on the same pair
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { CancelReason, ChannelFailure, ServerExchange, TunnelClientOptions } from '#libs/tunnel-protocol';
import { type Fault, isDown, isUp, LossyBroker } from './lossy-transport.ts';
import { answering, echoing, head, mute, streaming, TunnelPair, until } from './tunnel-pair.ts';

const filled = (index: number, bytes: number): Buffer => Buffer.alloc(bytes, index & 0xff);

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
    await pair.addConnector('c1', streaming(65_300, filled));
    faultAt(2, isUp, 'drop');
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
      await broker.settled();
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
        { head: head('POST'), hasBody: true, headTimeoutMs: 200 },
        {
          onHead: () => channel.receiveBody({ onData: () => undefined, onEnd: () => resolve('ended') }),
          onFailure: resolve,
          onBodyWanted: () => setTimeout(() => channel.end(), 400),
        },
      );
    });
    expect(await result).to.equal('ended');
  });
});
