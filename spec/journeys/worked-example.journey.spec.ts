import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import { type AuditEvent, accessPolicy } from '#libs/contracts';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { isBrowserSkipped, newBrowserContext, signIn, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { type Ran, runProgram } from './support/run-program.ts';

/** Folder for the pictures of docs/policies.md: `docs/images` makes them anew. */
const PICTURES = process.env.SALLYPORT_PICTURES;
const GUIDE = join(PROJECT_ROOT, 'docs', 'policies.md');

type Files = { readonly locations?: readonly object[]; readonly policies: readonly { readonly state: string }[] };

/** Does what the guide tells an admin to do, with the very text of the guide. */
describe('the worked example of docs/policies.md', function workedExample() {
  this.timeout(60_000);
  let world: World;
  let app: AnnouncedApp;
  let origin: Server;
  let folder: string;
  let context: BrowserContext;
  let page: Page;
  let example: Files;

  before(async function startAll() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    folder = await mkdtemp(join(tmpdir(), 'sallyport-example-'));
    const [, written = ''] = /```json\n(.*?)```/s.exec(await readFile(GUIDE, 'utf8')) ?? [];
    example = JSON.parse(written) as Files;
    world = await sharedWorld();
    origin = createServer((_request, response) =>
      response.end('<!doctype html><title>Payroll</title><h1>Payroll</h1>'),
    );
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const internalUrl = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    app = await world.publish({ name: 'Payroll', internalUrl }, ['bob']);
    context = await newBrowserContext({ width: 800, height: 480 });
    page = await context.newPage();
  });

  after(async () => {
    await sallyport('policies', 'apply', await fileOf({ policies: [], locations: [] }));
    await context?.close();
    if (app !== undefined) await world.retire(app);
    origin?.close();
    origin?.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  const sallyport = (...args: string[]): Promise<Ran> => {
    const script = join(PROJECT_ROOT, 'scripts', 'sallyport.mjs');
    return runProgram(process.execPath, [script, ...args, '--data-dir', world.ready.dataDir]);
  };
  const fileOf = async (files: Files): Promise<string> => {
    const file = join(folder, 'policies.json');
    await writeFile(file, JSON.stringify(files));
    return file;
  };
  const apply = async (files: Files, ...options: string[]): Promise<string> => {
    const { code, out, err } = await sallyport('policies', 'apply', await fileOf(files), ...options);
    expect(code, err).to.equal(0);
    return out;
  };
  const inState = (state: string): Files => ({
    ...example,
    policies: example.policies.map((policy) => ({ ...policy, state })),
  });
  const picture = async (name: string) => {
    await page.mouse.move(0, 0);
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  };
  const explain = async (receipt: string): Promise<string> => {
    const { code, out, err } = await sallyport('explain', receipt);
    expect(code, err).to.equal(0);
    return out;
  };
  const lastDecision = async (type: string): Promise<AuditEvent | undefined> => {
    const { events } = (await world.api('GET', `/events?types=${type}&limit=1000`)) as { events: AuditEvent[] };
    return events.findLast(({ data }) => JSON.stringify(data).includes(app.id));
  };

  it('begins with people who sign in and see their apps', async () => {
    await page.goto(world.ready.portalUrl);
    await picture('sign-in');
    await signIn(page, 'bob');
    expect(await page.locator('.tile .name').allInnerTexts()).to.include('Payroll');
    await picture('my-apps');
  });

  it('tries the policy report-only: it changes nothing, and explain says what it would have done', async () => {
    expect(example.policies.map(({ state }) => state)).to.deep.equal(['report-only']);
    expect(await apply(example, '--dry-run')).to.contain('dry run: nothing is changed');
    await apply(example);
    await until(async () => {
      await page.goto(app.externalUrl);
      expect(await textOf(page, 'h1')).to.equal('Payroll');
      const decision = await lastDecision('AccessGranted');
      return JSON.stringify(decision?.data ?? {}).includes('"isReportOnly":true');
    });
    const decisionId = (await lastDecision('AccessGranted'))?.subjectId ?? '';
    const { out } = await sallyport(
      'events',
      'tail',
      '--types',
      'AccessGranted',
      '--after',
      '0',
      '--no-follow',
      '--json',
    );
    const guide = await readFile(GUIDE, 'utf8');
    const [, pattern = ''] = / grep '(.*)'\n/.exec(guide) ?? [];
    const found = execFileSync('grep', [pattern], { input: out, encoding: 'utf8' }).trim().split('\n');
    expect(found.map((line) => (JSON.parse(line) as AuditEvent).subjectId)).to.include(decisionId);
    const told = await explain(decisionId);
    expect(told).to.contain('verdict').and.contain('allowed').and.contain('report-only: had no effect): unsatisfied');
    for (const line of [
      'grant.controls.0: authentication-strength-insufficient',
      'the policy asks for a sign-in with authentication context c1',
      'it would be allowed with a sign-in with authentication context c1',
    ]) {
      expect(told).to.contain(`\n  ${line}\n`);
      expect(guide, 'what the guide quotes').to.contain(`\n      ${line}\n`);
    }
  });

  it('turns it on: outside of the office the second factor is asked for, and then the app opens', async () => {
    await apply(inState('on'));
    await until(async () => {
      await page.goto(app.externalUrl);
      return new URL(page.url()).host === new URL(world.system.issuer).host;
    });
    await picture('step-up');
    const code = (await page.locator('[data-one-time-code]').getAttribute('data-one-time-code')) ?? '';
    await page.fill('input[name=otp]', code);
    await page.click('button[type=submit]');
    await page.waitForURL(app.externalUrl);
    expect(await textOf(page, 'h1')).to.equal('Payroll');
    const challenged = await lastDecision('AccessChallenged');
    expect(await explain(challenged?.subjectId ?? '')).to.match(/asked for +authentication context c1/);
  });

  it('refuses with a page that shows a receipt, and explain tells the admin more of the same', async () => {
    const block = accessPolicy.parse({
      id: 'payroll-in-the-office',
      name: 'Payroll in the office only',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: [app.id] } },
      conditions: { locations: { include: ['all'], exclude: ['offices'] } },
      grant: { kind: 'block' },
    });
    await apply({ ...inState('on'), policies: [...inState('on').policies, block] });
    await until(async () => (await page.goto(app.externalUrl))?.status() === 403, { what: 'the denial' });
    await picture('denied');
    const shown = await textOf(page, 'main');
    expect(shown).to.contain('Payroll in the office only').and.contain('bob@sallyport.example').and.contain('SP-1217');
    const receipt = await textOf(page, 'dt:has-text("Receipt") + dd');
    expect(receipt).to.match(/^dec_[a-z2-7]{24}$/);
    const told = await explain(receipt);
    expect(told).to.contain('denied (policy-blocked)').and.contain('Payroll in the office only');
    expect(told).to.contain('conditions.locations: location-in-scope').and.contain('from another network or country');
    const requestId = /req_[a-z2-7]+/.exec(shown)?.[0] ?? 'none';
    expect(told, 'the request the page names').to.contain(requestId);
  });
});
