import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { AppView } from '#libs/contracts';
import { issueServerCertificate, readAuthority } from '#libs/pki';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { type Ran, runProgram } from './support/run-program.ts';

describe('names of apps in a running system', function names() {
  this.timeout(60_000);
  let world: World;
  let origin: Server;
  let address: string;
  let folder: string;
  let port: string;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    origin = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      const { host, 'x-forwarded-host': forwardedHost } = request.headers;
      response.end(JSON.stringify({ path: request.url, host, forwardedHost }));
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    folder = await mkdtemp(join(tmpdir(), 'sallyport-names-'));
    port = new URL(world.ready.portalUrl).port;
  });
  after(async () => {
    origin?.close();
    origin?.closeAllConnections();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  const here = (...args: string[]): Promise<Ran> =>
    runProgram(process.execPath, [
      join(PROJECT_ROOT, 'scripts', 'sallyport.mjs'),
      ...args,
      '--data-dir',
      world.ready.dataDir,
    ]);
  const publish = async (...args: string[]): Promise<AppView> => {
    const { code, out, err } = await here('publish', address, ...args, '--json');
    expect(code, err).to.equal(0);
    return JSON.parse(out) as AppView;
  };
  const url = (host: string, path = '/') => `https://${host}.sallyport.localhost:${port}${path}`;
  /** Before the certificate is there the handshake fails, before the app is there it is 404. */
  const answers = async (at: string, status = 200) => {
    const isSo = async () => (await world.call(at)).status === status;
    await until(() => isSo().catch(() => false), { what: `${status} at ${at}`, deadlineMs: 15_000 });
    return world.call(at);
  };
  const installCertificate = async (name: string, dnsNames: readonly [string, ...string[]]) => {
    const pki = join(world.ready.dataDir, 'pki');
    const [certificatePem, privateKeyPem] = await Promise.all([
      readFile(join(pki, 'issuing.pem'), 'utf8'),
      readFile(join(pki, 'issuing.key'), 'utf8'),
    ]);
    const authority = await readAuthority({ certificatePem, privateKeyPem });
    const issued = await issueServerCertificate(authority, { dnsNames, now: new Date() });
    await writeFile(join(folder, 'chain.pem'), issued.chainPem);
    await writeFile(join(folder, 'key.pem'), issued.privateKeyPem);
    const files = ['--cert', join(folder, 'chain.pem'), '--key', join(folder, 'key.pem')];
    const { code, err } = await here('certificates', 'add', name, ...files);
    expect(code, err).to.equal(0);
  };

  it('a wildcard app answers at any of its hosts, after sign-in at that host, with a certificate of its own', async () => {
    await publish('--name', 'Teams', '--external-url', `https://*.teams.sallyport.localhost:${port}`);
    const listed = await here('certificates', 'list');
    expect(listed.out).to.contain('only the default certificate: *.teams.sallyport.localhost');
    await installCertificate('teams', ['*.teams.sallyport.localhost']);
    await answers(url('hr.teams'), 401);
    const browser = await world.signIn('bob', url('hr.teams', '/deep/page?x=1'));
    const page = await browser.get(url('hr.teams', '/deep/page?x=1'));
    expect(JSON.parse(page.body)).to.include({
      path: '/deep/page?x=1',
      forwardedHost: `hr.teams.sallyport.localhost:${port}`,
    });
    expect((await here('certificates', 'list')).out).not.to.contain('only the default certificate');
  });

  it('an app by path has its path, the rest of the host the other one', async () => {
    await publish('--passthrough', '--name', 'Intra', '--external-url', url('intra'));
    await publish('--passthrough', '--name', 'Intra wiki', '--external-url', url('intra', '/wiki/'));
    await answers(url('intra', '/wiki/a'));
    await answers(url('intra', '/wikis'));
    expect(JSON.parse((await world.call(url('intra', '/wiki/a'))).text)).to.include({ path: '/a' });
    expect(JSON.parse((await world.call(url('intra', '/wikis'))).text)).to.include({ path: '/wikis' });
  });

  it('an alternate host leads to the app too, and no other app can take it', async () => {
    const app = await publish('--passthrough', '--name', 'Docs', '--alternate-host', 'handbook.sallyport.localhost');
    await answers(url('handbook', '/a'));
    const taken = await here('publish', address, '--external-url', url('handbook'));
    expect([taken.code, taken.err]).to.satisfy(
      ([code, err]: [number, string]) => code === 3 && err.includes(`belongs to app ${app.id}`),
    );
  });

  it('segments are all that is published of their wildcard', async () => {
    await publish(
      '--passthrough',
      '--name',
      'ERP',
      '--external-url',
      `https://*.erp.sallyport.localhost:${port}`,
      '--segment',
      `${url('pay.erp')}=${address}/payroll/`,
    );
    await installCertificate('erp', ['*.erp.sallyport.localhost']);
    const answer = await answers(url('pay.erp', '/x'));
    expect(JSON.parse(answer.text)).to.include({ path: '/payroll/x' });
    expect((await world.call(url('other.erp'))).status).to.equal(404);
    const emptied = await here('apps', 'change', 'ERP', '--segment', 'all', '--revision', '1');
    expect(emptied.code, 'a revision that is not current').to.equal(3);
  });
});
