import { once } from 'node:events';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { DecisionView } from '#libs/contracts';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { runProgram } from './support/run-program.ts';
import { createSocketOrigin } from './support/socket-origin.ts';

const POLICY = '/policies/policy-change-journey';
/** From the change of the policies until what runs is cut. */
const REVOKED_WITHIN_MS = 1_000;
const EVENTS = '/events';
const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

describe('a change of the policies', function policyChange() {
  this.timeout(60_000);
  let world: World;
  let app: AnnouncedApp;
  const origin = createSocketOrigin(({ url }, response) => {
    if (url !== EVENTS) return void response.end('page');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });
  let receipt = '';

  before(async function startAll() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const internalUrl = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    app = await world.publish({ name: 'policy-change', internalUrl }, ['bob', 'alice']);
  });

  after(async () => {
    await world?.api('DELETE', POLICY).catch(() => undefined);
    if (app !== undefined) await world.retire(app);
    origin.close();
    origin.closeAllConnections();
  });

  /** A running stream; `closedAtMs` once it was cut. */
  async function open(cookie: string, isWebSocket: boolean): Promise<{ closedAtMs: number | undefined; stop(): void }> {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': WEBSOCKET_KEY,
    };
    const headers = { cookie, ...(isWebSocket ? upgrade : {}) };
    const { host, hostname, port } = new URL(app.externalUrl);
    const where = { host: '127.0.0.1', port, servername: hostname, path: EVENTS };
    const asked = request({ ...where, ca: world.ca, agent: false, headers: { host, ...headers } });
    asked.end();
    const stream: { closedAtMs: number | undefined; stop(): void } = {
      closedAtMs: undefined,
      stop: () => asked.destroy(),
    };
    const watch = (end: NodeJS.EventEmitter) => {
      end.on('error', () => undefined);
      end.once('close', () => {
        stream.closedAtMs = Date.now();
      });
    };
    if (isWebSocket) {
      const [answer, socket] = (await once(asked, 'upgrade')) as [{ statusCode: number }, Duplex];
      expect(answer.statusCode).to.equal(101);
      watch(socket);
      socket.resume();
      return stream;
    }
    const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    expect(answer.statusCode).to.equal(200);
    watch(answer);
    await once(answer, 'data');
    return stream;
  }

  it('cuts the streams and WebSockets it closes within a second, leaves all others, and refuses what comes next', async () => {
    const bob = (await world.signIn('bob', app.externalUrl)).cookieHeader(app.externalUrl);
    const alice = (await world.signIn('alice', app.externalUrl)).cookieHeader(app.externalUrl);
    const closing = [await open(bob, false), await open(bob, true)];
    const staying = [await open(alice, false), await open(alice, true)];
    await world.api('PUT', POLICY, {
      name: 'Bob stays outside',
      state: 'on',
      assignments: { users: { include: { users: [world.userId('bob')] } }, apps: { include: [app.id] } },
      grant: { kind: 'block' },
    });
    const changedAtMs = Date.now();
    await until(() => closing.every(({ closedAtMs }) => closedAtMs !== undefined), { what: 'the cuts' });
    for (const { closedAtMs = 0 } of closing) expect(closedAtMs - changedAtMs).to.be.lessThan(REVOKED_WITHIN_MS);
    const refused = await world.call(app.externalUrl, { headers: { cookie: bob } });
    expect(refused.status).to.equal(403);
    const problem = JSON.parse(refused.text) as { code: string; reason: string; receipt: string; detail: string };
    expect(problem).to.include({ code: 'SP-1217', reason: 'policy-blocked' });
    expect(problem.detail).to.contain('Bob stays outside');
    receipt = problem.receipt;
    expect(staying.map(({ closedAtMs }) => closedAtMs)).to.deep.equal([undefined, undefined]);
    for (const stream of staying) stream.stop();
  });

  it('can be explained by the receipt, also after the policy is gone', async () => {
    const decision = (await world.api('GET', `/decisions/${receipt}`)) as DecisionView;
    expect(decision).to.deep.include({ verdict: 'denied', subject: world.userId('bob'), appName: 'policy-change' });
    expect(decision.replayed?.isSame).to.equal(true);
    await world.api('DELETE', POLICY);
    const script = join(PROJECT_ROOT, 'scripts', 'sallyport.mjs');
    const args = [script, 'explain', receipt, '--data-dir', world.ready.dataDir];
    const { code, out, err } = await runProgram(process.execPath, args);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.contain('Bob stays outside (policy-change-journey, version').and.contain('the same: denied');
  });
});
