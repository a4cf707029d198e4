import { jetstreamManager } from '@nats-io/jetstream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import { credentialsFile, ensureStreams } from '#broker';
import { changeLimit, demand, limitAggregate, limits, newId, shares } from '#libs/contracts';
import { callEndpoint, publishFeed, subscribeFeed } from '#libs/messaging';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { throttlingConfig } from '../../../services/throttling/src/config.ts';
import { startThrottling } from '../../../services/throttling/src/service.ts';
import { type RunningBroker, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

const TENANT = 'default';
const logger = createLogger({ service: 'spec', write: () => undefined });
const context = () => ({
  commandId: newId('cmd'),
  actor: { kind: 'system' as const, id: 'spec' },
  correlationId: 'spec',
});

describe('throttling service', function throttlingSpecs() {
  this.timeout(30_000);
  let broker: RunningBroker;
  let service: RunningService;
  let console: NatsConnection;
  let ingress: NatsConnection;
  let latest: z.infer<typeof shares.message> | undefined;

  before(async () => {
    broker = await startBroker();
    await ensureStreams(await jetstreamManager(await broker.connectAs('provisioner', 'core'), { checkAPI: false }));
    service = await start();
    console = await broker.connectAs('console');
    ingress = await broker.connectAs('ingress');
    subscribeFeed(ingress, TENANT, shares, (message) => (latest = message), { logger });
  });

  after(async () => {
    await service?.drain();
    await service?.stop();
    await broker?.stop();
  });

  const start = () => {
    const credentials = {
      backbone: credentialsFile(broker.layout, 'throttling', 'backbone'),
      core: credentialsFile(broker.layout, 'throttling', 'core'),
    };
    const access = { servers: [...broker.servers], caFile: broker.layout.caFile };
    return startThrottling(throttlingConfig.parse({ tenant: TENANT, broker: access, credentials }), { logger });
  };
  const report = (ingressId: string, admitted: number, refused = 0, scope = 'app_wiki') =>
    publishFeed(ingress, TENANT, demand, { ingressId, intervalMs: 250, counts: [{ scope, admitted, refused }] });
  const shareOf = (ingressId: string) =>
    latest?.shares.find((share) => share.ingressId === ingressId)?.requestsPerSecond;

  it('tells the defaults of 500 per app and 750 per tenant', async () => {
    const answer = await callEndpoint(console, TENANT, limits, {});
    expect(answer.defaults).to.deep.equal({ app: 500, tenant: 750 });
    await until(() => latest?.defaults.app === 500 && latest.ingresses === 1);
  });

  it('counts one app over two ingresses', async () => {
    await until(() => {
      report('ing_a', 1000);
      report('ing_b', 25);
      const [a, b] = [shareOf('ing_a'), shareOf('ing_b')];
      return a !== undefined && b !== undefined && Math.abs(a + b - 500) < 0.001 && b < 260;
    });
    expect(latest?.ingresses).to.equal(2);
  });

  it('sets a limit, sends it out, and returns to the default', async () => {
    const set = await callEndpoint(console, TENANT, changeLimit, {
      ...context(),
      scope: 'app_wiki',
      requestsPerSecond: 20,
    });
    expect(set).to.include({ scope: 'app_wiki', requestsPerSecond: 20, isDefault: false });
    await until(
      () => latest?.limits.some((limit) => limit.scope === 'app_wiki' && limit.requestsPerSecond === 20) === true,
    );
    const reset = await callEndpoint(console, TENANT, changeLimit, {
      ...context(),
      scope: 'app_wiki',
      requestsPerSecond: null,
      expectedRevision: set.revision,
    });
    expect(reset).to.include({ requestsPerSecond: 500, isDefault: true });
  });

  it('refuses a stale revision and changes nothing', async () => {
    const failure = await callEndpoint(console, TENANT, changeLimit, {
      ...context(),
      scope: 'app_wiki',
      requestsPerSecond: 9,
      expectedRevision: 1,
    }).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ERR_EVENTS_STALE_REVISION');
    const { limits: rows } = await callEndpoint(console, TENANT, limits, {});
    expect(rows.find((row) => row.scope === 'app_wiki')?.requestsPerSecond).to.equal(500);
  });

  it('records one fact when a limit begins to be exceeded, and keeps it over a restart', async () => {
    report('ing_a', 500, 40, 'app_busy');
    report('ing_a', 500, 60, 'app_busy');
    const isBreached = async () => {
      const { limits: rows } = await callEndpoint(console, TENANT, limits, {});
      return rows.some((row) => row.scope === 'app_busy' && row.breached);
    };
    await until(isBreached);
    await service.drain();
    await service.stop();
    service = await start();
    expect(await isBreached()).to.equal(true);
    const core = await broker.connectAs('audit', 'core');
    const jsm = await jetstreamManager(core, { checkAPI: false });
    const info = await jsm.streams.info('EVENTS', {
      subjects_filter: `evt.${TENANT}.${limitAggregate.context}.${limitAggregate.thing}.app_busy`,
    });
    expect(Object.values(info.state.subjects ?? {})).to.deep.equal([1]);
  });
});
