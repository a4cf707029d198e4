import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import type { LocalApp } from '../support/apps/local-app.ts';
import { startNchan } from '../support/apps/nchan.ts';
import { isBrowserSkipped, newBrowserContext } from '../support/browser.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { openWatchedPage } from './support/watched-page.ts';

const INSTALL_TIMEOUT_MS = 300_000;
const MESSAGES = 300;
/** From publishing to the page, on a machine that runs other specs as well; the bench measures the real figure. */
const PROMPT_MS = 2000;

/** Subscribes to a channel in the way of the address and lists what arrives: text and time. */
const PAGE = `<!doctype html><html lang="en"><title>Channel</title><link rel="icon" href="data:,">
<h1></h1><ol></ol>
<script>
const [kind, channel] = location.search.slice(1).split('-');
const got = (window.got = []);
const add = (text) => {
  got.push({ text, at: Date.now() });
  const item = document.createElement('li');
  item.textContent = text;
  document.querySelector('ol').append(item);
};
const ready = () => { document.querySelector('h1').textContent = 'open'; };
const url = '/sub/' + channel;
if (kind === 'sse') {
  const source = new EventSource(url);
  source.onopen = ready;
  source.onmessage = ({ data }) => add(data);
}
if (kind === 'websocket') {
  const socket = new WebSocket(url.replace(/^/, 'wss://' + location.host));
  socket.onopen = ready;
  socket.onmessage = ({ data }) => add(data);
}
if (kind === 'longpoll') (async () => {
  const headers = {};
  ready();
  for (;;) {
    const answer = await fetch(url, { headers, cache: 'no-store' });
    if (answer.status !== 200) { document.querySelector('h1').textContent = 'ended ' + answer.status; return; }
    headers['If-Modified-Since'] = answer.headers.get('Last-Modified');
    headers['If-None-Match'] = answer.headers.get('Etag');
    add(await answer.text());
  }
})();
</script></html>`;

type Got = readonly { readonly text: string; readonly at: number }[];

describe('nchan, which streams to its pages', function streamingApps() {
  this.timeout(60_000);
  let world: World;
  let folder: string;
  let origin: LocalApp;
  let app: AnnouncedApp;
  let context: BrowserContext;

  before(async function startAll() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS + INSTALL_TIMEOUT_MS);
    folder = await mkdtemp(join(tmpdir(), 'sallyport-streams-'));
    try {
      origin = await startNchan(folder);
    } catch (error) {
      process.stderr.write(`skipped: nchan cannot be had here: ${String(error).slice(0, 300)}\n`);
      this.skip();
    }
    await writeFile(join(folder, 'public', 'index.html'), PAGE);
    world = await sharedWorld();
    app = await world.publish({ name: 'channels', internalUrl: origin.url }, ['bob']);
    context = await newBrowserContext();
  });

  after(async () => {
    await context?.close();
    await origin?.stop();
    if (app) await world.retire(app);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const publish = async (channel: string, text: string) => {
    const answer = await fetch(`${origin.url}pub/${channel}`, { method: 'POST', body: text });
    expect(answer.ok, `publish: ${answer.status}`).to.equal(true);
  };
  const gotOn = (page: Page) => page.evaluate<Got>('got');
  const open = async (kind: string, channel: string) => {
    const opened = await openWatchedPage(context, `${app.externalUrl}?${kind}-${channel}`, 'bob');
    await opened.page.waitForSelector('h1:has-text("open")');
    return opened;
  };

  for (const [kind, name] of [
    ['sse', 'EventSource'],
    ['longpoll', 'long polling'],
    ['websocket', 'WebSocket'],
  ] as const) {
    it(`shows each message as it is published, by ${name}`, async () => {
      const channel = `live${kind}`;
      // EventSource opens with the first byte of the head: nchan sends it before any message.
      const { page, problems } = await open(kind, channel);
      for (let number = 1; number <= 5; number += 1) {
        const sentAt = Date.now();
        await publish(channel, `now ${number}`);
        await page.waitForSelector(`li:text-is("now ${number}")`, { timeout: PROMPT_MS });
        const at = (await gotOn(page)).at(-1)?.at ?? Number.POSITIVE_INFINITY;
        expect(at - sentAt, `ms to message ${number}`).to.be.below(PROMPT_MS);
      }
      expect(problems).to.deep.equal([]);
      await page.close();
    });

    it(`loses none of ${MESSAGES} messages and keeps their order, by ${name}`, async () => {
      const channel = `many${kind}`;
      const { page } = await open(kind, channel);
      const sent = Array.from({ length: MESSAGES }, (_, index) => `${index} ${'ä'.repeat(index)}`);
      for (const text of sent) await publish(channel, text);
      await page.waitForFunction(`document.querySelectorAll('li').length >= ${MESSAGES}`);
      expect((await gotOn(page)).map(({ text }) => text)).to.deep.equal(sent);
      await page.close();
    });
  }

  it('takes messages that a signed-in page publishes, and gives them to another page', async () => {
    const listener = await open('sse', 'talk');
    const speaker = await open('longpoll', 'quiet');
    const status = await speaker.page.evaluate(
      async () => (await fetch('/pub/talk', { method: 'POST', body: 'ciao' })).status,
    );
    expect(status).to.be.oneOf([200, 201, 202]);
    await listener.page.waitForSelector('li:text-is("ciao")');
    await listener.page.close();
    await speaker.page.close();
  });
});
