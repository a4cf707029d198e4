// long because it is one list: what every transport must give, in the order of the life of a channel
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { CancelReason, ServerExchange } from '#libs/tunnel-protocol';
import { download, pattern, patternHash, upload } from './bulk.ts';
import { answering, echoing, head, mute, streaming, TunnelPair, type TunnelWorld, until } from './tunnel-pair.ts';

const MIB = 1024 * 1024;

/** Begun in turns of their own: heads of one turn share a message, and with it a connector. */
async function oneByOne<Result>(count: number, begin: () => Promise<Result>): Promise<Result[]> {
  const begun: Promise<Result>[] = [];
  for (let index = 0; index < count; index++) {
    begun.push(begin());
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Promise.all(begun);
}

/** What every transport must give the tunnel; run over memory and over a real nats-server. */
export function describeTunnelContract(name: string, openWorld: () => Promise<TunnelWorld>): void {
  describe(`tunnel over ${name}`, () => {
    let pair: TunnelPair;
    beforeEach(async () => {
      pair = await TunnelPair.create(await openWorld());
    });
    afterEach(() => pair.close());

    it('answers a GET with head, body and trailers, and leaves nothing booked', async () => {
      const server = await pair.addConnector('c1', (exchange) => {
        exchange.onceConfirmed(() => {
          exchange.informational(103, ['link', '</a.css>; rel=preload']);
          exchange.respondHead(200, ['x-target', exchange.head.target, 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
          exchange.write(Buffer.from(JSON.stringify(exchange.metadata)));
          exchange.end(['x-sum', 'ok']);
        });
        return { onCancel: () => undefined };
      });
      const outcome = await pair.fetch({
        head: head('GET', '/a?b=c'),
        metadata: ['request-id', 'r-1', 'name', 'Zoë ✓'],
      });
      expect(outcome.head?.status).to.equal(200);
      expect(outcome.head?.fields).to.deep.equal(['x-target', '/a?b=c', 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
      expect(outcome.informational.map(({ status }) => status)).to.deep.equal([103]);
      expect(outcome.body.toString()).to.equal('["request-id","r-1","name","Zoë ✓"]');
      expect(outcome.trailers).to.deep.equal(['x-sum', 'ok']);
      expect(outcome.channel.connectorId).to.equal('c1');
      expect([pair.client.openChannels, pair.client.committedBytes]).to.deep.equal([0, 0]);
      expect([server.openChannels, server.committedBytes]).to.deep.equal([0, 0]);
    });

    it('tells an empty response at its head', async () => {
      await pair.addConnector('c1', answering(204, ''));
      const outcome = await pair.fetch();
      expect(outcome.head).to.deep.include({ status: 204, hasBody: false });
      expect(outcome.failure).to.equal(undefined);
    });

    it('does not read the request body before the connector wants it', async () => {
      let exchange: ServerExchange | undefined;
      await pair.addConnector('c1', (received) => {
        exchange = received;
        return { onCancel: () => undefined };
      });
      let isWanted = false;
      const channel = pair.open(
        { head: head('POST'), hasBody: true },
        {
          onHead: () => undefined,
          onFailure: () => undefined,
          onBodyWanted: () => {
            isWanted = true;
          },
        },
      );
      await until(() => channel.connectorId === 'c1', 'the connector acknowledged the dispatch');
      expect(isWanted).to.equal(false);
      exchange?.receiveBody({ onData: () => undefined, onEnd: () => undefined });
      await until(() => isWanted, 'the body was wanted');
    });

    it('confirms the connector before a request that must not run twice reaches the origin', async () => {
      const seen: string[] = [];
      await pair.addConnector('c1', (exchange) => {
        seen.push('taken');
        exchange.onceConfirmed(() => {
          seen.push('confirmed');
          exchange.respondHead(201, [], { hasBody: false });
        });
        seen.push('returned');
        return { onCancel: () => undefined };
      });
      expect((await pair.fetch({ head: head('POST') })).head?.status).to.equal(201);
      expect(seen).to.deep.equal(['taken', 'returned', 'confirmed']);
    });

    for (const direction of ['download', 'upload'] as const) {
      it(`moves 100 MB (${direction}) unchanged, with bounded buffers`, async function () {
        this.timeout(60_000);
        const total = 100 * MIB;
        const { hash, mostCommitted } = await (direction === 'download' ? download(pair, total) : upload(pair, total));
        expect(hash).to.equal(patternHash(total));
        expect(mostCommitted).to.be.lessThan(4 * MIB);
        expect(pair.client.committedBytes).to.equal(0);
      });
    }

    it('echoes a body that flows both ways at once', async () => {
      await pair.addConnector('c1', echoing);
      const body = pattern(0, 3 * MIB);
      const outcome = await pair.fetch({ head: head('POST') }, { body });
      expect(outcome.body.equals(body)).to.equal(true);
    });

    it('holds no more than the window for a reader that stopped, and serves others meanwhile', async function () {
      this.timeout(30_000);
      const server = await pair.addConnector('c1', streaming(64 * MIB, pattern));
      const stopped = pair.open(
        {},
        {
          onHead: () => stopped.receiveBody({ onData: () => stopped.pause(), onEnd: () => undefined }),
          onFailure: () => undefined,
        },
      );
      await until(() => pair.client.committedBytes > 0, 'the stopped reader holds something');
      const others = await Promise.all(Array.from({ length: 4 }, () => download(pair, 64 * MIB, false)));
      for (const other of others) expect(other.hash).to.equal(patternHash(64 * MIB));
      expect(pair.client.committedBytes).to.be.lessThan(600_000);
      stopped.cancel();
      await until(() => server.openChannels === 0, 'the connector heard of it');
    });

    it('tells the connector when the user has gone', async () => {
      const cancelled: CancelReason[] = [];
      await pair.addConnector('c1', (exchange) => {
        exchange.onceConfirmed(() => exchange.respondHead(200, []));
        return { onCancel: (reason) => cancelled.push(reason) };
      });
      const controller = new AbortController();
      pair.open({ signal: controller.signal }, { onHead: () => controller.abort(), onFailure: () => undefined });
      await until(() => cancelled.length > 0, 'the exchange was cancelled');
      expect(cancelled).to.deep.equal(['user-gone']);
    });

    it('ends the exchange of a user who left before anybody answered', async () => {
      const cancelled: CancelReason[] = [];
      let isTaken = false;
      await pair.addConnector('c1', () => {
        isTaken = true;
        return { onCancel: (reason) => cancelled.push(reason) };
      });
      const channel = pair.open({}, { onHead: () => undefined, onFailure: () => undefined });
      await until(() => isTaken, 'the connector took it');
      channel.cancel();
      await until(() => cancelled.length > 0, 'the acknowledgment met its refusal');
      expect(cancelled).to.deep.equal(['not-needed']);
    });

    it('tells failures of the origin apart, with how far the request got', async () => {
      await pair.addConnector('c1', (exchange) => {
        const target = exchange.head.target;
        if (target === '/refused') exchange.fail('origin-refused', 'origin-not-contacted', '10.0.0.1:80');
        if (target === '/timeout') exchange.fail('origin-timeout', 'origin-contacted');
        if (target === '/aborted') {
          exchange.respondHead(200, []);
          exchange.write(Buffer.from('half'));
          setTimeout(() => exchange.fail('origin-aborted', 'origin-contacted'), 5);
        }
        return { onCancel: () => undefined };
      });
      const failures = [];
      for (const target of ['/refused', '/timeout', '/aborted']) {
        failures.push((await pair.fetch({ head: head('GET', target) })).failure);
      }
      expect(failures.map((failure) => [failure?.reason, failure?.retryClass, failure?.mayRetry])).to.deep.equal([
        ['origin-refused', 'not-dispatched', true],
        ['origin-timeout', 'dispatched', true],
        ['origin-aborted', 'response-begun', false],
      ]);
      expect(failures[0]?.text).to.equal('10.0.0.1:80');
    });

    it('says at once that no connector serves the group', async () => {
      const startedAt = Date.now();
      const { failure } = await pair.fetch({ group: 'nobody' });
      expect(failure).to.deep.include({ reason: 'no-connector', retryClass: 'not-dispatched', mayRetry: true });
      expect(Date.now() - startedAt).to.be.lessThan(500);
    });

    it('serves a request elsewhere when a draining connector refuses it', async () => {
      await pair.addConnector('c1', (exchange) => {
        exchange.refuse('draining');
        return { onCancel: () => undefined };
      });
      await pair.addConnector('c2', answering(200, 'from c2'));
      const outcomes = await oneByOne(20, () => pair.fetch());
      const served = outcomes.filter(({ body }) => body.toString() === 'from c2');
      // Three dispatches may all meet c1 when the server draws at random.
      expect(served.length).to.be.greaterThan(8);
      for (const { failure } of outcomes.filter((outcome) => !served.includes(outcome))) {
        expect(failure).to.deep.include({ reason: 'refused', refusal: 'draining', retryClass: 'not-dispatched' });
      }
    });

    it('drains without failing a request', async function () {
      this.timeout(20_000);
      const slowly = async (exchange: ServerExchange): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        exchange.respondHead(200, []);
        exchange.write(Buffer.from('done'));
        exchange.end();
      };
      const handler = (exchange: ServerExchange) => {
        exchange.onceConfirmed(() => void slowly(exchange));
        return { onCancel: () => undefined };
      };
      const first = await pair.addConnector('c1', handler);
      await pair.addConnector('c2', handler);
      const outcomes: Promise<{ body: Buffer }>[] = [];
      for (let round = 0; round < 20; round++) {
        outcomes.push(...Array.from({ length: 10 }, () => pair.fetch()));
        if (round === 10) void first.drain();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await first.drain();
      expect(first.openChannels).to.equal(0);
      const bodies = (await Promise.all(outcomes)).map(({ body }) => body.toString());
      expect(bodies.filter((body) => body === 'done').length).to.equal(200);
    });

    it('answers 500 small requests at once', async function () {
      this.timeout(20_000);
      await pair.addConnector('c1', (exchange) => {
        exchange.onceConfirmed(() => {
          exchange.respondHead(200, []);
          exchange.write(Buffer.from(exchange.head.target));
          exchange.end();
        });
        return { onCancel: () => undefined };
      });
      const targets = Array.from({ length: 500 }, (_, index) => `/${index}`);
      const outcomes = await Promise.all(targets.map((target) => pair.fetch({ head: head('GET', target) })));
      expect(outcomes.map(({ body }) => body.toString())).to.deep.equal(targets);
      expect(pair.client.committedBytes).to.equal(0);
    });

    it('carries bytes both ways after an upgrade, until both sides ended', async () => {
      const server = await pair.addConnector('c1', (exchange) => {
        exchange.onceConfirmed(() => {
          exchange.respondHead(101, ['upgrade', 'websocket'], { isUpgraded: true });
          exchange.receiveBody({ onData: (chunk) => exchange.write(chunk), onEnd: () => exchange.end() });
        });
        return { onCancel: () => undefined };
      });
      const echoed: Buffer[] = [];
      let isOver = false;
      const channel = pair.open(
        { isUpgrade: true },
        {
          onHead: (received) => {
            expect(received).to.deep.include({ status: 101, isUpgraded: true });
            channel.receiveBody({
              onData: (chunk) => echoed.push(Buffer.from(chunk)),
              onEnd: () => {
                isOver = true;
              },
            });
            channel.write(Buffer.from('ping'));
          },
          onFailure: () => undefined,
        },
      );
      await until(() => Buffer.concat(echoed).toString() === 'ping', 'the echo came back');
      expect(channel.isOpen).to.equal(true);
      channel.end();
      await until(() => isOver && server.openChannels === 0, 'both sides ended');
      expect(channel.isOpen).to.equal(false);
    });

    it('says that a connector was stopped, and how far the request was', async () => {
      const server = await pair.addConnector('c1', (exchange) => {
        exchange.onceConfirmed(() => exchange.respondHead(200, []));
        return { onCancel: () => undefined };
      });
      const first = pair.fetch();
      await until(() => server.openChannels === 1, 'the request runs');
      await server.stop();
      expect((await first).failure).to.deep.include({ reason: 'stopped', retryClass: 'response-begun' });
    });
  });

  describe(`tunnel over ${name}, with a connector that is mute`, () => {
    it('dispatches again and reports what was missed', async () => {
      const pair = await TunnelPair.create(await openWorld(), { acceptDeadlineMs: 60 });
      try {
        await pair.addConnector('mute', mute, { acceptDelayMs: 60_000 });
        await pair.addConnector('c2', answering(200, 'from c2'));
        const outcomes = await oneByOne(30, () => pair.fetch());
        for (const { body, failure } of outcomes) {
          if (failure === undefined) expect(body.toString()).to.equal('from c2');
          else expect(failure).to.deep.include({ reason: 'accept-timeout', dispatches: 3, retryClass: 'dispatched' });
        }
        expect(outcomes.filter(({ failure }) => failure === undefined).length).to.be.greaterThan(15);
        expect(pair.events.some(({ type }) => type === 'accept-missed')).to.equal(true);
      } finally {
        await pair.close();
      }
    });
  });
}
