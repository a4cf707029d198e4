import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { credentialsFile } from '#broker';
import { type AccessRecord, apps, demand, recordAccess } from '#libs/contracts';
import { serveEndpoint, subscribeFeed } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import { ingressConfig } from '../../../services/ingress/src/config.ts';
import { type RunningIngress, startIngress } from '../../../services/ingress/src/service.ts';
import { type RunningBroker, startBroker } from '../../support/broker.ts';
import { writeTlsCertificate } from '../../support/tls-certificate.ts';
import { until } from '../../support/until.ts';
import { get } from './support/http-client.ts';
import { appView, DOMAIN, TENANT } from './support/ingress-rig.ts';

describe('ingress service on a provisioned hub, with its own credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ingress-'));
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({ service: 'ingress', write: (line) => log.push(JSON.parse(line)) });
  const records: AccessRecord[] = [];
  let demands = 0;
  let broker: RunningBroker;
  let ingress: RunningIngress;
  let ca: string;

  before(async function () {
    this.timeout(30_000);
    broker = await startBroker();
    const routing = await broker.connectAs('routing');
    serveEndpoint(routing, TENANT, apps, () => ({ position: 1, apps: [appView('wiki')], next: null }), {
      queue: 'routing',
      logger,
    });
    const audit = await broker.connectAs('audit');
    const store = (batch: { records: AccessRecord[] }) => ({ position: records.push(...batch.records) });
    serveEndpoint(audit, TENANT, recordAccess, store, { queue: 'audit', logger });
    const throttling = await broker.connectAs('throttling');
    subscribeFeed(
      throttling,
      TENANT,
      demand,
      () => {
        demands += 1;
      },
      { logger },
    );
    await Promise.all([routing.flush(), audit.flush(), throttling.flush()]);
    const tls = await writeTlsCertificate(folder, [`*.${DOMAIN}`]);
    ca = tls.cert;
    ingress = await startIngress(
      ingressConfig.parse({
        broker: { servers: broker.servers, caFile: broker.layout.caFile },
        credentials: { backbone: credentialsFile(broker.layout, 'ingress', 'backbone') },
        port: 0,
        tls,
        domain: DOMAIN,
        tenants: [{ tenant: TENANT, credsFile: credentialsFile(broker.layout, 'ingress', 'tenant') }],
      }),
      { logger },
    );
  });
  after(async () => {
    await ingress.stop();
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says where it listens when it is ready', () => {
    expect(ingress.ready).to.deep.include({
      port: ingress.port,
      portalUrl: `https://portal.${DOMAIN}:${ingress.port}/`,
    });
  });

  it('learns at once that no connector is there', async () => {
    const startedAt = performance.now();
    const answer = await get({ port: ingress.port, ca, host: `wiki.${DOMAIN}`, path: '/' });
    expect(answer.status).to.equal(503);
    expect(JSON.parse(answer.text)).to.include({ reason: 'no-connector' });
    expect(performance.now() - startedAt).to.be.lessThan(900);
  });

  it('has its records stored and its demand heard', async () => {
    await until(() => records.length > 0 && demands > 0);
    expect(records[0]).to.include({ reason: 'no-connector', outcome: 'failed' });
  });

  it('needs no right it does not have', () => {
    expect(log.filter((line) => line.level === 'error')).to.deep.equal([]);
  });

  it('drains and stops twice without harm', async () => {
    await ingress.drain();
    await ingress.drain();
    await ingress.stop();
  });
});
