import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { OnRequest, TunnelClientOptions } from '#libs/tunnel-protocol';
import { HeldHeads } from '../../../libs/tunnel-protocol/src/held-heads.ts';
import { LossyBroker } from './lossy-transport.ts';
import { answering, head, type Outcome, TunnelPair, until } from './tunnel-pair.ts';

describe('tunnel without a link to the hub', () => {
  let broker: LossyBroker;
  let pair: TunnelPair;
  /** Until the link was lost once. */
  let isFirst = true;

  const start = async (options: Partial<TunnelClientOptions> = {}): Promise<void> => {
    broker = new LossyBroker();
    pair = await TunnelPair.create(
      { transport: async () => broker.transport(), close: async () => undefined },
      { acceptDeadlineMs: 60, holdMs: 400, returnGraceMs: 300, ...options },
    );
  };
  const cut = (): void => {
    broker.isConnected = false;
    broker.plan = () => 'drop';
  };
  const mend = (): void => {
    broker.isConnected = true;
    broker.plan = () => 'deliver';
  };
  beforeEach(() => start());
  afterEach(() => pair.close());

  it('holds requests and sends them when the link is back, each once', async () => {
    const seen: string[] = [];
    await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => {
        seen.push(exchange.head.method);
        exchange.respondHead(200, [], { hasBody: false });
      });
      return { onCancel: () => undefined };
    });
    cut();
    const methods = ['GET', 'POST', 'PUT', 'DELETE'];
    const outcomes = methods.map((method) => pair.fetch({ head: head(method) }));
    await until(() => pair.client.heldRequests === 4, 'all are held');
    const before = broker.published.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(broker.published.slice(before).filter(({ subject }) => subject.startsWith('tun.g')).length).to.equal(0);
    mend();
    const statuses = (await Promise.all(outcomes)).map((outcome) => [outcome.head?.status, outcome.channel.dispatches]);
    expect(statuses).to.deep.equal(methods.map(() => [200, 1]));
    expect(seen).to.have.members(methods);
    expect(pair.client.heldRequests).to.equal(0);
  });

  it('sends again what nobody took because connectors return later than the ingress', async () => {
    cut();
    const held = pair.fetch();
    await until(() => pair.client.heldRequests === 1, 'it is held');
    mend();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const startedAt = performance.now();
    await pair.addConnector('c1', answering(200, 'ok'));
    const outcome = await held;
    expect(outcome.body.toString()).to.equal('ok');
    expect(outcome.channel.dispatches).to.equal(1);
    expect(performance.now() - startedAt).to.be.lessThan(290);
  });

  it('sends again what was on its way when the link was lost', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    broker.plan = () => 'drop';
    const lost = pair.fetch({ head: head('POST') });
    await broker.settled();
    cut();
    await until(() => pair.client.openChannels === 1, 'it is open');
    await new Promise((resolve) => setTimeout(resolve, 30));
    mend();
    expect((await lost).body.toString()).to.equal('ok');
  });

  it('does not send again what was answered while this process stood still', async () => {
    const responses: (() => void)[] = [];
    const keep: OnRequest = (exchange) => {
      responses.push(() => exchange.respondHead(200, [], { hasBody: false }));
      return { onCancel: () => undefined };
    };
    await pair.addConnector('c1', keep, { acceptDelayMs: 5_000 });
    const asked = pair.fetch();
    await until(() => responses.length === 1, 'it has arrived');
    for (const respond of responses) respond();
    const until400Ms = performance.now() + 400;
    while (performance.now() < until400Ms);
    expect((await asked).channel.dispatches).to.equal(1);
    expect(responses.length).to.equal(1);
  });

  for (const [what, number, dispatches] of [
    ['does not send again what was on its way when the link was only silent', () => 1, 1],
    ['sends it again on a link that is another', () => (broker.isConnected && !isFirst ? 2 : 1), 2],
  ] as const) {
    it(what, async () => {
      await pair.close();
      broker = new LossyBroker();
      isFirst = true;
      pair = await TunnelPair.create(
        { transport: async () => ({ ...broker.transport(), linkNumber: number }), close: async () => undefined },
        { acceptDeadlineMs: 5_000, holdMs: 4_000, returnGraceMs: 300 },
      );
      const responses: (() => void)[] = [];
      const keep: OnRequest = (exchange) => {
        responses.push(() => exchange.respondHead(200, [], { hasBody: false }));
        return { onCancel: () => undefined };
      };
      await pair.addConnector('c1', keep, { acceptDelayMs: 5_000 });
      const late = pair.fetch();
      await until(() => responses.length === 1, 'it has arrived');
      broker.isConnected = false;
      isFirst = false;
      const held = pair.fetch();
      await until(() => pair.client.heldRequests === 1, 'the link counts as down');
      broker.isConnected = true;
      await until(() => responses.length === dispatches + 1, 'the held one has arrived, and what was sent again');
      for (const respond of responses) respond();
      const outcomes = await Promise.all([late, held]);
      expect(outcomes.map(({ head: answer, channel }) => [answer?.status, channel.dispatches])).to.deep.equal([
        [200, dispatches],
        [200, 1],
      ]);
    });
  }

  it('gives up when the link stays away, as not dispatched, and refuses further ones at once', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    cut();
    const startedAt = performance.now();
    const first = await pair.fetch({ head: head('POST') });
    const waitedMs = performance.now() - startedAt;
    expect(first.failure).to.deep.include({ reason: 'no-connector', retryClass: 'not-dispatched', mayRetry: true });
    expect(waitedMs).to.be.within(380, 700);
    const again = performance.now();
    expect((await pair.fetch()).failure?.reason).to.equal('no-connector');
    expect(performance.now() - again).to.be.lessThan(150);
    expect(pair.client.heldRequests).to.equal(0);
  });

  it('says that nobody serves the group when the time for returning is over', async () => {
    cut();
    const held = pair.fetch();
    await until(() => pair.client.heldRequests === 1, 'it is held');
    mend();
    expect((await held).failure?.reason).to.equal('no-connector');
    await new Promise((resolve) => setTimeout(resolve, 350));
    const startedAt = performance.now();
    expect((await pair.fetch()).failure?.reason).to.equal('no-connector');
    expect(performance.now() - startedAt).to.be.lessThan(100);
  });

  it('lets go of a held request whose user has gone', async () => {
    cut();
    const channel = pair.open({}, { onHead: () => undefined, onFailure: () => undefined });
    await until(() => pair.client.heldRequests === 1, 'it is held');
    channel.cancel();
    expect([pair.client.heldRequests, pair.client.openChannels]).to.deep.equal([0, 0]);
  });

  it('holds 2,000 requests and no more', async function () {
    this.timeout(20_000);
    await pair.close();
    await start({ holdMs: 10_000, returnGraceMs: 5_000, acceptDeadlineMs: 5_000 });
    await pair.addConnector('c1', answering(200, 'ok'));
    cut();
    const outcomes: Promise<Outcome>[] = Array.from({ length: 2_010 }, () => pair.fetch());
    await until(() => pair.client.openChannels === 2_000, 'the others have failed');
    expect(pair.client.heldRequests).to.equal(2_000);
    mend();
    const reasons = (await Promise.all(outcomes)).map(({ failure }) => failure?.reason);
    expect(reasons.filter((reason) => reason === 'no-connector').length).to.equal(10);
    expect(reasons.filter((reason) => reason === undefined).length).to.equal(2_000);
  });

  it('asks a running channel whether something got lost, once its connector is heard of again', async () => {
    await pair.close();
    await start({ probeAfterMs: 60_000 });
    const server = await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => exchange.respondHead(200, []));
      return { onCancel: () => undefined };
    });
    const ends: string[] = [];
    const open = (name: string): Promise<void> =>
      new Promise((resolve) => {
        pair.open({}, { onHead: () => resolve(), onFailure: ({ reason }) => ends.push(`${name} ${reason}`) });
      });
    await Promise.all([open('quiet'), open('lossy')]);
    cut();
    await new Promise((resolve) => setTimeout(resolve, 50));
    mend();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = broker.published.length;
    pair.client.connectorSeen('c1');
    pair.client.connectorSeen('c1');
    await broker.settled();
    await broker.settled();
    // One message of two probes, one of two answers: nothing was lost, so both go on.
    expect(broker.published.slice(before).map(({ subject }) => subject)).to.deep.equal([
      'tun.c.c1.ingress-1.b',
      'tun.i.ingress-1.c1.b',
    ]);
    expect([ends, server.openChannels]).to.deep.equal([[], 2]);
  });
});

describe('held heads', () => {
  it('bound the bytes of what waits', () => {
    const held = new HeldHeads();
    expect(held.take(16 * 1024 * 1024 - 10)).to.equal(true);
    expect([held.take(11), held.take(10), held.take(1)]).to.deep.equal([false, true, false]);
    held.release(10);
    expect(held.take(5)).to.equal(true);
  });

  it('may wait for ten seconds after the loss, and three after the return at least', () => {
    const held = new HeldHeads();
    expect(held.mayWait(0)).to.equal(false);
    expect([held.setLink(false, 1_000), held.setLink(false, 5_000)]).to.deep.equal([true, false]);
    expect([held.mayWait(10_999), held.mayWait(11_000)]).to.deep.equal([true, false]);
    held.setLink(true, 2_000);
    expect([held.mayWait(10_999), held.mayWait(11_000)]).to.deep.equal([true, false]);
    held.setLink(false, 20_000);
    held.setLink(true, 29_000);
    expect([held.mayWait(31_999), held.mayWait(32_000)]).to.deep.equal([true, false]);
  });
});
