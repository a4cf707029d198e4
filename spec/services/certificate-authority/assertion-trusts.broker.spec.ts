import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { assertionKeys, type ConnectorConfiguration, connectorConfig } from '#libs/contracts';
import { serveEndpoint } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import {
  ASSERTION_RETRY_MS,
  ASSERTION_TRUST_MS,
  type AssertionTrusts,
  createAssertionTrusts,
} from '../../../services/certificate-authority/src/configuration/assertion-trusts.ts';
import { pullConfiguration } from '../../../services/certificate-authority/src/configuration/pull-configuration.ts';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';
import { originConfig } from '../connector/origin-world.ts';

const TENANT = 'default';
const ISSUER = 'https://login.sallyport.localhost:8443';
const logger = createLogger({ service: 'spec', write: () => undefined });
const KERBEROS = { servicePrincipalName: 'HTTP/wiki', realm: null, mechanism: 'spnego' } as const;

describe('the keys of assertions that connectors are told', () => {
  let nats: RunningNatsServer;
  let nc: NatsConnection;
  let auth: { drain(): Promise<void> } | undefined;
  let asked: number;
  let kid: string;
  let nowMs: number;
  let trusts: AssertionTrusts;
  let configuration: ConnectorConfiguration;

  before(async () => {
    nats = await startNatsServer();
    nc = await connect({ servers: nats.url });
    serveEndpoint(nc, TENANT, connectorConfig, () => ({ ...configuration, next: null }), { queue: 'routing', logger });
  });
  after(async () => {
    await nc.close();
    await nats.stop();
  });
  beforeEach(async () => {
    [asked, kid, nowMs] = [0, 'one', 1_000_000];
    configuration = {
      version: 7,
      connectorId: 'con_1',
      status: 'active',
      connectorGroupId: 'grp_1',
      queue: 'q',
      apps: [originConfig('http://wiki/', { kerberos: KERBEROS })],
      refreshSeconds: 60,
      assertions: null,
    };
    trusts = createAssertionTrusts({ backbone: nc, tenant: TENANT, logger, nowMs: () => nowMs });
    await startAuth();
  });
  afterEach(() => stopAuth());

  const startAuth = async () => {
    const answer = () => {
      asked += 1;
      return { keys: [{ kty: 'EC', kid }], issuer: ISSUER };
    };
    auth = serveEndpoint(nc, TENANT, assertionKeys, answer, { queue: 'auth', logger });
    await nc.flush();
  };
  const stopAuth = async () => {
    await auth?.drain();
    auth = undefined;
  };
  const pull = () => pullConfiguration({ backbone: nc, tenant: TENANT, trusts }, 'con_1');

  it('come with the configuration of one that has an app with Kerberos, and change its entity tag', async () => {
    const first = await pull();
    expect(first.configuration.assertions).to.deep.equal({ issuer: ISSUER, keys: [{ kty: 'EC', kid: 'one' }] });
    kid = 'two';
    expect((await pull()).etag, 'within the time they are kept').to.equal(first.etag);
    nowMs += ASSERTION_TRUST_MS;
    const second = await pull();
    expect(second.configuration.assertions?.keys).to.deep.equal([{ kty: 'EC', kid: 'two' }]);
    expect(second.etag).not.to.equal(first.etag);
    expect(asked).to.equal(2);
  });

  it('are asked for by no other configuration', async () => {
    configuration = { ...configuration, apps: [originConfig('http://wiki/')] };
    const { configuration: pulled, etag } = await pull();
    expect([pulled.assertions, etag, asked]).to.deep.equal([null, '"7-active"', 0]);
  });

  it('are the last known ones while auth is away, and none when nobody ever knew', async () => {
    await stopAuth();
    expect((await pull()).configuration.assertions).to.equal(null);
    await startAuth();
    expect((await pull()).configuration.assertions, 'within the pause after a failure').to.equal(null);
    expect(asked).to.equal(0);
    nowMs += ASSERTION_RETRY_MS;
    const { configuration: known } = await pull();
    expect(known.assertions?.issuer).to.equal(ISSUER);
    await stopAuth();
    nowMs += ASSERTION_TRUST_MS;
    expect((await pull()).configuration.assertions).to.deep.equal(known.assertions);
  });
});
