import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { NatsConnection } from 'nats';
import { credentialsFile, ensureStreams } from '#broker';
import {
  type AccessRecord,
  accessRecords,
  auditEvents,
  decision,
  EVENT_TYPES,
  limitAggregate,
  recordAccess,
  replay,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { JetstreamEventStore } from '#libs/events';
import { callEndpoint } from '#libs/messaging';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { auditConfig } from '../../../services/audit/src/config.ts';
import { startAudit } from '../../../services/audit/src/service.ts';
import { type RunningBroker, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

const TENANT = 'default';
const logger = createLogger({ service: 'spec', write: () => undefined });

describe('audit service', function auditSpecs() {
  this.timeout(30_000);
  let broker: RunningBroker;
  let service: RunningService;
  let console: NatsConnection;
  let ingress: NatsConnection;
  let store: JetstreamEventStore;
  let commands = 0;

  before(async () => {
    broker = await startBroker();
    await ensureStreams(await jetstreamManager(await broker.connectAs('provisioner', 'core'), { checkAPI: false }));
    const core = await broker.connectAs('throttling', 'core');
    store = new JetstreamEventStore({
      js: jetstream(core),
      jsm: await jetstreamManager(core, { checkAPI: false }),
      types: EVENT_TYPES,
    });
    service = await start();
    console = await broker.connectAs('console');
    ingress = await broker.connectAs('ingress');
  });

  after(async () => {
    await service?.drain();
    await service?.stop();
    await broker?.stop();
  });

  const start = () => {
    const credentials = {
      backbone: credentialsFile(broker.layout, 'audit', 'backbone'),
      core: credentialsFile(broker.layout, 'audit', 'core'),
    };
    const access = { servers: [...broker.servers], caFile: broker.layout.caFile };
    return startAudit(auditConfig.parse({ tenant: TENANT, broker: access, credentials }), { logger });
  };
  const setLimit = async (id: string, requestsPerSecond: number) => {
    const ref = { tenant: TENANT, type: limitAggregate, id };
    const { revision } = await store.load(ref);
    commands += 1;
    const metadata = {
      commandId: `cmd_${commands}`,
      at: new Date().toISOString(),
      actor: { kind: 'system' as const, id: 'spec' },
      correlationId: 'spec',
    };
    return store.append(ref, revision, [{ type: 'LimitSet', data: { requestsPerSecond } }], metadata);
  };
  const auditCount = async () => {
    const jsm = await jetstreamManager(await broker.connectAs('audit', 'core'), { checkAPI: false });
    return (await jsm.streams.info('AUDIT')).state.messages;
  };
  const record = (requestId: string): AccessRecord => ({
    requestId,
    at: new Date().toISOString(),
    ingressId: 'ing_a',
    address: '192.0.2.1',
    method: 'GET',
    host: 'wiki.sallyport.localhost',
    path: '/',
    status: 200,
    outcome: 'forwarded',
    reason: null,
    appId: 'app_wiki',
    connectorId: null,
    sessionId: null,
    subject: null,
    username: null,
    decisionId: null,
    durationMs: 1,
    requestBytes: 0,
    responseBytes: 2,
    userAgent: 'spec',
  });

  it('copies every fact to the trail once, over a restart too', async () => {
    for (const value of [1, 2, 3]) await setLimit('app_a', value);
    await until(async () => (await auditCount()) === 3);
    await service.stop();
    await setLimit('app_a', 4);
    service = await start();
    await until(async () => (await auditCount()) === 4);
    await setLimit('app_b', 5);
    await until(async () => (await auditCount()) === 5);
  });

  it('writes no fact twice when two instances run', async () => {
    const second = await start();
    const before = await auditCount();
    for (let value = 10; value < 30; value += 1) await setLimit('app_race', value);
    await until(async () => (await auditCount()) >= before + 20);
    await second.drain();
    await second.stop();
    expect(await auditCount()).to.equal(before + 20);
  });

  it('tells facts after a position, and waits for news', async () => {
    const page = await callEndpoint(console, TENANT, auditEvents, { after: 0, limit: 2 });
    expect(page.events.map((event) => event.type)).to.deep.equal(['LimitSet', 'LimitSet']);
    const waiting = callEndpoint(console, TENANT, auditEvents, { after: page.head, waitMs: 5000 }, { timeoutMs: 8000 });
    await setLimit('app_news', 7);
    const news = await waiting;
    expect(news.events.map((event) => event.subjectId)).to.deep.equal(['app_news']);
    const none = await callEndpoint(console, TENANT, auditEvents, { after: news.head, waitMs: 50 });
    expect(none.events).to.deep.equal([]);
  });

  it('stores a batch of access records once and finds a request by its id', async () => {
    const batch = { ingressId: 'ing_a', batchId: 'bat_1', records: [record('req_1'), record('req_2')] };
    const first = await callEndpoint(ingress, TENANT, recordAccess, batch);
    const again = await callEndpoint(ingress, TENANT, recordAccess, batch);
    expect(again.position).to.equal(first.position);
    const found = await callEndpoint(console, TENANT, accessRecords, { requestId: 'req_2' });
    expect(found.records.map(({ requestId }) => requestId)).to.deep.equal(['req_2']);
    const all = await callEndpoint(console, TENANT, accessRecords, {});
    expect(all.records).to.have.length(2);
  });

  it('answers the console about decisions over the broker', async () => {
    const asked = callEndpoint(console, TENANT, decision, { decisionId: 'dec_none' });
    const error = await asked.catch((reason: unknown) => reason);
    expect(isSallyportError(error, 'ERR_DECISION_ABSENT'), String(error)).to.equal(true);
  });

  it('replays an instant over the broker', async () => {
    const state = await callEndpoint(console, TENANT, replay, { at: new Date().toISOString() });
    expect(state.apps).to.deep.equal([]);
  });
});
