import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import {
  type AppSettings,
  appAggregate,
  apps,
  type ConnectorFact,
  connectorAggregate,
  connectorConfig,
  connectorGroupId,
  SETTINGS_SINCE_V2,
} from '#libs/contracts';
import { commitOf } from '#libs/events/testing';
import { serveEndpoint } from '#libs/messaging';
import { pullConfiguration } from '../../../services/certificate-authority/src/configuration/pull-configuration.ts';
import { AppDirectory } from '../../../services/ingress/src/directory/app-directory.ts';
import { DirectoryFeed } from '../../../services/ingress/src/directory/directory-feed.ts';
import { queryApps } from '../../../services/routing/src/apps/app.api.ts';
import { buildConnectorConfig } from '../../../services/routing/src/config/connector-config.ts';
import { type RoutingView, routingProjection } from '../../../services/routing/src/routing.projection.ts';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';
import { silent, TENANT } from './support.ts';

const MANY = 10_000;
const PER_GROUP = 1_000;
/** The hub's own (broker/src/hub-config.ts). */
const MAX_PAYLOAD = 'max_payload: 1MB';
const AUTHORITY = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(1_900)}\n-----END CERTIFICATE-----\n`;

const settingsOf = (index: number): AppSettings => ({
  ...SETTINGS_SINCE_V2,
  name: `App ${index}`,
  internalUrl: `https://app-${index}.internal.example/`,
  externalUrl: `https://app-${index}.sallyport.localhost:8443/`,
  preauthentication: 'oidc',
  connectorGroupId: connectorGroupId.parse(`grp_${Math.floor(index / PER_GROUP)}`),
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
  originCertificateAuthority: AUTHORITY,
});

const registered: readonly ConnectorFact[] = [
  {
    type: 'ConnectorRegistered',
    data: { name: 'one', machineName: 'h', version: '1', userPublicKey: 'U', certificateThumbprint: 'a'.repeat(64) },
  },
  { type: 'ConnectorAssignedToGroup', data: { connectorGroupId: connectorGroupId.parse('grp_3') } },
];

/** The read model after so many publications. */
function viewOfMany(): RoutingView {
  const projection = routingProjection(TENANT);
  const ref = (type: typeof appAggregate | typeof connectorAggregate, id: string) => ({ tenant: TENANT, type, id });
  let view = projection.initial();
  for (let index = 0; index < MANY; index += 1) {
    const id = `app_${String(index).padStart(5, '0')}`;
    const facts = [{ type: 'AppPublished' as const, data: settingsOf(index) }];
    view = projection.project(
      view,
      commitOf({ ...ref(appAggregate, id), type: appAggregate }, facts, { position: index + 1 }),
    );
  }
  const connector = { ...ref(connectorAggregate, 'con_1'), type: connectorAggregate };
  return projection.project(view, commitOf(connector, registered, { position: MANY + 1 }));
}

describe('10,000 apps', function () {
  this.timeout(60_000);
  let nats: RunningNatsServer;
  let nc: NatsConnection;
  let view: RoutingView;
  before(async () => {
    nats = await startNatsServer({ config: MAX_PAYLOAD });
    nc = await connect({ servers: nats.url });
    view = viewOfMany();
    serveEndpoint(nc, TENANT, apps, (asked) => queryApps(view, asked), { queue: 'routing', logger: silent });
    const secrets = { queueOf: () => 'q_1' };
    serveEndpoint(
      nc,
      TENANT,
      connectorConfig,
      (asked) => buildConnectorConfig(view, { ...asked, tenant: TENANT, secrets }),
      { queue: 'routing', logger: silent },
    );
    await nc.flush();
  });
  after(async () => {
    await nc.close();
    await nats.stop();
  });

  it('reach the ingress in pages that the hub takes', async () => {
    const directory = new AppDirectory(TENANT);
    const feed = new DirectoryFeed(nc, directory, TENANT, silent);
    await feed.whenLoaded;
    feed.stop();
    expect(directory.size).to.equal(MANY);
    expect(directory.placesOf('app-9999.sallyport.localhost')?.find('/a', '/a')?.view.name).to.equal('App 9999');
  });

  it('reach a connector, those of its group, as one configuration', async () => {
    const { configuration } = await pullConfiguration(
      { backbone: nc, tenant: TENANT, trusts: { current: () => Promise.resolve(null) } },
      'con_1',
    );
    expect(JSON.stringify(configuration).length, 'bytes, more than one message holds').to.be.above(1024 * 1024);
    expect(configuration.apps).to.have.length(PER_GROUP);
    expect(new Set(configuration.apps.map(({ appId }) => appId)).size).to.equal(PER_GROUP);
    expect(configuration.apps[0]?.originCertificateAuthority).to.equal(AUTHORITY);
    expect(configuration).not.to.have.property('next');
  });
});
