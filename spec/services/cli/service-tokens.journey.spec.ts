import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { ServiceTokenView } from '#libs/contracts';
import { APP, type Asked, type CliWorld, type FakeAnswer, startCliWorld } from './support.ts';

const TEXT = `sallyport_stk_${'a'.repeat(24)}_${'b'.repeat(32)}`;
const view = (change: Partial<ServiceTokenView> = {}): ServiceTokenView => ({
  id: 'stk_1',
  revision: 3,
  name: 'nightly report',
  status: 'active',
  appIds: ['app_1'],
  expiresAt: '2026-12-22T10:00:00.000Z',
  previousUntil: null,
  ...change,
});

describe('sallyport service-tokens', () => {
  let world: CliWorld;
  let known: ServiceTokenView[];
  before(async () => {
    world = await startCliWorld();
  });
  after(() => world.stop());
  beforeEach(() => {
    known = [view(), view({ id: 'stk_2', name: 'old', status: 'revoked' })];
    world.answer(api);
  });

  function api({ method, path }: Asked): FakeAnswer {
    if (path.startsWith('apps?')) return { body: { apps: [{ ...APP, id: 'app_1', name: 'Reports' }], next: null } };
    if (path.startsWith('service-tokens') && method === 'GET') return { body: { serviceTokens: known } };
    const isMade = method === 'POST';
    return { status: isMade ? 201 : 200, body: { serviceToken: view(), token: isMade ? TEXT : null } };
  }
  const sent = () =>
    world.asked.filter(({ method }) => method !== 'GET').map(({ method, path, body }) => [method, path, body]);

  it('issue prints the token alone on stdout, and on stderr that it is shown this once', async () => {
    const ran = await world.run(['service-tokens', 'issue', 'nightly report', 'reports', '--days', '30']);
    expect(ran).to.include({ code: 0, out: `${TEXT}\n` });
    expect(ran.err).to.contain('shown this once').and.contain('2026-12-22').and.not.contain(TEXT);
    expect(sent()).to.deep.equal([
      ['POST', 'service-tokens', { name: 'nightly report', appIds: ['app_1'], lifetimeDays: 30 }],
    ]);
  });

  it('issue prints all that the API says with --json, and nothing else', async () => {
    const ran = await world.run(['service-tokens', 'issue', 'x', 'app_1', '--json']);
    expect(JSON.parse(ran.out)).to.deep.equal({ serviceToken: view(), token: TEXT });
    expect(ran.err).to.equal('');
  });

  it('issue says what to do where the token was told before', async () => {
    world.answer((asked) => (asked.method === 'POST' ? { body: { serviceToken: view(), token: null } } : api(asked)));
    const ran = await world.run(['service-tokens', 'issue', 'x', 'app_1']);
    expect(ran).to.include({ code: 0, out: '' });
    expect(ran.err).to.contain('Rotate it');
  });

  it('list shows those that count, their apps by name, and never a secret', async () => {
    const ran = await world.run(['service-tokens', 'list']);
    expect(ran.out).to.contain('nightly report').and.contain('Reports').and.not.contain('stk_2');
    expect((await world.run(['service-tokens', 'list', '--all'])).out)
      .to.contain('stk_2')
      .and.contain('revoked');
    known = [];
    expect((await world.run(['service-tokens', 'list'])).out).to.contain('no service tokens');
    await world.run(['service-tokens', 'list', '--app', 'Reports']);
    expect(world.asked.at(-2)?.path ?? '').to.match(/appId=app_1|apps/);
  });

  it('rotate takes a name or an id, days and an overlap', async () => {
    await world.run(['service-tokens', 'rotate', 'Nightly Report', '--overlap-hours', '0']);
    await world.run(['service-tokens', 'rotate', 'stk_1', '--days', '7']);
    expect(sent()).to.deep.equal([
      ['POST', 'service-tokens/stk_1/rotate', { overlapHours: 0 }],
      ['POST', 'service-tokens/stk_1/rotate', { lifetimeDays: 7 }],
    ]);
  });

  it('apps and revoke say what is so now', async () => {
    const apps = await world.run(['service-tokens', 'apps', 'nightly report', 'reports']);
    expect(apps.out).to.equal('nightly report (stk_1) opens 1 app\n');
    const revoked = await world.run(['service-tokens', 'revoke', 'nightly report', '--reason', 'lost']);
    expect(revoked.out).to.equal('nightly report (stk_1) is revoked\n');
    expect(sent().map(([method, path]) => [method, path])).to.deep.equal([
      ['PUT', 'service-tokens/stk_1/apps'],
      ['DELETE', 'service-tokens/stk_1?reason=lost'],
    ]);
  });

  it('names one that counts before another of the same name that does not', async () => {
    known = [view({ id: 'stk_0', status: 'expired' }), view()];
    await world.run(['service-tokens', 'revoke', 'nightly report']);
    expect(sent()[0]?.[1]).to.match(/^service-tokens\/stk_1/);
  });

  for (const [what, args, code] of [
    ['without an app', ['issue', 'x'], 2],
    ['for no number of days', ['issue', 'x', 'app_1', '--days', 'soon'], 2],
    ['for too many days', ['issue', 'x', 'app_1', '--days', '367'], 2],
    ['with too long an overlap', ['rotate', 'stk_1', '--overlap-hours', '169'], 2],
    ['that nobody knows', ['revoke', 'nobody'], 3],
    ['for an app that nobody knows', ['issue', 'x', 'nothing'], 3],
  ] as const)
    it(`are refused ${what}, and nothing is asked for`, async () => {
      const ran = await world.run(['service-tokens', ...args]);
      expect(ran.code, ran.err).to.equal(code);
      expect(sent()).to.deep.equal([]);
    });
});
