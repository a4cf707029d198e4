// long because the three apps share one world, one browser and one measure of memory: apart they would be started thrice.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import type { LocalApp } from '../support/apps/local-app.ts';
import { startNginx } from '../support/apps/nginx.ts';
import { startNodeRed } from '../support/apps/node-red.ts';
import { startVerdaccio } from '../support/apps/verdaccio.ts';
import { isBrowserSkipped, newBrowserContext, textOf } from '../support/browser.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { growthDuring, MIB, sha256Of, writeLargeFile } from './support/large-files.ts';
import { runProgram } from './support/run-program.ts';
import { openWatchedPage } from './support/watched-page.ts';

const UPLOAD_BYTES = 100 * MIB;
const DOWNLOAD_BYTES = 1024 * MIB;
const MAX_GROWTH_BYTES = 64 * MIB;
const INSTALL_TIMEOUT_MS = 300_000;
const TRANSFER_TIMEOUT_MS = 120_000;

/** Verdaccio makes absolute addresses from the Host it is asked for: it must see the external one. */
const SETTINGS: Readonly<Record<string, { readonly translateHeaders: boolean }>> = {
  verdaccio: { translateHeaders: false },
};
const UPLOAD_PAGE = `<!doctype html><html lang="en"><title>Share</title><link rel="icon" href="data:,">
<label>File <input type="file" id="file"></label><output id="done"></output>
<script>
document.getElementById('file').addEventListener('change', async ({ target: { files: [file] } }) => {
  const answer = await fetch('/uploads/' + file.name, { method: 'PUT', body: file });
  // An answer that nobody reads to its end counts as aborted in Chromium.
  await answer.text();
  document.getElementById('done').textContent = 'stored ' + answer.status;
});
</script></html>`;

describe('web apps nobody here wrote, through the tunnel', function thirdParty() {
  this.timeout(60_000);
  let world: World;
  let folder: string;
  let context: BrowserContext;
  const origins: LocalApp[] = [];
  const apps = new Map<string, AnnouncedApp>();

  before(async function startAll() {
    this.timeout(WORLD_TIMEOUT_MS + INSTALL_TIMEOUT_MS);
    world = await sharedWorld();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-apps-'));
    const starts = { verdaccio: startVerdaccio, 'node-red': startNodeRed, share: startNginx };
    for (const [name, start] of Object.entries(starts)) {
      const own = join(folder, name);
      await mkdir(own);
      const origin = await start(own);
      origins.push(origin);
      apps.set(name, await world.publish({ name, internalUrl: origin.url, ...SETTINGS[name] }, ['bob']));
    }
    if (!isBrowserSkipped()) context = await newBrowserContext();
  });

  after(async () => {
    await context?.close();
    for (const origin of origins) await origin.stop();
    for (const app of apps.values()) await world.retire(app);
    await rm(folder, { recursive: true, force: true });
  });

  const urlOf = (name: string) => apps.get(name)?.externalUrl ?? `no app ${name}`;
  const openPage = (name: string, path = '') => openWatchedPage(context, `${urlOf(name)}${path}`, 'bob');

  describe('the npm registry Verdaccio', () => {
    const account = { name: 'ada', password: 'a registry password' };
    let registry: AnnouncedApp;
    let token: string;

    before(async () => {
      // npm has no browser to sign in with: Verdaccio guards itself with its own tokens, so this app is passthrough.
      const internalUrl = origins[0]?.url ?? '';
      registry = await world.publish({
        name: 'registry',
        internalUrl,
        preauthentication: 'passthrough',
        translateHeaders: false,
      });
      apps.set('registry', registry);
      const answer = await world.call(`${registry.externalUrl}-/user/org.couchdb.user:${account.name}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(account),
      });
      expect(answer.status, answer.text).to.equal(201);
      token = String(answer.json().token);
    });

    it('takes a package from the real npm client and gives it back, byte for byte', async () => {
      const source = join(folder, 'package');
      const target = join(folder, 'consumer');
      await mkdir(source);
      await mkdir(target);
      const payload = randomBytes(5 * MIB);
      await writeFile(join(source, 'payload.bin'), payload);
      await writeFile(join(source, 'package.json'), JSON.stringify({ name: 'tunneled', version: '1.0.0' }));
      await writeFile(join(target, 'package.json'), JSON.stringify({ private: true }));
      const { host } = new URL(registry.externalUrl);
      const npmrc = `registry=${registry.externalUrl}\ncafile=${world.ready.caFile}\n//${host}/:_authToken=${token}\naudit=false\nfund=false\nfetch-retries=0\nupdate-notifier=false\n`;
      for (const where of [source, target]) await writeFile(join(where, '.npmrc'), npmrc);
      const env = {
        PATH: process.env.PATH,
        HOME: folder,
        NODE_OPTIONS: `--require=${join(PROJECT_ROOT, 'spec', 'support', 'apps', 'loopback-dns.cjs')}`,
      };
      const published = await runProgram('npm', ['publish'], { cwd: source, env });
      expect(published.code, published.err).to.equal(0);
      const installed = await runProgram('npm', ['install', 'tunneled@1.0.0'], { cwd: target, env });
      expect(installed.code, installed.err).to.equal(0);
      const arrived = await readFile(join(target, 'node_modules', 'tunneled', 'payload.bin'));
      expect(arrived.equals(payload)).to.equal(true);
    });

    it('names its packages by the external address, so that nothing goes round the tunnel', async () => {
      const answer = await world.call(`${registry.externalUrl}tunneled`);
      const { versions } = answer.json() as { versions: Record<string, { dist: { tarball: string } }> };
      expect(versions['1.0.0']?.dist.tarball).to.equal(`${registry.externalUrl}tunneled/-/tunneled-1.0.0.tgz`);
    });

    it('shows its pages and signs in by its own form, behind ours', async function browse() {
      if (isBrowserSkipped()) this.skip();
      const { page, problems } = await openPage('verdaccio');
      await page.waitForSelector('text=tunneled');
      await page.click('[data-testid="header--button-login"]');
      await page.fill('#login--dialog-username', account.name);
      await page.fill('#login--dialog-password', account.password);
      await page.click('#login--dialog-button-submit');
      await page.waitForSelector('[data-testid="logInDialogIcon"]');
      await page.goto(`${urlOf('verdaccio')}-/web/detail/tunneled`);
      await page.waitForSelector(
        'h1:has-text("tunneled"), h2:has-text("tunneled"), h3:has-text("tunneled"), h5:has-text("tunneled"), h6:has-text("tunneled")',
      );
      expect(problems).to.deep.equal([]);
      await page.close();
    });
  });

  describe('the flow editor Node-RED', () => {
    it('loads its editor and keeps its WebSocket open', async function load() {
      if (isBrowserSkipped()) this.skip();
      const { page, problems, requested } = await openPage('node-red');
      await page.waitForSelector('#red-ui-palette .red-ui-palette-node');
      expect(await page.locator('#red-ui-palette .red-ui-palette-node').count()).to.be.above(20);
      expect(requested.filter((url) => url.endsWith('/comms'))).to.have.length(1);
      expect(problems).to.deep.equal([]);
      await page.close();
    });

    it('deploys a flow by its REST API from the signed-in page, and the flow answers a form', async function deploy() {
      if (isBrowserSkipped()) this.skip();
      const { page } = await openPage('node-red');
      const form = '<form method="post" action="/greet"><input name="who"><button>Greet</button></form>';
      const flows = [
        { id: 't1', type: 'tab', label: 'Greeter' },
        { id: 'a1', type: 'http in', z: 't1', url: '/greet', method: 'get', wires: [['a2']] },
        { id: 'a2', type: 'template', z: 't1', field: 'payload', template: form, output: 'str', wires: [['a3']] },
        { id: 'a3', type: 'http response', z: 't1', headers: { 'content-type': 'text/html' }, wires: [] },
        { id: 'b1', type: 'http in', z: 't1', url: '/greet', method: 'post', wires: [['b2']] },
        {
          id: 'b2',
          type: 'template',
          z: 't1',
          field: 'payload',
          template: 'Good day, {{payload.who}}',
          output: 'str',
          wires: [['a3']],
        },
      ];
      const deployed = await page.evaluate(async (body) => {
        const headers = { 'content-type': 'application/json', 'Node-RED-Deployment-Type': 'full' };
        return (await fetch('/flows', { method: 'POST', headers, body })).status;
      }, JSON.stringify(flows));
      expect(deployed).to.equal(204);
      await page.goto(`${urlOf('node-red')}greet`);
      await page.fill('input[name=who]', 'Zoë & 王');
      await page.click('button');
      await page.waitForSelector('text=Good day');
      expect(await textOf(page, 'body')).to.equal('Good day, Zoë & 王');
      await page.close();
    });
  });

  describe('the file share of nginx', () => {
    const share = () => join(folder, 'share');
    let largeSha256: string;

    before(async function makeFiles() {
      this.timeout(TRANSFER_TIMEOUT_MS);
      await writeFile(join(share(), 'public', 'index.html'), UPLOAD_PAGE);
      await writeFile(join(share(), 'files', 'read me.txt'), 'hello from nginx');
      largeSha256 = await writeLargeFile(join(share(), 'files', 'large.bin'), DOWNLOAD_BYTES);
    });

    it('lists its files and opens one', async function list() {
      if (isBrowserSkipped()) this.skip();
      const { page, problems } = await openPage('share', 'files/');
      expect(await page.locator('a').allTextContents()).to.include.members(['large.bin', 'read me.txt']);
      await page.click('a:has-text("read me.txt")');
      await page.waitForURL(`${urlOf('share')}files/read%20me.txt`);
      expect(await textOf(page, 'body')).to.equal('hello from nginx');
      expect(problems.filter((problem) => !problem.includes('/favicon.ico'))).to.deep.equal([]);
      await page.close();
    });

    it(`takes ${UPLOAD_BYTES / MIB} MiB from a file input unchanged`, async function upload() {
      if (isBrowserSkipped()) this.skip();
      this.timeout(TRANSFER_TIMEOUT_MS);
      const file = join(folder, 'upload.bin');
      const sent = await writeLargeFile(file, UPLOAD_BYTES);
      const { page, problems } = await openPage('share');
      const growth = await growthDuring(world, async () => {
        await page.setInputFiles('#file', file);
        await page.waitForSelector('text=stored 201', { timeout: TRANSFER_TIMEOUT_MS });
      });
      expect(await sha256Of(join(share(), 'uploads', 'upload.bin'))).to.equal(sent);
      expect(growth.ingress, 'growth of ingress').to.be.below(MAX_GROWTH_BYTES);
      expect(growth.connector, 'growth of connector').to.be.below(MAX_GROWTH_BYTES);
      expect(problems).to.deep.equal([]);
      await page.close();
    });

    for (const [how, ranges] of [
      ['whole', ['']],
      ['in four ranges', ['0-268435455', '268435456-536870911', '536870912-805306367', '805306368-']],
    ] as const) {
      it(`gives ${DOWNLOAD_BYTES / MIB} MiB ${how} unchanged, in constant memory`, async function download() {
        this.timeout(TRANSFER_TIMEOUT_MS);
        const cookie = (await world.signIn('bob', `${urlOf('share')}files/read%20me.txt`)).cookieHeader(urlOf('share'));
        const url = `${urlOf('share')}files/large.bin`;
        const fetchOne = (range: string) =>
          `curl -sS --fail --cacert "$CA" -H "Cookie: $COOKIE" -w '%{stderr}%{http_code} ' ${range && `-r ${range}`} ${url}`;
        const script = `set -e; { ${ranges.map(fetchOne).join('; ')}; } | sha256sum`;
        let ran = { out: '', err: '' };
        const growth = await growthDuring(world, async () => {
          const env = { PATH: process.env.PATH, CA: world.ready.caFile, COOKIE: cookie };
          ran = await runProgram('bash', ['--norc', '-o', 'pipefail', '-c', script], {
            env,
            timeoutMs: TRANSFER_TIMEOUT_MS,
          });
        });
        expect(ran.err.trim().split(' ')).to.deep.equal(ranges.map((range) => (range === '' ? '200' : '206')));
        expect(ran.out.slice(0, 64)).to.equal(largeSha256);
        expect(growth.ingress, 'growth of ingress').to.be.below(MAX_GROWTH_BYTES);
        expect(growth.connector, 'growth of connector').to.be.below(MAX_GROWTH_BYTES);
      });
    }
  });

  describe('their sessions', () => {
    it('are all ended by one sign-out', async function signOut() {
      if (isBrowserSkipped()) this.skip();
      const { page } = await openPage('share', 'files/');
      const portal = await context.newPage();
      await portal.goto(world.ready.portalUrl);
      const tiles = await portal.locator('.tile .name').allTextContents();
      expect(tiles).to.include.members(['verdaccio', 'node-red', 'share']);
      if (process.env.SALLYPORT_DOC_IMAGES === '1') await takePortalImage(portal);
      await portal.click('button:has-text("Sign out")');
      await portal.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
      await portal.click('button[type=submit]');
      await portal.waitForURL(/\/\.sallyport\/signed-out/);
      const status = await page.evaluate(async () => (await fetch('/files/')).status);
      expect(status).to.equal(401);
      for (const name of ['verdaccio', 'node-red', 'share']) {
        await page.goto(urlOf(name));
        expect(new URL(page.url()).host, name).to.equal(new URL(world.system.issuer).host);
      }
    });
  });
});

/** `SALLYPORT_DOC_IMAGES=1` renews the picture of the README. */
async function takePortalImage(portal: Page): Promise<void> {
  const size = portal.viewportSize();
  await portal.setViewportSize({ width: 1280, height: 720 });
  await portal.screenshot({ path: join(PROJECT_ROOT, 'docs', 'images', 'portal.png') });
  if (size) await portal.setViewportSize(size);
}
