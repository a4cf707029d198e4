import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  type AppFact,
  type AppSettings,
  appAggregate,
  appSettings,
  connectorAggregate,
  connectorPresenceAggregate,
  EVENT_TYPES,
  SETTINGS_SINCE_V2,
  userSessionAggregate,
} from '#libs/contracts';
import { type AggregateRef, type Fact, InMemoryEventStore } from '#libs/events';
import { replayAt } from '../../../../services/audit/src/replay/replay-runner.ts';

const settings: AppSettings = appSettings.parse({
  ...SETTINGS_SINCE_V2,
  name: 'wiki',
  internalUrl: 'http://wiki.internal/',
  externalUrl: 'https://wiki.sallyport.localhost/',
  preauthentication: 'oidc',
  connectorGroupId: 'default',
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
});

function world() {
  const store = new InMemoryEventStore({ types: EVENT_TYPES });
  let commands = 0;
  const record = async <F extends Fact>(ref: AggregateRef<F>, at: string, facts: readonly F[]) => {
    const { revision } = await store.load(ref);
    commands += 1;
    await store.append(ref, revision, facts, {
      commandId: `cmd_${commands}`,
      at,
      actor: { kind: 'system', id: 'spec' },
      correlationId: 'spec',
    });
  };
  return { store, record };
}

const wiki: AggregateRef<AppFact> = { tenant: 'main', type: appAggregate, id: 'app_wiki' };

describe('replayAt', () => {
  it('shows an app as it was before, between and after its changes', async () => {
    const { store, record } = world();
    await record(wiki, '2026-11-22T10:00:00.000Z', [{ type: 'AppPublished', data: settings }]);
    await record(wiki, '2026-11-22T11:00:00.000Z', [{ type: 'AppRenamed', data: { name: 'handbook' } }]);
    const names = async (at: string) => (await replayAt(store, 'main', at)).apps.map((app) => app.name);
    expect(await names('2026-11-22T09:59:59.999Z')).to.deep.equal([]);
    expect(await names('2026-11-22T10:30:00.000Z')).to.deep.equal(['wiki']);
    expect(await names('2026-11-22T11:00:00.000Z')).to.deep.equal(['handbook']);
  });

  it('shows connectors with the presence they had and sessions that had expired by then', async () => {
    const { store, record } = world();
    const connector = { tenant: 'main', type: connectorAggregate, id: 'con_1' };
    const presence = { tenant: 'main', type: connectorPresenceAggregate, id: 'con_1' };
    const session = { tenant: 'main', type: userSessionAggregate, id: 'ses_1' };
    await record(connector, '2026-11-22T10:00:00.000Z', [
      {
        type: 'ConnectorRegistered',
        data: {
          name: 'office',
          machineName: 'm',
          version: '1',
          userPublicKey: 'U',
          certificateThumbprint: 'a'.repeat(64),
        },
      },
    ]);
    await record(presence, '2026-11-22T10:01:00.000Z', [{ type: 'ConnectorCameOnline', data: { instanceId: 'i' } }]);
    const principal = {
      subject: 's',
      directoryTenant: 't',
      username: 'bob',
      name: 'Bob',
      email: null,
      groups: [],
      roles: [],
      directoryRoles: [],
    };
    await record(session, '2026-11-22T10:02:00.000Z', [
      {
        type: 'SessionStarted',
        data: {
          principal,
          identityProvider: 'x',
          authenticationContexts: [],
          authenticatedAt: '2026-11-22T10:02:00.000Z',
          expiresAt: '2026-11-22T12:00:00.000Z',
          address: '::1',
          userAgent: '',
          refreshToken: 'eyJ.x',
        },
      },
    ]);
    const early = await replayAt(store, 'main', '2026-11-22T10:02:00.000Z');
    expect(early.connectors).to.have.length(1);
    expect(early.connectors[0]).to.include({ name: 'office', status: 'pending', presence: 'online' });
    expect(early.sessions[0]).to.include({ status: 'active' });
    const late = await replayAt(store, 'main', '2026-11-22T13:00:00.000Z');
    expect(late.sessions[0]).to.include({ status: 'expired' });
    expect(late.sessions[0], 'nothing that auth sealed').to.include({ refreshToken: '(sealed)' });
    expect(late.commits).to.equal(3);
  });

  it('leaves other tenants out', async () => {
    const { store, record } = world();
    await record({ ...wiki, tenant: 'other' }, '2026-11-22T10:00:00.000Z', [{ type: 'AppPublished', data: settings }]);
    expect((await replayAt(store, 'main', '2026-11-22T12:00:00.000Z')).apps).to.deep.equal([]);
  });
});
