import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../bench/free-port.mjs';
import { requireCommand } from '../../bootstrap/run-command.mjs';
import { ask } from '../ask.mjs';
import { FormClient, hiddenFieldsOf } from '../form-client.mjs';
import { Checks, SuiteUnavailable } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';
import { expectEqual } from './size-ladder.mjs';

const PACKAGES = ['mediawiki', 'php-cli', 'php-sqlite3'];
const INSTALLER = '/usr/share/mediawiki/maintenance/install.php';
const DOCUMENT_ROOT = '/var/lib/mediawiki';
const TIMEOUT_MS = 60_000;
const START_LIMIT_MS = 10_000;
const MAX_PAGES = 30;
const ACCOUNT = { name: 'Admin', password: 'a password of a wiki' };
const LINES = 4_000;

/** @typedef {import('../world.mjs').Front} Front */
/** @typedef {{ status: number, headers: import('node:http').IncomingHttpHeaders, body: Buffer }} Answer */

/** @type {import('../suite.mjs').Suite} */
export const mediawiki = {
  name: 'mediawiki',
  judges: "Debian's MediaWiki, which knows only its internal address: redirects, links, forms, sign-in, an edit",
  limitMs: 180_000,
  run: async (context) => {
    const wiki = await startMediaWiki(context);
    try {
      const front = await context.publish('wiki', wiki.url, { translateBodyLinks: true });
      const checks = new Checks();
      const internal = new URL(wiki.url).host;
      await readAsVisitor({ checks, front, internal, port: Number(new URL(wiki.url).port) });
      await writeAsAdmin({ checks, front, internal });
      return checks.outcome(await debianVersion('mediawiki'));
    } finally {
      await wiki.stop();
    }
  },
};

/** @param {{ checks: Checks, front: Front, internal: string, port: number }} input */
async function readAsVisitor({ checks, front, internal, port }) {
  await checks.attempt('the entry leads to the main page under the external name', async () => {
    const { status, headers } = await ask(front, {});
    expectEqual('status', status, 301);
    expectEqual('Location', headers.location, `${front.url}index.php/Main_Page`);
  });
  const main = await ask(front, { path: '/index.php/Main_Page' });
  const html = main.body.toString();
  checks.check(html.includes(`href="${front.url}`), 'no link of the main page was translated');
  const direct = await ask(port, { path: '/index.php/Main_Page' });
  // Without this the check for internal names would hold of anything.
  checks.check(namesIn(direct, internal) > 0, 'MediaWiki makes no link with its internal name');
  let compared = 0;
  const paths = linksOf(html, front).slice(0, MAX_PAGES);
  for (const path of paths) {
    await checks.attempt(`GET ${path}`, async () => {
      const [through, plain] = [await ask(front, { path }), await ask(port, { path })];
      expectEqual('status', through.status, plain.status);
      expectEqual('internal names', namesIn(through, internal), 0);
      if (String(plain.headers['content-type']).startsWith('text/html')) return;
      if (plain.body.includes(internal)) return;
      expectEqual('SHA-256', hashOf(through.body), hashOf(plain.body));
      compared += 1;
    });
  }
  checks.check(paths.length >= 10, `the main page has ${paths.length} links, expected 10 or more`);
  checks.check(compared >= 3, `${compared} files were compared, expected 3 or more`);
  if (main.headers.host?.includes(internal) === true)
    checks.notes.push('explained: the server of php-cli answers with a field Host, which is passed on as it is');
  checks.notes.push(`${paths.length} addresses of the main page asked, ${compared} files equal to the byte`);
}

/** @param {{ checks: Checks, front: Front, internal: string }} input */
async function writeAsAdmin({ checks, front, internal }) {
  const client = new FormClient(front);
  const text = Array.from({ length: LINES }, (_, i) => `Line ${i}: ünïcödé & <b>markup</b> [[Main Page]]\n`).join('');
  await checks.attempt('sign-in by form', async () => {
    const page = await client.get('/index.php?title=Special:UserLogin');
    const form = {
      ...hiddenFieldsOf(page.body.toString(), /name="userlogin"/),
      wpName: ACCOUNT.name,
      wpPassword: ACCOUNT.password,
    };
    const answer = await client.post('/index.php?title=Special:UserLogin', form);
    expectEqual('status', answer.status, 302);
    expectEqual('begin of Location', String(answer.headers.location).slice(0, front.url.length), front.url);
    const home = await client.get('/index.php/Main_Page');
    if (!home.body.includes('"wgUserName":"Admin"')) throw new Error('the wiki does not know who is there');
    expectEqual('internal names', namesIn(home, internal), 0);
  });
  await checks.attempt(`an edit of ${Buffer.byteLength(text)} bytes`, async () => {
    const page = await client.get('/index.php?title=Tunnel&action=edit');
    const form = {
      ...hiddenFieldsOf(page.body.toString(), /id="editform"/),
      wpTextbox1: text,
      wpSummary: 'through the tunnel',
      wpSave: '1',
    };
    const answer = await client.post('/index.php?title=Tunnel&action=submit', form);
    expectEqual('status', answer.status, 302);
    expectEqual('Location', answer.headers.location, `${front.url}index.php/Tunnel`);
  });
  await checks.attempt('what was written is read', async () => {
    const raw = await client.get('/index.php?title=Tunnel&action=raw');
    if (raw.body.toString() !== text.trimEnd()) throw new Error(`${raw.body.length} bytes came back, and others`);
    const shown = await client.get('/index.php/Tunnel');
    expectEqual('status', shown.status, 200);
    expectEqual('internal names', namesIn(shown, internal), 0);
  });
  await checks.attempt('the search for a title leads to its page', async () => {
    const { status, headers } = await client.get('/index.php?search=Tunnel&go=Go');
    expectEqual('status', status, 302);
    expectEqual('Location', headers.location, `${front.url}index.php/Tunnel`);
  });
}

/**
 * Where the internal name stands in what a browser follows: fields of the head, and attributes. What people read, such as
 * "Retrieved from", is the app's own text; and PHP's own server repeats the Host it was asked for, which no other does.
 * @param {Answer} answer
 * @param {string} internal
 * @returns {number}
 */
function namesIn({ headers, body }, internal) {
  const { host: _host, ...fields } = headers;
  const inHead = Object.values(fields).filter((value) => String(value).includes(internal)).length;
  if (!String(headers['content-type']).startsWith('text/html')) return inHead;
  const tags = body.toString().match(/<[a-z][^>]*>/gi) ?? [];
  return inHead + tags.filter((tag) => tag.includes(internal)).length;
}

/**
 * @param {string} html
 * @param {Front} front
 * @returns {string[]} paths of the same site
 */
function linksOf(html, front) {
  const links = [...html.matchAll(/\s(?:href|src)="([^"#]+)"/g)].map((match) =>
    (match[1] ?? '').replaceAll('&amp;', '&'),
  );
  const local = links.map((link) => new URL(link, front.url)).filter((url) => url.href.startsWith(front.url));
  // Leads somewhere else each time.
  const steady = local.filter(({ pathname }) => !pathname.endsWith('Special:Random'));
  return [...new Set(steady.map(({ pathname, search }) => `${pathname}${search}`))];
}

/** @param {Buffer} body */
const hashOf = (body) => createHash('sha256').update(body).digest('hex');

/** @param {import('../world.mjs').Context} context */
async function startMediaWiki({ env, folder, children }) {
  const php = await requireProgram('php', PACKAGES, { env, startsService: true });
  if (!existsSync(INSTALLER))
    throw new SuiteUnavailable(
      `MediaWiki is missing; to run this suite: apt-get install --no-install-recommends ${PACKAGES.join(' ')}`,
    );
  const own = join(folder, 'mediawiki');
  mkdirSync(own);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { name, password } = ACCOUNT;
  const args = ['--dbtype', 'sqlite', '--dbpath', own, '--dbname', 'wiki', '--confpath', own, '--server', url];
  const account = ['--scriptpath', '', '--pass', password, 'Wiki', name];
  await requireCommand(php, [INSTALLER, ...args, ...account], { timeoutMs: TIMEOUT_MS, env });
  const child = children.start('mediawiki', php, ['-S', `127.0.0.1:${port}`, '-t', DOCUMENT_ROOT], {
    env: { ...env, MW_CONFIG_FILE: join(own, 'LocalSettings.php') },
  });
  const deadline = Date.now() + START_LIMIT_MS;
  while ((await ask(port, { path: '/favicon.ico' }).catch(() => undefined)) === undefined) {
    if (!child.isRunning() || Date.now() > deadline) throw new Error(`php did not start: ${child.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url: `${url}/`, stop: () => child.stop() };
}
