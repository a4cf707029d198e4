import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { natsTransport } from '#libs/tunnel-protocol';
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
