import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { howItEnded, lastWords, runCommand } from '../../bootstrap/run-command.mjs';
import { ask } from '../ask.mjs';
import { startCarelessApp } from '../careless-app.mjs';
import { privateHosts } from '../private-hosts.mjs';
import { Checks } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';
import { countPages, readFindings, whyRight } from '../wapiti-report.mjs';

/** Crawl of one place, and each module of it. */
const SCAN_SECONDS = 12;
const ATTACK_SECONDS = 8;
const TIMEOUT_MS = 100_000;
const MODULES = ['http_headers', 'cookieflags', 'csp', 'methods', 'crlf', 'redirect', 'xss', 'file', 'exec', 'sql'];
/** What the careless app must be told by whoever looks, or wapiti has looked at nothing. */
const MUST_BE_FOUND = [
  'Content Security Policy Configuration',
  'HTTP Secure Headers',
  'HttpOnly Flag cookie',
  'Cross Site Scripting',
];
/** Where wapiti would send people or reports: never further than this machine. */
const OUTSIDE = ['openbugbounty.org', 'wapiti3.ovh'];

/** @typedef {{ url: string, cookie?: string, start?: string, minPages: number }} Place */

/** @type {import('../suite.mjs').Suite} */
export const wapiti = {
  name: 'wapiti',
  judges: 'a vulnerability scanner on error pages, portal, sign-in, and an app direct and through the tunnel',
  limitMs: 280_000,
  run: async (context) => {
    const program = await requireProgram('wapiti', ['wapiti'], { env: context.env });
    const careless = await startCarelessApp();
    try {
      const portal = await context.openPortal();
      const front = await context.publish('careless', careless.url);
      const signInUrl = await findSignIn(context.signedIn);
      const names = [portal.host, front.host, context.signedIn.host, new URL(signInUrl).hostname, ...OUTSIDE];
      const command = [...(await privateHosts(context, names)), program];
      const checks = new Checks();
      const isSignedIn = (await ask(portal, { headers: { accept: 'text/html' } })).status === 200;
      checks.check(isSignedIn, 'the portal asks somebody who is signed in to sign in');
      /** @param {Place} place */
      const scan = (place) => runWapiti(context, command, place);
      /** @type {readonly (readonly [string, Place])[]} */
      const ours = [
        ['error pages', { url: `${portal.url}.sallyport/errors/`, minPages: 20 }],
        ['portal, signed in', { url: portal.url, cookie: portal.cookie ?? '', minPages: 1 }],
        ['sign-in', { url: new URL('/.sallyport/', signInUrl).href, start: signInUrl, minPages: 1 }],
        ['signed-out page', { url: new URL('/.sallyport/signed-out', signInUrl).href, minPages: 1 }],
        ['app that asks for a sign-in', { url: context.signedIn.url, minPages: 1 }],
      ];
      /** @type {Map<string, Set<string>>} */
      const explained = new Map();
      for (const [name, place] of ours) {
        const { findings, pages } = await scan(place);
        checks.check(pages >= place.minPages, `${name}: ${pages} pages visited, expected at least ${place.minPages}`);
        let wrong = 0;
        for (const finding of findings) {
          const reason = whyRight(name, finding);
          if (reason !== undefined) explained.set(reason, (explained.get(reason) ?? new Set()).add(name));
          else {
            wrong += 1;
            checks.fail(`${name}: ${finding.text}`);
          }
        }
        if (wrong === 0) checks.passed += 1;
        checks.notes.push(`${name}: ${pages} addresses visited, ${wrong} unexplained of ${findings.length} findings`);
      }
      for (const [reason, where] of explained) checks.notes.push(`explained, ${reason}: ${[...where].join(', ')}`);
      await compareApp({ checks, scan, direct: careless.url, through: front.url });
      return checks.outcome(await debianVersion('wapiti'));
    } finally {
      careless.stop();
    }
  },
};

/**
 * What an app says wrong is the app's; what is found through the tunnel alone is ours.
 * @param {{ checks: Checks, scan: (place: Place) => Promise<{ findings: import('../wapiti-report.mjs').Finding[], pages: number }>, direct: string, through: string }} input
 */
async function compareApp({ checks, scan, direct, through }) {
  const before = await scan({ url: direct, minPages: 1 });
  const after = await scan({ url: through, minPages: 1 });
  const known = new Set(before.findings.map(({ text }) => text));
  const found = new Set(before.findings.map(({ category }) => category));
  for (const category of MUST_BE_FOUND)
    checks.check(found.has(category), `careless app, direct: wapiti found nothing of "${category}"`);
  checks.check(after.pages === before.pages, `careless app: ${after.pages} pages visited, direct ${before.pages}`);
  const added = [...new Set(after.findings.map(({ text }) => text))].filter((text) => !known.has(text));
  for (const text of added) checks.fail(`careless app: only through the tunnel: ${text}`);
  if (added.length === 0) checks.passed += 1;
  const seen = new Set(after.findings.map(({ text }) => text));
  checks.notes.push(
    `careless app: ${known.size} findings direct, ${seen.size} through the tunnel, ${added.length} of them new`,
  );
  for (const text of known) if (!seen.has(text)) checks.notes.push(`careless app: only direct: ${text}`);
}

/** @param {import('../world.mjs').Front} front of an app with sign-in */
async function findSignIn({ cookie: _cookie, ...front }) {
  const { status, headers } = await ask(front, { headers: { accept: 'text/html' } });
  if (status !== 302 || headers.location === undefined) throw new Error(`an app with sign-in answered ${status}`);
  return headers.location;
}

let scans = 0;

/**
 * @param {{ folder: string, env: NodeJS.ProcessEnv }} context
 * @param {readonly string[]} command
 * @param {Place} place
 */
async function runWapiti({ folder, env }, [program = '', ...first], { url, cookie, start }) {
  scans += 1;
  const own = join(folder, `wapiti-${scans}`);
  mkdirSync(own);
  const file = join(own, 'report.json');
  const args = ['-u', url, '-m', MODULES.join(','), '-v', '1', '-f', 'json', '-o', file];
  args.push('--no-bugreport', '--flush-session', '--store-session', join(own, 'session'));
  args.push('--store-config', join(own, 'config'), '-d', '3', '-t', '5');
  args.push('--max-scan-time', `${SCAN_SECONDS}`, '--max-attack-time', `${ATTACK_SECONDS}`);
  // A crawl of everything would sign out by the form on the page; -x, which excludes, breaks off in Debian's build.
  if (cookie !== undefined) args.push('-H', `Cookie: ${cookie}`, '--scope', 'page');
  if (start !== undefined) args.push('-s', start);
  const run = await runCommand(program, [...first, ...args], { timeoutMs: TIMEOUT_MS, env: { ...env, HOME: own } });
  if (run.code !== 0) throw new Error(`wapiti of ${url} ${howItEnded(run, TIMEOUT_MS)}: ${lastWords(run)}`);
  return { findings: readFindings(readFileSync(file, 'utf8')), pages: countPages(run.stdout) };
}
