import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { ApiClient } from '../../../services/launcher/src/api-client.ts';
import { type AppRow, ensureSampleApps, findStatusPage, listApps } from '../../../services/launcher/src/first-run.ts';
import type { Ports } from '../../../services/launcher/src/ports.ts';

const ports: Ports = {
  ingress: 20_000,
  connectorEndpoint: 20_001,
  identityProvider: 20_002,
  console: 20_003,
  hubClient: 20_004,
  hubLeaf: 20_005,
  hubMonitor: 20_006,
  dumper: 20_007,
  status: 20_008,
};

const app = (name: string, more: Partial<AppRow> = {}): AppRow => ({
  id: `app_${name}`,
  name,
  externalUrl: `https://${name}.sallyport.localhost/`,
  internalUrl: `http://127.0.0.1:${ports.status}/`,
  preauthentication: 'passthrough',
  connectorGroupId: 'default',
  users: [],
  ...more,
});

/** A console that answers two apps a page; retired ones only when asked for them. */
function consoleWith(live: readonly AppRow[], retired: readonly AppRow[] = []) {
  const calls: string[] = [];
  const api: ApiClient = {
    call: async (method, path) => {
      calls.push(`${method} ${path.split('?')[0]}`);
      if (method !== 'GET') return { id: 'app_new' };
      const query = new URL(path, 'https://localhost').searchParams;
      const all = query.get('includeRetired') === 'true' ? [...live, ...retired] : live;
      const from = all.findIndex(({ id }) => id === query.get('after')) + 1;
      const apps = all.slice(from, from + 2);
      return { apps, next: from + 2 < all.length ? (apps.at(-1)?.id ?? null) : null };
    },
    close: async () => undefined,
  };
  return { api, changes: () => calls.filter((call) => !call.startsWith('GET')) };
}

describe('sample apps of npm start', () => {
  it('are published at the first start, the dumper for two of the demo users', async () => {
    const { api, changes } = consoleWith([]);
    await ensureSampleApps(api, ports);
    expect(changes().map((call) => call.replace(/[^/]+$/, '…'))).to.deep.equal([
      'POST /…',
      'PUT /apps/app_new/assignments/users/…',
      'PUT /apps/app_new/assignments/users/…',
      'POST /…',
    ]);
  });

  it('are found again behind any number of other apps', async () => {
    const { api, changes } = consoleWith([app('a'), app('b'), app('c'), app('dumper'), app('status')]);
    await ensureSampleApps(api, ports);
    expect(changes()).to.deep.equal([]);
    expect((await listApps(api)).length).to.equal(5);
  });

  it('stay away once an admin retired them', async () => {
    const { api, changes } = consoleWith([], [app('dumper'), app('status')]);
    await ensureSampleApps(api, ports);
    expect(changes()).to.deep.equal([]);
  });
});

describe('the status page that npm start waits for', () => {
  it('is the sample as it was published', () => {
    expect(findStatusPage([app('dumper'), app('status')], ports)?.name).to.equal('status');
  });

  const changed: readonly (readonly [string, Partial<AppRow>])[] = [
    ['in another connector group', { connectorGroupId: 'office' }],
    ['with another origin', { internalUrl: 'http://127.0.0.1:1/' }],
    ['behind a sign-in', { preauthentication: 'oidc' }],
  ];
  for (const [what, more] of changed) {
    it(`is not waited for ${what}: an admin may have made it unreachable`, () => {
      expect(findStatusPage([app('status', more)], ports)).to.equal(undefined);
    });
  }
});
