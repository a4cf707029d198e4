import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  ConnectorSelector,
  heartbeatConnectorId,
  parseHeartbeat,
  type TunnelClientOptions,
} from '#libs/tunnel-protocol';
import { LossyBroker } from './lossy-transport.ts';
import { answering, echoing, head, mute, type Outcome, TunnelPair, until } from './tunnel-pair.ts';

describe('tunnel with a choice of connectors', () => {
  let broker: LossyBroker;
  let pair: TunnelPair;
  let selector: ConnectorSelector;

  const start = async (options: Partial<TunnelClientOptions> = {}): Promise<void> => {
    broker = new LossyBroker();
    selector = new ConnectorSelector({ random: () => 0 });
    pair = await TunnelPair.create(
      { transport: async () => broker.transport(), close: async () => undefined },
      { acceptDeadlineMs: 100, ...options, selector },
    );
    broker.transport().subscribe('prs.c.*', {}, (subject, bytes) => {
      const connectorId = heartbeatConnectorId(subject);
      const heartbeat = parseHeartbeat(bytes);
      if (connectorId !== undefined && heartbeat !== undefined)
        selector.observe(connectorId, heartbeat, performance.now());
    });
  };
  beforeEach(() => start());
  afterEach(() => pair.close());

  const heads = (): string[] =>
    broker.published.map(({ subject }) => subject).filter((subject) => /^tun\.[gc]/.test(subject));
  /** By the queue, which draws in turn here, until each has proved itself. */
  const meet = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) await pair.fetch();
    broker.published.length = 0;
  };
  const fetchSome = async (count: number, request = {}): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (let index = 0; index < count; index++) outcomes.push(await pair.fetch(request));
    return outcomes;
  };

  it('sends heads to a connector that has proved itself, in its own messages', async () => {
    await pair.addConnector('c1', answering(200, 'ok'));
    await broker.settled();
    await meet(1);
    const [outcome] = await fetchSome(1);
    expect(outcome?.body.toString()).to.equal('ok');
    expect(heads()).to.deep.equal(['tun.c.c1.ingress-1.b']);
  });

  it('serves posts and bodies the same way', async () => {
    await pair.addConnector('c1', echoing);
    await broker.settled();
    await meet(1);
    const body = Buffer.alloc(300_000, 7);
    const outcome = await pair.fetch({ head: head('POST') }, { body });
    expect(outcome.body.equals(body)).to.equal(true);
    expect(heads().some((subject) => subject.startsWith('tun.g'))).to.equal(false);
  });

  it('tries a connector that refuses no more for that request', async () => {
    let refusals = 0;
    await pair.addConnector('c1', (exchange) => {
      refusals++;
      exchange.refuse('capacity');
      return { onCancel: () => undefined };
    });
    await pair.addConnector('c2', answering(200, 'from c2'));
    await broker.settled();
    for (const id of ['c1', 'c2']) selector.proved('group-a', id, performance.now());
    const outcomes = await fetchSome(10, { affinityKey: 'k' });
    expect(outcomes.map(({ body }) => body.toString())).to.deep.equal(outcomes.map(() => 'from c2'));
    expect(outcomes.every(({ channel }) => channel.dispatches <= 2)).to.equal(true);
    expect(refusals).to.be.lessThan(11);
  });

  it('goes elsewhere when the chosen connector does not accept in time', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    await pair.addConnector('c2', answering(200, 'from c2'));
    await broker.settled();
    for (const id of ['c1', 'c2']) selector.proved('group-a', id, performance.now());
    selector.began('c2');
    const [outcome] = await fetchSome(1);
    expect(outcome?.body.toString()).to.equal('from c2');
    expect(outcome?.channel.dispatches).to.equal(2);
    expect(heads()).to.deep.equal(['tun.c.c1.ingress-1.b', 'tun.c.c2.ingress-1.b']);
  });

  it('goes elsewhere at once when nobody listens for the chosen connector', async () => {
    await pair.addConnector('c2', answering(200, 'from c2'));
    await broker.settled();
    const beat = { instanceId: 'i', sentAt: new Date().toISOString(), openChannels: 0, isDraining: false };
    selector.observe('gone', beat, performance.now());
    selector.proved('group-a', 'gone', performance.now());
    const startedAt = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => pair.fetch()));
    expect(outcomes.map(({ body }) => body.toString())).to.deep.equal(outcomes.map(() => 'from c2'));
    expect(performance.now() - startedAt).to.be.lessThan(90);
  });

  it('does not believe a connector that answers for the chosen one', async () => {
    await pair.addConnector('c1', mute, { acceptDelayMs: 60_000 });
    await broker.settled();
    selector.proved('group-a', 'c1', performance.now());
    const channel = pair.open({}, { onHead: () => undefined, onFailure: () => undefined });
    await until(() => pair.servers[0]?.openChannels === 1, 'c1 has it');
    const { bundle, headPacket } = await import('./packets.ts');
    broker.inject('tun.i.ingress-1.evil.b', bundle([headPacket(0, 200, 0, channel.id)]));
    await broker.settled();
    expect(channel.connectorId).to.equal(undefined);
    expect(pair.events.map(({ type }) => type)).to.include('intruder');
  });

  it('keeps the requests of a session with one connector, and spreads others', async () => {
    for (const id of ['c1', 'c2', 'c3']) await pair.addConnector(id, answering(200, id));
    await broker.settled();
    await meet(24);
    const sessions = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const served = new Set<string>();
    for (const affinityKey of sessions) {
      const bodies = (await fetchSome(5, { affinityKey })).map(({ body }) => body.toString());
      expect(new Set(bodies).size).to.equal(1);
      served.add(bodies[0] ?? '');
    }
    expect(served.size).to.be.greaterThan(1);
  });
});
