import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  appDirectory,
  apps,
  changeConnectorGroup,
  connectorConfig,
  connectorGroups,
  connectors,
  newId,
} from '#libs/contracts';
import { callEndpoint, subscribeFeed } from '#libs/messaging';
import { encodeHeartbeat, heartbeatSubject } from '#libs/tunnel-protocol';
import { OPERATOR, type RoutingWorld, silent, startRoutingWorld, TENANT, until } from './support.ts';

const THUMBPRINT = 'a'.repeat(64);

describe('routing over a real broker', () => {
  let world: RoutingWorld;
  before(async () => {
    world = await startRoutingWorld();
  });
  after(() => world.stop());

  it('creates the default connector group and keeps its queue key private', async () => {
    const { groups } = await callEndpoint(world.caller, TENANT, connectorGroups, {});
    expect(groups.map(({ id, status }) => ({ id, status }))).to.deep.equal([{ id: 'default', status: 'active' }]);
    expect(statSync(join(world.keyDirectory, 'queue.key')).mode & 0o777).to.equal(0o600);
  });

  it('publishes an app with the documented defaults and shows it at once', async () => {
    const app = await world.app({
      type: 'PublishApp',
      settings: { name: 'My Wiki', internalUrl: 'http://localhost:3000' },
    });
    expect(app).to.deep.include({
      status: 'published',
      internalUrl: 'http://localhost:3000/',
      externalUrl: 'https://my-wiki.sallyport.localhost:8443/',
      preauthentication: 'oidc',
      connectorGroupId: 'default',
      backendTimeoutSeconds: 85,
      cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
      translateHeaders: true,
      validateBackendCertificate: true,
      users: [],
      groups: [],
    });
    const listed = await callEndpoint(world.caller, TENANT, apps, { id: app.id });
    expect(listed.apps).to.deep.equal([app]);
    expect(listed.position).to.equal(app.revision);
  });

  it('does the same thing once when a command is sent twice', async () => {
    const commandId = newId('cmd');
    const command = { type: 'PublishApp', settings: { name: 'Twice', internalUrl: 'http://localhost:3001' } } as const;
    const first = await world.app(command, { commandId });
    await world.app({ type: 'ChangeApp', appId: first.id, changes: { name: 'Changed meanwhile' } });
    const second = await world.app(command, { commandId });
    expect(second, 'the outcome of the first time').to.deep.equal(first);
  });

  it('refuses an external URL that another app holds and names that app', async () => {
    const holder = await world.app({
      type: 'PublishApp',
      settings: { name: 'Held', internalUrl: 'http://localhost:1' },
    });
    const again = world.app({ type: 'PublishApp', settings: { name: 'held', internalUrl: 'http://localhost:2' } });
    const error = await refusal(again);
    expect(error).to.include({ code: 'ERR_APP_DUPLICATE_URL', retryable: false });
    expect(error.message).to.contain(holder.id);
  });

  it('refuses a stale expected revision and changes nothing', async () => {
    const app = await world.app({ type: 'PublishApp', settings: { name: 'Stale', internalUrl: 'http://localhost:1' } });
    const renamed = await world.app(
      { type: 'ChangeApp', appId: app.id, changes: { name: 'Fresh' } },
      { expectedRevision: app.revision },
    );
    const late = world.app(
      { type: 'ChangeApp', appId: app.id, changes: { name: 'Late' } },
      { expectedRevision: app.revision },
    );
    expect((await refusal(late)).code).to.equal('ERR_EVENTS_STALE_REVISION');
    const listed = await callEndpoint(world.caller, TENANT, apps, { id: app.id });
    expect(listed.apps).to.deep.equal([renamed]);
  });

  it('refuses an app of a connector group that does not exist', async () => {
    const settings = { name: 'No group', internalUrl: 'http://localhost:1', connectorGroupId: 'nowhere' } as never;
    expect((await refusal(world.app({ type: 'PublishApp', settings }))).code).to.equal('ERR_GROUP_ABSENT');
    const retry = world.app({ type: 'PublishApp', settings: { name: 'No group', internalUrl: 'http://localhost:1' } });
    expect((await retry).externalUrl, 'the URL is free').to.contain('no-group');
  });

  it('frees the external URL of a retired app and of one that moved away', async () => {
    const settings = { name: 'Reused', internalUrl: 'http://localhost:1' };
    const first = await world.app({ type: 'PublishApp', settings });
    await world.app({ type: 'RetireApp', appId: first.id });
    const second = await world.app({ type: 'PublishApp', settings });
    const externalUrl = 'https://elsewhere.sallyport.localhost/';
    await world.app({ type: 'ChangeApp', appId: second.id, changes: { externalUrl } });
    const third = await world.app({ type: 'PublishApp', settings });
    expect(third.externalUrl).to.equal(first.externalUrl);
  });

  it('pages the directory by id', async () => {
    const all = await callEndpoint(world.caller, TENANT, apps, { limit: 500 });
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page: { apps: { id: string }[]; next: string | null } = await callEndpoint(world.caller, TENANT, apps, {
        limit: 2,
        ...(next === '' ? {} : { after: next }),
      });
      seen.push(...page.apps.map(({ id }) => id));
      next = page.next;
    }
    expect(seen).to.deep.equal(all.apps.map(({ id }) => id));
    expect(seen.length).to.be.greaterThan(3);
  });

  it('pushes every change with the position before it', async () => {
    const messages: { position: number; previousPosition: number; app: { name: string } | null }[] = [];
    const feed = subscribeFeed(world.caller, TENANT, appDirectory, (message) => messages.push(message), {
      logger: silent,
    });
    await world.caller.flush();
    const app = await world.app({ type: 'PublishApp', settings: { name: 'Fed', internalUrl: 'http://localhost:1' } });
    const renamed = await world.app({ type: 'ChangeApp', appId: app.id, changes: { name: 'Fed well' } });
    const changes = await until(() => {
      const seen = messages.filter((message) => message.app !== null);
      return seen.length >= 2 ? seen : undefined;
    });
    feed.stop();
    expect(changes[0]).to.deep.include({ position: app.revision });
    expect(changes[1]).to.deep.include({ position: renamed.revision, previousPosition: app.revision });
    expect(changes[1]?.app?.name).to.equal('Fed well');
  });

  describe('connectors', () => {
    const connectorId = newId('con');

    it('start pending, without queue and apps', async () => {
      const connector = await world.connector({
        type: 'RegisterConnector',
        connectorId,
        name: 'one',
        machineName: 'host',
        version: '1',
        userPublicKey: 'UABC',
        certificateThumbprint: THUMBPRINT,
        connectorGroupId: null,
      });
      expect(connector).to.include({ status: 'pending', presence: 'offline', lastSeenAt: null });
      const config = await callEndpoint(world.caller, TENANT, connectorConfig, { connectorId });
      expect(config).to.deep.include({ status: 'pending', queue: null, apps: [], connectorGroupId: null });
    });

    it('are told to pull when they join a group, and get its apps and secret queue', async () => {
      const notice = nextMessage(`tun.c.${connectorId}.routing.config`);
      const before = await callEndpoint(world.caller, TENANT, connectorConfig, { connectorId });
      await world.connector({ type: 'AssignConnectorToGroup', connectorId, connectorGroupId: 'default' });
      await notice;
      const config = await callEndpoint(world.caller, TENANT, connectorConfig, { connectorId });
      expect(config.version).to.be.greaterThan(before.version);
      expect(config.queue).to.match(/^q_[0-9a-f]{40}$/);
      expect(config.apps.map(({ externalUrl }) => externalUrl)).to.include('https://my-wiki.sallyport.localhost:8443/');
    });

    it('get a new version when an app of their group changes or leaves', async () => {
      const config = () => callEndpoint(world.caller, TENANT, connectorConfig, { connectorId });
      const group = { commandId: newId('cmd'), correlationId: newId('req'), actor: OPERATOR };
      const command = { type: 'CreateConnectorGroup', connectorGroupId: 'other', name: 'Other' } as const;
      await callEndpoint(world.caller, TENANT, changeConnectorGroup, { ...group, command });
      const app = await world.app({
        type: 'PublishApp',
        settings: { name: 'Moves', internalUrl: 'http://localhost:1' },
      });
      const first = await config();
      expect(first.version).to.equal(app.revision);
      const notice = nextMessage(`tun.c.${connectorId}.routing.config`);
      const moved = await world.app({
        type: 'ChangeApp',
        appId: app.id,
        changes: { connectorGroupId: 'other' as never },
      });
      await notice;
      const second = await config();
      expect(second.version).to.equal(moved.revision);
      expect(second.apps.map(({ appId }) => appId)).to.not.include(app.id);
    });

    it('are online while they beat, and one transition each is stored', async () => {
      beat(false);
      await until(async () => ((await presence()) === 'online' ? true : undefined));
      beat(false);
      beat(true);
      await until(async () => ((await presence()) === 'offline' ? true : undefined));
      const facts = await until(async () => {
        const ref = {
          tenant: TENANT,
          type: (await import('#libs/contracts')).connectorPresenceAggregate,
          id: connectorId,
        };
        const loaded = await world.store.load(ref);
        return loaded.facts.length >= 2 ? loaded.facts : undefined;
      });
      expect(facts).to.deep.equal([
        { type: 'ConnectorCameOnline', data: { instanceId: 'i1' } },
        { type: 'ConnectorWentOffline', data: { instanceId: 'i1', reason: 'drained' } },
      ]);
    });

    it('go offline after silence, also when routing restarted meanwhile', async function () {
      this.timeout(20_000);
      beat(false);
      await until(async () => ((await presence()) === 'online' ? true : undefined));
      await world.restart();
      expect(await presence(), 'presumed online from the facts').to.equal('online');
      await until(async () => ((await presence()) === 'offline' ? true : undefined), 15_000);
    });

    it('lose queue and apps for good when revoked', async () => {
      await world.connector({ type: 'RevokeConnector', connectorId, reason: 'lost' });
      const config = await callEndpoint(world.caller, TENANT, connectorConfig, { connectorId });
      expect(config).to.deep.include({ status: 'revoked', queue: null, apps: [] });
      const again = world.connector({ type: 'AssignConnectorToGroup', connectorId, connectorGroupId: 'default' });
      expect((await refusal(again)).code).to.equal('ERR_CONNECTOR_REVOKED');
    });

    const presence = async () => {
      const { connectors: found } = await callEndpoint(world.caller, TENANT, connectors, { id: connectorId });
      return found[0]?.presence;
    };
    const beat = (isDraining: boolean) => {
      const heartbeat = { instanceId: 'i1', sentAt: new Date().toISOString(), openChannels: 0, isDraining };
      world.caller.publish(heartbeatSubject(connectorId), encodeHeartbeat(heartbeat));
    };
  });

  it('lets one of two publications at once have the URL', async () => {
    const publish = (name: string) =>
      world.app({
        type: 'PublishApp',
        settings: { name, internalUrl: 'http://localhost:1', externalUrl: 'https://race.sallyport.localhost/' },
      });
    const outcomes = await Promise.allSettled([publish('one'), publish('two'), publish('three')]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    for (const one of outcomes)
      if (one.status === 'rejected')
        expect((one.reason as { code: string }).code).to.be.oneOf(['ERR_APP_DUPLICATE_URL', 'ERR_APP_URL_CONTENDED']);
  });

  it('goes on after the hub was killed, without loss and without a restart', async function () {
    this.timeout(30_000);
    const before = await callEndpoint(world.caller, TENANT, apps, { limit: 500 });
    await world.nats.restart('SIGKILL');
    const commandId = newId('cmd');
    const command = { type: 'PublishApp', settings: { name: 'After', internalUrl: 'http://localhost:1' } } as const;
    // What a caller does with a retryable error: the same command again.
    const app = await until(() => world.app(command, { commandId }).catch(() => undefined), 20_000);
    const after = await until(async () => {
      const listed = await callEndpoint(world.caller, TENANT, apps, { limit: 500 });
      return listed.apps.length > before.apps.length ? listed : undefined;
    });
    expect(after.apps).to.deep.include.members([...before.apps, app]);
    expect(after.apps).to.have.length(before.apps.length + 1);
  });

  it('shows the same after a restart, from facts alone', async () => {
    const before = await callEndpoint(world.caller, TENANT, apps, { includeRetired: true, limit: 500 });
    await world.restart();
    expect(await callEndpoint(world.caller, TENANT, apps, { includeRetired: true, limit: 500 })).to.deep.equal(before);
  });

  const nextMessage = async (subject: string) => {
    const subscription = world.caller.subscribe(subject, { max: 1 });
    await world.caller.flush();
    for await (const message of subscription) return message;
    throw new Error(`no message on ${subject}`);
  };
});

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string; retryable: boolean }> {
  try {
    await work;
  } catch (error) {
    return error as { code: string; message: string; retryable: boolean };
  }
  throw new Error('expected a refusal');
}
