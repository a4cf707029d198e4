import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { installJupyterLab, startJupyterLab } from '../support/apps/jupyterlab.ts';
import type { LocalApp } from '../support/apps/local-app.ts';
import { startNodeRed } from '../support/apps/node-red.ts';
import { isBrowserSkipped, newBrowserContext } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { startWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { openWatchedPage } from './support/watched-page.ts';

const INSTALL_TIMEOUT_MS = 300_000;
const RECONNECTED_WITHIN_MS = 30_000;

/** Text the page received over WebSockets (output of a terminal as it was printed), and the status each was accepted with. */
type Wire = { text: string; readonly statuses: number[] };

async function watchWire(page: Page): Promise<Wire> {
  const wire: Wire = { text: '', statuses: [] };
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => (wire.text += printedText(String(payload))));
  });
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.webSocketHandshakeResponseReceived', ({ response }) => wire.statuses.push(response.status));
  return wire;
}

/** terminado's frames are lists: `["stdout", text]`. */
function printedText(payload: string): string {
  const [, text] = /^\["stdout", (".*")\]$/s.exec(payload) ?? [];
  return text === undefined ? `${payload}\n` : String(JSON.parse(text));
}

/** A world of its own, for its connector is killed. */
describe('web apps that live on WebSockets', function webSocketApps() {
  this.timeout(60_000);
  let world: World;
  let folder: string;
  let context: BrowserContext;
  const origins: LocalApp[] = [];

  before(async function startAll() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-websockets-'));
    context = await newBrowserContext();
  });

  after(async function stopAll() {
    this.timeout(WORLD_TIMEOUT_MS);
    await context?.close();
    for (const origin of origins) await origin.stop();
    await world?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const publish = async (name: string, start: (folder: string) => Promise<LocalApp>): Promise<AnnouncedApp> => {
    const own = join(folder, name);
    await mkdir(own);
    const origin = await start(own);
    origins.push(origin);
    return world.publish({ name, internalUrl: origin.url }, ['bob']);
  };

  const restartConnector = async () => {
    const { connector } = await world.processes();
    process.kill(connector ?? 0, 'SIGKILL');
    await until(async () => (await world.processes()).connector !== connector, { what: 'new connector' });
  };

  describe('the terminal of JupyterLab', () => {
    let page: Page;
    let wire: Wire;

    before(async function start() {
      this.timeout(INSTALL_TIMEOUT_MS + 60_000);
      try {
        await installJupyterLab();
      } catch (error) {
        process.stderr.write(`skipped: JupyterLab cannot be installed here: ${String(error).slice(0, 300)}\n`);
        this.skip();
      }
      const app = await publish('jupyter', startJupyterLab);
      ({ page } = await openWatchedPage(context, `${app.externalUrl}lab`, 'bob'));
      wire = await watchWire(page);
    });

    after(() => page?.close());

    /** Types a line, and waits until the shell has answered; the echo of what was typed does not count. */
    const type = async (line: string, answer: RegExp, deadlineMs = 8000) => {
      const from = wire.text.length;
      await page.locator('.xterm-screen').click();
      await page.keyboard.type(`${line}\n`);
      await until(() => answer.test(wire.text.slice(from)), { deadlineMs, what: `${line} answers ${answer}` });
      return wire.text.slice(from);
    };
    const rowsAndColumns = async () => {
      const said = await type('stty size', /\n(\d+) (\d+)\r\n/);
      const [, rows, columns] = /\n(\d+) (\d+)\r\n/.exec(said) ?? [];
      return { rows: Number(rows), columns: Number(columns) };
    };

    it('opens over HTTP/2 and runs what is typed', async () => {
      await page.locator('.jp-LauncherCard[title*="terminal" i]').click();
      await page.waitForSelector('.xterm-screen');
      await until(() => wire.text.includes('"setup"'), { what: 'terminal is set up' });
      await type('echo $((6*7))and', /42and/);
      // 200 is the answer of RFC 8441; over HTTP/1.1 it would be 101.
      expect(new Set(wire.statuses)).to.deep.equal(new Set([200]));
    });

    it('passes on 20,000 lines of output, none lost', async () => {
      const said = await type('seq 100001 120000; echo the"-"end', /\nthe-end/, 20_000);
      const printed = said.split('\r\n').filter((line) => /^1\d{5}$/.test(line));
      expect(printed).to.deep.equal(Array.from({ length: 20_000 }, (_, index) => String(100_001 + index)));
    });

    it('follows the size of the window', async () => {
      const wide = await rowsAndColumns();
      await page.setViewportSize({ width: 900, height: 600 });
      await until(async () => (await rowsAndColumns()).columns < wide.columns, { everyMs: 200, what: 'fewer columns' });
      expect((await rowsAndColumns()).rows).to.be.below(wide.rows);
    });

    it('comes back to the same shell after the connector was killed', async () => {
      await type('kept=still-here; echo s"e"t', /set/);
      const opened = wire.statuses.length;
      await restartConnector();
      await until(() => wire.statuses.slice(opened).includes(200), {
        deadlineMs: RECONNECTED_WITHIN_MS,
        what: 'terminal opens a WebSocket again',
      });
      const isAnswered = async () => {
        // JupyterLab may say meanwhile that its server cannot be reached.
        const dialog = page.locator('.jp-Dialog-button').first();
        if (await dialog.isVisible()) await dialog.click();
        return type('echo $kept', /still-here/, 2000).then(
          () => true,
          () => false,
        );
      };
      await until(isAnswered, { deadlineMs: RECONNECTED_WITHIN_MS, what: 'the shell of before answers' });
    });
  });

  describe('the editor of Node-RED', () => {
    let page: Page;
    let wire: Wire;

    const flow = (every: string) => [
      { id: 't1', type: 'tab', label: 'Clock' },
      {
        id: 'i1',
        type: 'inject',
        z: 't1',
        repeat: '0.1',
        once: true,
        topic: every,
        payloadType: 'date',
        wires: [['c1']],
      },
      { id: 'c1', type: 'function', z: 't1', func: COUNT, outputs: 1, wires: [['d1']] },
      { id: 'd1', type: 'debug', z: 't1', active: true, tosidebar: true, complete: 'payload', wires: [] },
    ];
    const COUNT = `const n = (context.get('n') || 0) + 1; context.set('n', n); msg.payload = msg.topic + '-' + n; return msg;`;
    const deploy = (every: string) =>
      page.evaluate(
        async (body) => {
          const headers = { 'content-type': 'application/json', 'Node-RED-Deployment-Type': 'full' };
          return (await fetch('/flows', { method: 'POST', headers, body })).status;
        },
        JSON.stringify(flow(every)),
      );

    before(async function start() {
      this.timeout(INSTALL_TIMEOUT_MS + 60_000);
      const app = await publish('node-red', startNodeRed);
      ({ page } = await openWatchedPage(context, app.externalUrl, 'bob'));
      // Its WebSocket was open before anybody looked.
      wire = await watchWire(page);
      await page.reload();
      await page.waitForSelector('#red-ui-palette .red-ui-palette-node');
    });

    after(() => page?.close());

    it('shows debug messages of a deployed flow live, in order', async () => {
      expect(await deploy('tick')).to.equal(204);
      await until(() => wire.text.includes('tick-20'), { deadlineMs: 15_000, what: 'twenty messages' });
      const numbers = [...wire.text.matchAll(/"msg":"tick-(\d+)"/g)].map(([, number]) => Number(number));
      expect(numbers).to.deep.equal(numbers.map((_, index) => index + (numbers[0] ?? 0)));
      expect(new Set(wire.statuses)).to.deep.equal(new Set([200]));
    });

    it('hears of them again after the connector was killed', async () => {
      await restartConnector();
      const from = wire.text.length;
      await until(async () => (await deploy('again')) === 204, { deadlineMs: 15_000, everyMs: 200, what: 'deployed' });
      await until(() => wire.text.slice(from).includes('again-'), {
        deadlineMs: RECONNECTED_WITHIN_MS,
        what: 'debug messages again',
      });
    });
  });
});
