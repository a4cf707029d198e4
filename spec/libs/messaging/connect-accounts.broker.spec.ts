import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { credentialsFile } from '#broker';
import { brokerAccess, connectAccounts } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import { type RunningBroker, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

describe('connections of a service', function connectionSpecs() {
  this.timeout(20_000);
  const logger = createLogger({ service: 'spec', write: () => undefined });
  let broker: RunningBroker;

  before(async () => {
    broker = await startBroker();
  });
  after(() => broker?.stop());

  const connectAs = (credentials: { readonly backbone: string; readonly core: string }) =>
    connectAccounts({
      service: 'audit',
      access: { servers: [...broker.servers], caFile: broker.layout.caFile },
      credentials,
      logger,
    });
  const fileOf = (account: 'backbone' | 'core') => credentialsFile(broker.layout, 'audit', account);

  const connectionNames = async () => {
    const answer = await fetch(`${broker.hub.monitorUrl()}/connz`);
    const { connections } = (await answer.json()) as { connections: readonly { name?: string }[] };
    return connections.map(({ name }) => name);
  };

  it('are one for each account, and closed together', async () => {
    const { connections, close } = await connectAs({ backbone: fileOf('backbone'), core: fileOf('core') });
    expect(Object.keys(connections)).to.deep.equal(['backbone', 'core']);
    expect(await connectionNames()).to.include.members(['audit-backbone', 'audit-core']);
    await close();
    await close();
    expect(connections.backbone.isClosed()).to.equal(true);
    expect(connections.core.isClosed()).to.equal(true);
  });

  it('are refused together, naming the credentials that cannot be read', async () => {
    const failure = await connectAs({ backbone: fileOf('backbone'), core: '/nowhere/core.creds' }).then(
      () => ({ code: 'none' }),
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: 'ERR_MESSAGING_CREDENTIALS' });
    await until(async () => !(await connectionNames()).includes('audit-backbone'));
  });

  it('leave TLS out only on this very host', () => {
    const access = (...servers: string[]) => brokerAccess.safeParse({ servers, caFile: 'ca.pem', plaintext: true });
    for (const server of ['127.0.0.1:4222', 'localhost:4222', '[::1]:4222'])
      expect(access(server).success, server).to.equal(true);
    for (const server of [
      '10.0.0.1:4222',
      'hub.example.com:4222',
      '127.0.0.1.example.com:4222',
      'tls://127.0.0.1:4222',
    ])
      expect(access('127.0.0.1:4222', server).success, server).to.equal(false);
  });
});
