import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  type AppFact,
  type AppSettings,
  appAggregate,
  type ConnectorFact,
  connectorAggregate,
  connectorGroupAggregate,
  connectorGroupId,
  SETTINGS_SINCE_V2,
} from '#libs/contracts';
import type { AggregateRef, Fact } from '#libs/events';
import { commitOf, projectionSpec } from '#libs/events/testing';
import { appsOfGroup } from '../../../services/routing/src/apps/app-directory.projection.ts';
import { buildConnectorConfig } from '../../../services/routing/src/config/connector-config.ts';
import { emptyMap, getEntry, valuesOf, withEntry } from '../../../services/routing/src/layered-map.ts';
import { type RoutingView, routingProjection } from '../../../services/routing/src/routing.projection.ts';

const tenant = 'main';
const group = (id: string) => connectorGroupId.parse(id);
const SETTINGS: AppSettings = {
  ...SETTINGS_SINCE_V2,
  name: 'Wiki',
  internalUrl: 'http://localhost:3000/',
  externalUrl: 'https://wiki.sallyport.localhost:8443/',
  preauthentication: 'oidc',
  connectorGroupId: group('east'),
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
};
const REGISTERED: ConnectorFact = {
  type: 'ConnectorRegistered',
  data: { name: 'one', machineName: 'h', version: '1', userPublicKey: 'U', certificateThumbprint: 'a'.repeat(64) },
};
const commit = <F extends Fact>(type: AggregateRef<F>['type'], id: string, position: number, facts: readonly F[]) =>
  commitOf({ tenant, type, id }, facts, { position });
const app = (position: number, ...facts: AppFact[]) => commit(appAggregate, 'app_1', position, facts);
const connector = (position: number, ...facts: ConnectorFact[]) => commit(connectorAggregate, 'con_1', position, facts);

const published: AppFact = { type: 'AppPublished', data: SETTINGS };
const joined = (id: string): ConnectorFact => ({
  type: 'ConnectorAssignedToGroup',
  data: { connectorGroupId: group(id) },
});
const moved = (id: string): AppFact => ({ type: 'AppMovedToConnectorGroup', data: { connectorGroupId: group(id) } });
const secrets = { queueOf: (_tenant: string, id: string) => `queue-of-${id}` };
const configOf = (view: RoutingView) => buildConnectorConfig(view, { connectorId: 'con_1', tenant, secrets });

describe('routing projection', () => {
  const check = projectionSpec(routingProjection(tenant));

  it('gives a connector the published apps of its group', () =>
    check({
      given: [connector(1, REGISTERED, joined('east')), app(2, published)],
      state: (view) => {
        expect(configOf(view)).to.deep.include({ version: 2, status: 'active', queue: 'queue-of-east' });
        expect(configOf(view).apps.map(({ appId }) => appId)).to.deep.equal(['app_1']);
      },
    }));

  it('gives a pending connector nothing', () =>
    check({
      given: [connector(1, REGISTERED), app(2, published)],
      state: (view) => {
        const nothing = { version: 1, status: 'pending', queue: null, apps: [] };
        expect(configOf(view)).to.deep.include(nothing);
      },
    }));

  it('raises the version for the group an app leaves and the one it joins, and for no other', () => {
    const base = [connector(1, REGISTERED, joined('east')), app(2, published)];
    check({ given: [...base, app(3, moved('west'))], state: (view) => expect(configOf(view).version).to.equal(3) });
    const away = [...base, app(3, moved('west')), app(4, { type: 'AppRenamed', data: { name: 'x' } })];
    check({ given: away, state: (view) => expect(configOf(view).version).to.equal(3) });
    check({ given: [...away, app(5, moved('east'))], state: (view) => expect(configOf(view).version).to.equal(5) });
  });

  it('never lowers the version when a connector moves to a quieter group', () =>
    check({
      given: [
        commit(connectorGroupAggregate, 'west', 1, [{ type: 'ConnectorGroupCreated', data: { name: 'West' } }]),
        connector(2, REGISTERED, joined('east')),
        app(3, published),
        connector(4, joined('west')),
      ],
      state: (view) => expect(configOf(view).version).to.equal(4),
    }));

  it('takes retired apps out of the configuration, but not out of the directory', () =>
    check({
      given: [connector(1, REGISTERED, joined('east')), app(2, published), app(3, { type: 'AppRetired', data: {} })],
      state: (view) => {
        expect(configOf(view)).to.deep.include({ version: 3, apps: [] });
        expect(appsOfGroup(view.directory, 'east')).to.deep.equal([]);
        expect(getEntry(view.directory.apps, 'app_1')?.status).to.equal('retired');
      },
    }));
});

describe('layered map', () => {
  it('holds what a map would hold, and older versions stay as they were', () => {
    const key = fc.integer({ min: 0, max: 200 }).map(String);
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.integer()), { maxLength: 600 }), (entries) => {
        let map = emptyMap<number>();
        const expected = new Map<string, number>();
        const half = Math.floor(entries.length / 2);
        let older = { map, expected: new Map(expected) };
        for (const [index, [name, value]] of entries.entries()) {
          map = withEntry(map, name, value);
          expected.set(name, value);
          if (index === half) older = { map, expected: new Map(expected) };
        }
        for (const one of [older, { map, expected }]) {
          for (const [name, value] of one.expected) expect(getEntry(one.map, name)).to.equal(value);
          expect([...valuesOf(one.map)]).to.have.members([...one.expected.values()]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
