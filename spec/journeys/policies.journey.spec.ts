import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { ScriptedBrowser } from '#libs/identity';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { type Ran, runProgram } from './support/run-program.ts';

const TEXT = 'the app of the policies journey';
/** Milliseconds until a changed policy must be felt at the ingress. */
const FELT_MS = 1_000;

describe('conditional access policies, from the file of an admin to the page of a user', function policiesJourney() {
  this.timeout(60_000);
  let world: World;
  let origin: Server;
  let app: AnnouncedApp;
  let folder: string;
  let bob: ScriptedBrowser;
  let alice: ScriptedBrowser;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    folder = await mkdtemp(join(tmpdir(), 'sallyport-policies-'));
    world = await sharedWorld();
    origin = createServer((_request, response) => response.end(TEXT));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const internalUrl = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    app = await world.publish({ name: 'policies-journey', internalUrl }, ['alice', 'bob']);
    [alice, bob] = [await world.signIn('alice', app.externalUrl), await world.signIn('bob', app.externalUrl)];
  });

  after(async () => {
    await sallyport('policies', 'apply', await fileWith([]));
    await world?.retire(app);
    origin?.close();
    origin?.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  const sallyport = (...args: string[]): Promise<Ran> => {
    const script = join(PROJECT_ROOT, 'scripts', 'sallyport.mjs');
    return runProgram(process.execPath, [script, ...args, '--data-dir', world.ready.dataDir]);
  };
  const fileWith = async (policies: readonly object[], locations: readonly object[] = []): Promise<string> => {
    const file = join(folder, 'policies.json');
    await writeFile(file, JSON.stringify({ policies, locations }));
    return file;
  };
  const apply = async (state: string): Promise<void> => {
    const policy = {
      name: 'Not Bob from here',
      state,
      assignments: { users: { include: { users: [world.userId('bob')] } }, apps: { include: [app.id] } },
      conditions: { locations: { include: ['loopback'] } },
      grant: { kind: 'block' },
    };
    const loopback = { id: 'loopback', name: 'This machine', ranges: ['127.0.0.0/8', '::1/128'] };
    const { code, err } = await sallyport('policies', 'apply', await fileWith([policy], [loopback]));
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  };
  const statusOf = async (browser: ScriptedBrowser) => (await browser.get(app.externalUrl)).status;
  const becomes = (status: number) =>
    until(async () => (await statusOf(bob)) === status, { deadlineMs: FELT_MS, what: `bob gets ${status}` });

  it('change nothing while they are report-only', async () => {
    await apply('report-only');
    expect([await statusOf(bob), await statusOf(alice)]).to.deep.equal([200, 200]);
    expect((await sallyport('policies', 'list')).out).to.match(/Not Bob from here +report-only +1 user /);
  });

  it('deny whom they are about within a second, with a receipt, and nobody else', async () => {
    await apply('on');
    await becomes(403);
    const page = await bob.get(app.externalUrl);
    const [receipt = 'no receipt'] = /dec_[a-z2-7]{24}/.exec(page.body) ?? [];
    expect(page.body).to.not.contain(TEXT);
    expect(await statusOf(alice)).to.equal(200);
    const explained = await sallyport('explain', receipt);
    expect(explained.code).to.equal(0);
    expect(explained.out).to.contain('Not Bob from here').and.contain('conditions.locations');
  });

  it('let in again when they are switched off', async () => {
    await apply('off');
    await becomes(200);
  });

  it('are not taken when no administrator could open the portal any more', async () => {
    const block = {
      name: 'Nobody anywhere',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: 'all' } },
      grant: { kind: 'block' },
    };
    const { code, err } = await sallyport('policies', 'apply', await fileWith([block]));
    expect([code, err.includes('"Nobody anywhere"'), err.includes('ERR_POLICY_LOCKOUT')]).to.deep.equal([
      3,
      true,
      true,
    ]);
    expect(await statusOf(alice)).to.equal(200);
  });
});
