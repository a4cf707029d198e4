import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { natsTransport } from '#libs/tunnel-protocol';
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
