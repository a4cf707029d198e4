import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { heartbeatConnectorId, natsTransport } from '#libs/tunnel-protocol';
import { natsFraming } from '../../../libs/tunnel-protocol/src/nats-framing.ts';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';
import { describeTunnelContract } from './tunnel.contract.ts';
import { answering, head, streaming, TunnelPair, until } from './tunnel-pair.ts';

let server: RunningNatsServer;
before(async function () {
  this.timeout(20_000);
  server = await startNatsServer({ config: 'max_payload: 256KB' });
});
after(() => server.stop());

describeTunnelContract('nats-server', async () => {
  const connections: NatsConnection[] = [];
  return {
    transport: async () => {
      const connection = await connect({ servers: server.url, noEcho: true, noAsyncTraces: true });
      connections.push(connection);
      return natsTransport(connection);
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
});

describe('tunnel over a nats-server that restarts', () => {
  it('holds a new request over the outage and serves it afterwards, and ends a running one', async function () {
    this.timeout(30_000);
    const own = await startNatsServer({ config: 'max_payload: 256KB' });
    const connections: NatsConnection[] = [];
    const pair = await TunnelPair.create(
      {
        transport: async () => {
          const options = { servers: own.url, noEcho: true, maxReconnectAttempts: -1, reconnectTimeWait: 50 };
          const connection = await connect(options);
          connections.push(connection);
          return natsTransport(connection);
        },
        close: async () => {
          await Promise.all(connections.map((connection) => connection.close()));
          await own.stop();
        },
      },
      { acceptDeadlineMs: 1_000, maxDispatches: 10, probeAfterMs: 300, probeTimeoutMs: 2_000 },
    );
    try {
      await pair.addConnector('c1', (exchange) => {
        if (exchange.head.target === '/endless')
          return streaming(1e9, (_index, bytes) => Buffer.alloc(bytes))(exchange);
        return answering(200, 'ok')(exchange);
      });
      let received = 0;
      const running = new Promise<string>((resolve) => {
        const channel = pair.open(
          { head: head('GET', '/endless') },
          {
            onHead: () =>
              channel.receiveBody({
                onData: (chunk) => {
                  received += chunk.length;
                },
                onEnd: () => resolve('ended'),
              }),
            onFailure: ({ reason }) => resolve(reason),
          },
        );
      });
      await until(() => received > 1_000_000, 'the download runs');
      await own.halt('SIGKILL');
      const held = pair.fetch();
      await own.restart();
      const outcomes = await Promise.all([running, held]);
      expect(outcomes[0]).to.be.oneOf(['gap', 'peer-silent', 'connector-lost']);
      expect(outcomes[1].failure?.reason ?? outcomes[1].body.toString()).to.equal('ok');
      expect((await pair.fetch()).body.toString()).to.equal('ok');
    } finally {
      await pair.close();
    }
  });
});

describe('tunnel over a nats-server that is away for three seconds', () => {
  it('holds every request, although the connector returns later than the ingress, and keeps a quiet channel', async function () {
    this.timeout(40_000);
    const own = await startNatsServer({ config: 'max_payload: 256KB' });
    const connections: NatsConnection[] = [];
    let isLinkUp = true;
    const pair = await TunnelPair.create({
      transport: async () => {
        // The first is the ingress: it is back long before the connector.
        const reconnectTimeWait = connections.length === 0 ? 50 : 1_500;
        const options = { servers: own.url, noEcho: true, maxReconnectAttempts: -1, reconnectTimeWait };
        const connection = await connect({ ...options, reconnectJitter: 0 });
        connections.push(connection);
        const transport = natsTransport(connection);
        if (connections.length === 1) {
          transport.onLinkChange?.((value) => {
            isLinkUp = value;
          });
        }
        return transport;
      },
      close: async () => {
        await Promise.all(connections.map((connection) => connection.close()));
        await own.stop();
      },
    });
    connections[0]?.subscribe('prs.c.*', {
      callback: (_error, { subject }) => pair.client.connectorSeen(heartbeatConnectorId(subject) ?? ''),
    });
    try {
      const ran: string[] = [];
      await pair.addConnector(
        'c1',
        (exchange) => {
          if (exchange.isUpgrade) {
            exchange.onceConfirmed(() => {
              exchange.respondHead(101, [], { isUpgraded: true });
              exchange.receiveBody({ onData: (chunk) => exchange.write(chunk), onEnd: () => exchange.end() });
            });
            return { onCancel: () => undefined };
          }
          exchange.onceConfirmed(() => {
            ran.push(exchange.head.target);
            exchange.respondHead(200, []);
            exchange.write(Buffer.from(exchange.head.target));
            exchange.end();
          });
          return { onCancel: () => undefined };
        },
        { heartbeatIntervalMs: 300 },
      );
      const echoed: string[] = [];
      let quietEnd = '';
      const quiet = pair.open(
        { isUpgrade: true },
        {
          onHead: () =>
            quiet.receiveBody({
              onData: (chunk) => echoed.push(Buffer.from(chunk).toString()),
              onEnd: () => {
                quietEnd = 'end';
              },
            }),
          onFailure: ({ reason }) => {
            quietEnd = reason;
          },
        },
      );
      quiet.write(Buffer.from('before'));
      await until(() => echoed.length === 1, 'the pipe works');
      await own.halt('SIGKILL');
      const methods = ['GET', 'POST', 'PUT', 'DELETE'];
      const fetchAt = (index: number) => pair.fetch({ head: head(methods[index % 4] ?? 'GET', `/${index}`) });
      // Some before the ingress has noticed, some after.
      const held = Array.from({ length: 50 }, (_, index) => fetchAt(index));
      await until(() => !isLinkUp, 'the ingress has noticed');
      for (let index = 50; index < 100; index++) held.push(fetchAt(index));
      await until(() => pair.client.heldRequests >= 50, 'requests are held');
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await own.restart();
      const outcomes = await Promise.all(held);
      expect(outcomes.map(({ failure }) => failure?.reason)).to.deep.equal(outcomes.map(() => undefined));
      expect(outcomes.map(({ body }) => body.toString())).to.deep.equal(outcomes.map((_, index) => `/${index}`));
      expect(ran, 'each ran once').to.have.members(outcomes.map((_, index) => `/${index}`));
      quiet.write(Buffer.from('after'));
      await until(() => echoed.length === 2 || quietEnd !== '', 'the quiet channel goes on');
      expect([echoed, quietEnd]).to.deep.equal([['before', 'after'], '']);
    } finally {
      await pair.close();
    }
  });
});

describe('nats transport', () => {
  it('finds in the client what it needs to write messages in place, and does without', async () => {
    const connection = await connect({ servers: server.url, noEcho: true });
    try {
      expect(natsTransport(connection).framing, 'the client has changed inside: see nats-framing.ts').to.be.an(
        'object',
      );
      const changed: unknown = Object.assign(Object.create(connection), { protocol: {} });
      expect(natsFraming(changed as NatsConnection, () => true)).to.equal(undefined);
    } finally {
      await connection.close();
    }
  });

  it('delivers messages written in place, with their reply subject, and the status of those nobody takes', async () => {
    const [sender, receiver] = await Promise.all([
      connect({ servers: server.url, noEcho: true }),
      connect({ servers: server.url }),
    ]);
    try {
      const received: string[] = [];
      receiver.subscribe('to.>', {
        callback: (_error, { subject, data, reply }) => {
          received.push(`${subject} ${Buffer.from(data).toString()} ${reply ?? ''}`);
        },
      });
      await receiver.flush();
      const transport = natsTransport(sender);
      const statuses: string[] = [];
      transport.subscribe('reply.>', {}, (subject, _bytes, status) => statuses.push(`${subject} ${status}`));
      const { framing } = transport;
      if (framing === undefined) throw new Error('no framing');
      const target = Buffer.alloc(1_000);
      let end = 0;
      for (const [subject, text, reply] of [
        ['to.a', 'first', undefined],
        ['to.b', '', undefined],
        ['to.c', 'third', 'reply.c'],
        ['nobody', 'fourth', 'reply.d'],
      ] as const) {
        const before = end;
        const start = framing.open(target, end, subject, reply);
        end = framing.close(target, start, start + target.write(text, start));
        expect(end - before).to.equal(framing.frontBytes(subject, reply) + text.length + framing.tailBytes);
      }
      framing.send(target.subarray(0, end));
      await until(() => statuses.length === 1 && received.length === 3, 'everything arrived');
      expect(received).to.deep.equal(['to.a first ', 'to.b  ', 'to.c third reply.c']);
      expect(statuses).to.deep.equal(['reply.d 503']);
      expect(framing.hasSentAll()).to.equal(true);
    } finally {
      await Promise.all([sender.close(), receiver.close()]);
    }
  });
});
