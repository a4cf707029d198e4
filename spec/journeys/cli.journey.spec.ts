import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { AppView, AuditEvent } from '#libs/contracts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { type Ran, runProgram } from './support/run-program.ts';

const EXIT = { ok: 0, usage: 2, refused: 3, unavailable: 4 } as const;
const TEXT = 'the app of the CLI journey';

describe('sallyport, the command line of a running system', function commandLine() {
  this.timeout(60_000);
  let world: World;
  let origin: Server;
  let address: string;
  let app: AppView;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    origin = createServer((_request, response) => response.end(TEXT));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
  });

  after(() => {
    origin?.close();
    origin?.closeAllConnections();
  });

  const sallyport = (...args: string[]): Promise<Ran> =>
    runProgram(process.execPath, [join(PROJECT_ROOT, 'scripts', 'sallyport.mjs'), ...args]);
  const here = (...args: string[]) => sallyport(...args, '--data-dir', world.ready.dataDir);

  it('publishes an address in one line and prints the URL at which it answers', async () => {
    const { code, out, err } = await here('publish', address);
    expect({ code, err }).to.deep.equal({ code: EXIT.ok, err: '' });
    const [, externalUrl = ''] = /│ (https:\/\/\S+) +│/.exec(out) ?? [];
    expect(out.split('\n')[0]).to.match(/^┌─+┐$/);
    expect(externalUrl).to.contain('.sallyport.localhost:');
    const browser = await world.signIn('bob', externalUrl);
    expect((await browser.get(externalUrl)).body).to.equal(TEXT);
    const name = /│ (\S+) is published/.exec(out)?.[1] ?? '';
    expect((await here('apps', 'retire', name)).code).to.equal(EXIT.ok);
    expect((await world.call(externalUrl)).status).to.equal(404);
  });

  it('speaks JSON to programs', async () => {
    const { code, out } = await here('publish', address, '--name', 'cli-json', '--passthrough', '--json');
    expect(code).to.equal(EXIT.ok);
    app = JSON.parse(out) as AppView;
    expect(app).to.deep.include({ name: 'cli-json', preauthentication: 'passthrough', internalUrl: `${address}/` });
    expect((await world.call(app.externalUrl)).text).to.equal(TEXT);
    const listed = JSON.parse((await here('apps', 'list', '--json')).out) as { apps: AppView[] };
    expect(listed.apps.map(({ id }) => id)).to.include(app.id);
  });

  it('assigns an app to an app role and takes that back', async () => {
    const roles = async () => (JSON.parse((await here('apps', 'show', 'cli-json', '--json')).out) as AppView).roles;
    expect((await here('apps', 'assign', 'cli-json', '--role', 'Wiki.Reader', '--role', 'a/b')).code).to.equal(EXIT.ok);
    expect(await roles()).to.deep.equal(['Wiki.Reader', 'a/b']);
    expect((await here('apps', 'unassign', 'cli-json', '--role', 'a/b')).code).to.equal(EXIT.ok);
    expect(await roles()).to.deep.equal(['Wiki.Reader']);
    const refused = await here('apps', 'assign', 'cli-json', '--role', 'two words');
    expect(refused.code).to.equal(EXIT.refused);
    expect(refused.err).to.contain('ERR_APP_ASSIGNMENT');
  });

  it('retires an app: its address is free, and nobody answers there any more', async () => {
    expect((await here('apps', 'retire', 'cli-json')).code).to.equal(EXIT.ok);
    expect((await world.call(app.externalUrl)).status).to.equal(404);
  });

  it('shows the facts of all this in order', async () => {
    const { code, out } = await here('events', 'tail', '--after', '0', '--no-follow', '--json');
    expect(code).to.equal(EXIT.ok);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent);
    const ofApp = events.filter(({ subjectId }) => subjectId === app.id);
    expect(ofApp.map(({ type }) => type)).to.deep.equal([
      'AppPublished',
      'AppRoleAssigned',
      'AppRoleAssigned',
      'AppRoleUnassigned',
      'AppRetired',
    ]);
    expect(events.map(({ position }) => position)).to.deep.equal(
      events.map(({ position }) => position).toSorted((a, b) => a - b),
    );
    expect(ofApp[0]?.actor.kind).to.equal('local-operator');
  });

  it('rebuilds how apps were at an instant, before and after a change', async () => {
    const { out } = await here(
      'events',
      'tail',
      '--after',
      '0',
      '--no-follow',
      '--json',
      '--types',
      'AppPublished,AppRetired',
    );
    const facts = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent);
    const at = (type: string) => facts.find((fact) => fact.type === type && fact.subjectId === app.id)?.at ?? '';
    const statusAt = async (instant: string) => {
      const replayed = await here('replay', '--at', instant, '--json');
      expect(replayed.code).to.equal(EXIT.ok);
      const { apps } = JSON.parse(replayed.out) as { apps: { id: string; status: string }[] };
      return apps.find(({ id }) => id === app.id)?.status ?? 'absent';
    };
    const justBefore = (instant: string) => new Date(Date.parse(instant) - 1).toISOString();
    expect(await statusAt(justBefore(at('AppPublished')))).to.equal('absent');
    expect(await statusAt(justBefore(at('AppRetired')))).to.equal('published');
    expect(await statusAt(new Date().toISOString())).to.be.oneOf(['retired', 'absent']);
  });

  it('ends with 2 when it is used wrongly', async () => {
    for (const args of [
      ['publish'],
      ['no-such-command'],
      ['publish', address, '--no-such-option'],
      ['publish', 'http://'],
    ]) {
      const { code, out, err } = await here(...args);
      expect({ code, out }, args.join(' ')).to.deep.equal({ code: EXIT.usage, out: '' });
      expect(err, args.join(' ')).to.match(/^sallyport: .+/);
    }
  });

  it('ends with 3 when the system refuses, and says why', async () => {
    const absent = await here('apps', 'retire', 'app_absent');
    expect(absent.code).to.equal(EXIT.refused);
    expect(absent.err).to.match(/^sallyport: .*app_absent/);
    const taken = await here(
      'publish',
      address,
      '--name',
      'other',
      '--external-url',
      world.app('status').externalUrl,
      '--json',
    );
    expect(taken.code).to.equal(EXIT.refused);
    expect(JSON.parse(taken.err)).to.have.nested.property('error.code', 'ERR_APP_DUPLICATE_URL');
    const ftp = await here('publish', 'ftp://127.0.0.1/', '--name', 'ftp');
    expect(ftp.code).to.equal(EXIT.refused);
    const { apps } = JSON.parse((await here('apps', 'list', '--json')).out) as { apps: AppView[] };
    expect(apps.map(({ name }) => name)).not.to.include.members(['other', 'ftp']);
  });

  it('ends with 4 when nothing runs, and says how to start it', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'sallyport-nothing-'));
    const { code, out, err } = await sallyport('apps', 'list', '--data-dir', empty);
    await rm(empty, { recursive: true });
    expect({ code, out }).to.deep.equal({ code: EXIT.unavailable, out: '' });
    expect(err).to.contain('npm start');
    const { code: unanswered } = await sallyport('apps', 'list', '--api-url', 'https://127.0.0.1:1', '--token', 'x');
    expect(unanswered).to.equal(EXIT.unavailable);
  });
});
