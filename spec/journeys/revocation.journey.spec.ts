import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { demoDirectory } from '#libs/demo-directory';
import { obtainToken, type ScriptedBrowser } from '#libs/identity';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { type SecondIngress, startSecondIngress } from '../faults/support/second-ingress.ts';
import { until } from '../support/until.ts';
import { startWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { openStream, type RunningStream, statusAt } from './support/running-stream.ts';
import { createSocketOrigin } from './support/socket-origin.ts';

/** From the command until everything that ran is cut, at every ingress. */
const REVOKED_WITHIN_MS = 1_000;
const POLICY = '/policies/revocation-journey';
const EVENTS = '/events';
const [API] = demoDirectory.apis;
const AUDIENCE = `api://${API.clientId}`;

type SessionView = { readonly id: string; readonly deviceId?: string; readonly username: string };

describe('access that is taken back, at two ingresses', function revocation() {
  this.timeout(60_000);
  let world: World;
  let second: SecondIngress;
  let app: AnnouncedApp;
  let running: RunningStream[] = [];
  const origin = createSocketOrigin(({ url }, response) => {
    if (url !== EVENTS) return void response.end('page');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });

  before(async function startAll() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await startWorld();
    second = await startSecondIngress(world);
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const internalUrl = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    const bearerTokens = { audience: AUDIENCE, scope: 'user_impersonation', header: 'x-sallyport-authorization' };
    app = await world.publish({ name: 'revocation', internalUrl, bearerTokens }, ['bob', 'alice']);
  });
  after(async function stopAll() {
    this.timeout(WORLD_TIMEOUT_MS);
    await second?.stop();
    await world?.stop();
    origin.close();
    origin.closeAllConnections();
  });
  afterEach(async () => {
    for (const stream of running) stream.stop();
    running = [];
    await world.api('PATCH', user(), { status: 'enabled', risk: 'none' });
    await world.api('DELETE', POLICY).catch(() => undefined);
    await world.api('PUT', `/apps/${app.id}/assignments/users/${world.userId('bob')}`);
  });

  const user = () => `/users/${world.userId('bob')}`;
  const events = () => new URL(EVENTS, app.externalUrl).href;
  const ports = () => [Number(new URL(app.externalUrl).port), second.port];
  const sessionsOf = async (username: string) => {
    const query = new URLSearchParams({ user: world.userId(username), activeOnly: 'true' });
    return ((await world.api('GET', `/sessions?${query.toString()}`)) as { sessions: SessionView[] }).sessions;
  };
  const put = (conditions: Readonly<Record<string, unknown>>) =>
    world.api('PUT', POLICY, {
      name: 'Revocation journey',
      state: 'on',
      assignments: { users: { include: { users: [world.userId('bob')] } }, apps: { include: [app.id] } },
      conditions,
      grant: { kind: 'block' },
    });

  /** An SSE stream and a WebSocket at each ingress. */
  async function openAll(headers: Readonly<Record<string, string>>): Promise<RunningStream[]> {
    const place = { url: events(), ca: world.ca, headers };
    const opened = ports().flatMap((port) => [
      openStream('sse', { ...place, port }),
      openStream('websocket', { ...place, port }),
    ]);
    const streams = await Promise.all(opened);
    running.push(...streams);
    return streams;
  }

  /** Of one request at each ingress. */
  async function statuses(headers: Readonly<Record<string, string>>): Promise<number[]> {
    return Promise.all(ports().map((port) => statusAt({ url: app.externalUrl, ca: world.ca, headers, port })));
  }

  const cookieOf = (browser: ScriptedBrowser) => ({ cookie: browser.cookieHeader(app.externalUrl) });
  const tokenOf = async (username: string) => {
    const { issuer, clientId } = world.system;
    const scope = `${AUDIENCE}/user_impersonation`;
    const token = await obtainToken({ issuer, clientId, scope, username, password: username, ca: world.ca });
    return { 'x-sallyport-authorization': `Bearer ${token}` };
  };

  const causes: readonly (readonly [
    what: string,
    cause: (browser: ScriptedBrowser) => Promise<unknown>,
    prepare?: () => Promise<unknown>,
  ])[] = [
    ['the person is signed out everywhere', () => world.api('POST', `${user()}/sign-out`, { detail: 'spec' })],
    ['the person is disabled', () => world.api('PATCH', user(), { status: 'disabled' })],
    [
      'the risk of the person rises, under a policy that asks for it',
      () => world.api('PATCH', user(), { risk: 'high' }),
      async () => {
        await world.api('PATCH', user(), { risk: 'none' });
        await put({ userRisk: ['medium', 'high'] });
      },
    ],
    ['the policies change', () => put({})],
    [
      'the person is taken off the app',
      () => world.api('DELETE', `/apps/${app.id}/assignments/users/${world.userId('bob')}`),
    ],
    [
      'the sessions of the device are revoked',
      async () => {
        const [{ deviceId = 'none' } = { deviceId: 'none' }] = await sessionsOf('bob');
        return world.api('DELETE', `/sessions?deviceId=${deviceId}`);
      },
    ],
    ['the person signs out at the identity provider, which says so by the back channel', signOutAtProvider],
  ];

  for (const [what, cause, prepare] of causes)
    it(`closes WebSockets and streams within a second and refuses what comes next: ${what}`, async () => {
      await prepare?.();
      const bob = await world.signIn('bob', app.externalUrl);
      const alice = await world.signIn('alice', app.externalUrl);
      expect(await statuses(cookieOf(bob))).to.deep.equal([200, 200]);
      const closing = await openAll(cookieOf(bob));
      const staying = await openAll(cookieOf(alice));
      const startedAtMs = Date.now();
      await cause(bob);
      await until(() => closing.every((stream) => stream.closedAtMs() !== undefined), { what: 'the cuts' });
      for (const stream of closing)
        expect((stream.closedAtMs() ?? Number.NaN) - startedAtMs, stream.what).to.be.lessThan(REVOKED_WITHIN_MS);
      for (const status of await statuses(cookieOf(bob))) expect(status).to.be.oneOf([302, 401, 403]);
      expect(staying.map((stream) => stream.closedAtMs())).to.deep.equal(staying.map(() => undefined));
      expect(await statuses(cookieOf(alice))).to.deep.equal([200, 200]);
    });

  for (const [what, cause] of [
    ['disabled', () => world.api('PATCH', user(), { status: 'disabled' })],
    // The last: a token made within the second of a sign-out is one from before.
    ['signed out everywhere', () => world.api('POST', `${user()}/sign-out`, {})],
  ] as const)
    it(`does so for what runs on an access token of somebody who is ${what}`, async () => {
      const token = await tokenOf('bob');
      const closing = await openAll(token);
      const staying = await openAll(await tokenOf('alice'));
      const startedAtMs = Date.now();
      await cause();
      await until(() => closing.every((stream) => stream.closedAtMs() !== undefined), { what: 'the cuts' });
      for (const stream of closing)
        expect((stream.closedAtMs() ?? Number.NaN) - startedAtMs, stream.what).to.be.lessThan(REVOKED_WITHIN_MS);
      for (const status of await statuses(token)) expect(status).to.be.oneOf([401, 403]);
      expect(staying.map((stream) => stream.closedAtMs())).to.deep.equal(staying.map(() => undefined));
    });

  it('does so when the risk of one sign-in rises, and of that one alone', async () => {
    await world.api('PATCH', user(), { risk: 'none' });
    const risky = await world.signIn('bob', app.externalUrl);
    const [session] = await sessionsOf('bob');
    await world.api('PATCH', `/sessions/${session?.id}`, { risk: 'none' });
    const other = await world.signIn('bob', app.externalUrl);
    const [otherSession] = await sessionsOf('bob');
    await world.api('PATCH', `/sessions/${otherSession?.id}`, { risk: 'low' });
    await put({ signInRisk: ['high'] });
    const closing = await openAll(cookieOf(risky));
    const staying = await openAll(cookieOf(other));
    const startedAtMs = Date.now();
    await world.api('PATCH', `/sessions/${session?.id}`, { risk: 'high', detail: 'impossible travel' });
    await until(() => closing.every((stream) => stream.closedAtMs() !== undefined), { what: 'the cuts' });
    for (const stream of closing)
      expect((stream.closedAtMs() ?? Number.NaN) - startedAtMs, stream.what).to.be.lessThan(REVOKED_WITHIN_MS);
    expect(await statuses(cookieOf(risky))).to.deep.equal([403, 403]);
    expect(await statuses(cookieOf(other))).to.deep.equal([200, 200]);
    expect(staying.map((stream) => stream.closedAtMs())).to.deep.equal(staying.map(() => undefined));
  });

  it('keeps a disabled person out who signs in again, until they are enabled', async () => {
    await world.api('PATCH', user(), { status: 'disabled', detail: 'left the company' });
    const failed = await world.signIn('bob', app.externalUrl).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(await sessionsOf('bob')).to.deep.equal([]);
    await world.api('PATCH', user(), { status: 'enabled' });
    expect(await statuses(cookieOf(await world.signIn('bob', app.externalUrl)))).to.deep.equal([200, 200]);
  });

  /** The provider's own page; its form signs out. */
  async function signOutAtProvider(browser: ScriptedBrowser): Promise<void> {
    const page = await browser.get(`${world.system.issuer.replace(/\/v2\.0$/, '')}/oauth2/v2.0/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? '';
    await browser.post(action, { xsrf, logout: 'yes' });
  }
});
