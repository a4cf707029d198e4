import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Agent, request } from 'undici';
import type { z } from 'zod';
import { credentialsFile } from '#broker';
import { type AppView, appDirectory, changeConnector, connectorConfig, newId, verifyToken } from '#libs/contracts';
import { callEndpoint, serveEndpoint, subscribeFeed } from '#libs/messaging';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { consoleConfig } from '../../../services/console/src/config.ts';
import { startConsole } from '../../../services/console/src/service.ts';
import { routingConfig } from '../../../services/routing/src/config.ts';
import { startRouting } from '../../../services/routing/src/service.ts';
import { type RunningBroker, startBroker } from '../../support/broker.ts';
import { principalOf } from './support.ts';

const TENANT = 'main';
const logger = createLogger({ service: 'spec', write: () => undefined });

/** Rights of the hub as they are: what a service may not publish or subscribe would time out or be refused here. */
describe('console and routing with their own credentials', () => {
  let broker: RunningBroker;
  let folder: string;
  let agent: Agent;
  let port: number;
  const running: RunningService[] = [];

  before(async function () {
    this.timeout(20_000);
    broker = await startBroker({ tenant: TENANT });
    folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'));
    const { layout } = broker;
    const common = { tenant: TENANT, broker: { servers: broker.servers, caFile: layout.caFile } };
    const of = (service: 'routing' | 'console', account: 'backbone' | 'core' | 'tenant') =>
      credentialsFile(layout, service, account);
    const routing = routingConfig.parse({
      ...common,
      credentials: {
        backbone: of('routing', 'backbone'),
        core: of('routing', 'core'),
        tenant: of('routing', 'tenant'),
      },
      keyDirectory: folder,
    });
    running.push(await startRouting(routing, { logger }));
    const console = consoleConfig.parse({
      ...common,
      credentials: { backbone: of('console', 'backbone') },
      port: 0,
      tls: layout.certificates.console,
    });
    const started = await startConsole(console, { logger });
    running.push(started);
    port = started.port;
    agent = new Agent({ connect: { ca: readFileSync(layout.caFile, 'utf8'), servername: 'localhost' } });
    const auth = await broker.connectAs('auth');
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const accept = (): z.infer<typeof verifyToken.reply> => ({
      status: 'accepted',
      principal: principalOf('ada'),
      isAdministrator: true,
      expiresAt,
    });
    serveEndpoint(auth, TENANT, verifyToken, accept, { queue: 'auth', logger });
    await auth.flush();
  });
  after(async () => {
    await agent.close();
    for (const service of running.reverse()) {
      await service.drain();
      await service.stop();
    }
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('an admin publishes over HTTPS, and the ingress hears of it', async () => {
    const ingress = await broker.connectAs('ingress');
    const heard = new Promise<AppView>((resolve) => {
      subscribeFeed(ingress, TENANT, appDirectory, ({ app }) => app && resolve(app), { logger });
    });
    await ingress.flush();
    const answer = await request(`https://127.0.0.1:${port}/v1/apps`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Wiki', internalUrl: 'http://localhost:3000' }),
    });
    const app = (await answer.body.json()) as AppView;
    expect(answer.statusCode).to.equal(201);
    expect(await heard).to.deep.equal(app);
  });

  it('certificate-authority registers a connector and reads its configuration', async () => {
    const authority = await broker.connectAs('certificate-authority');
    const connectorId = newId('con');
    const command = {
      type: 'RegisterConnector',
      connectorId,
      name: 'one',
      machineName: 'host',
      version: '1',
      userPublicKey: 'UABC',
      certificateThumbprint: 'a'.repeat(64),
      connectorGroupId: 'default',
    } as const;
    const actor = { kind: 'user', id: 'oid-1' } as const;
    const context = { commandId: newId('cmd'), correlationId: newId('req'), actor };
    await callEndpoint(authority, TENANT, changeConnector, { ...context, command });
    const config = await callEndpoint(authority, TENANT, connectorConfig, { connectorId });
    expect(config.apps.map(({ internalUrl }) => internalUrl)).to.deep.equal(['http://localhost:3000/']);
  });

  it('the health of the console follows the hub', async () => {
    const health = async () => (await request(`https://127.0.0.1:${port}/v1/health`, { dispatcher: agent })).statusCode;
    expect(await health()).to.equal(200);
    await broker.hub.halt();
    expect(await health()).to.equal(503);
    await broker.hub.restart();
    for (const end = Date.now() + 8_000; (await health()) !== 200; )
      if (Date.now() > end) throw new Error('the console did not find the hub again');
  });
});
