import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { until } from '../support/until.ts';
import { startWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const BACK_WITHIN_MS = 30_000;

describe('sessions', function sessionsSurvive() {
  this.timeout(WORLD_TIMEOUT_MS);
  let folder: string;
  let world: World;
  let url: string;
  let cookie: string;
  let sessionIds: string[];

  const ask = async () => (await world.call(url, { headers: { cookie }, timeoutMs: 5_000 })).status;
  const listed = async () => {
    const query = new URLSearchParams({ user: world.userId('bob'), activeOnly: 'true' });
    const found = (await world.api('GET', `/sessions?${query.toString()}`)) as { sessions: { id: string }[] };
    return found.sessions.map(({ id }) => id);
  };
  const goesOn = (what: string) =>
    until(async () => (await ask().catch(() => 0)) === 200, { deadlineMs: BACK_WITHIN_MS, everyMs: 100, what });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-sessions-'));
    world = await startWorld({ dataDir: join(folder, 'data') });
    url = world.app('dumper').externalUrl;
    cookie = (await world.signIn('bob', url)).cookieHeader(url);
    expect(await ask()).to.equal(200);
    sessionIds = await listed();
    expect(sessionIds).to.have.length(1);
  });
  after(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const name of ['auth', 'ingress', 'routing', 'hub'])
    it(`go on after ${name} was killed and started again`, async () => {
      const { [name]: pid } = await world.processes();
      if (pid === undefined) throw new Error(`no process named ${name}`);
      process.kill(pid, 'SIGKILL');
      const isBack = async () => ((await world.processes())[name] ?? pid) !== pid;
      await until(isBack, { deadlineMs: BACK_WITHIN_MS, everyMs: 50, what: `${name} runs again` });
      await goesOn('the same cookie goes on');
    });

  it('go on after everything was stopped and started again, and are still listed and ended', async () => {
    const { dataDir } = world.start;
    expect(await world.stop()).to.equal(0);
    world = await startWorld({ dataDir });
    await goesOn('the same cookie goes on');
    expect(await listed()).to.deep.equal(sessionIds);
    await world.api('POST', `/users/${world.userId('bob')}/sign-out`, {});
    await until(async () => (await ask()) !== 200, { what: 'the cookie is refused' });
    expect(await listed()).to.deep.equal([]);
  });
});
