import { after, before } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { natsTransport } from '#libs/tunnel-protocol';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';
import { describeTunnelContract } from './tunnel.contract.ts';

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
