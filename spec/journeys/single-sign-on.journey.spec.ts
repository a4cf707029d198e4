// long because one world, which takes seconds to start, shows every mode of single sign-on at every kind of origin
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type ShownApp, shownApp } from '#libs/contracts';
import { issued, startTokenService, type TokenServiceDouble } from '../services/auth/single-sign-on/support.ts';
import type { LocalApp } from '../support/apps/local-app.ts';
import { NGINX_USER, startNginx } from '../support/apps/nginx.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { type Ran, runProgram } from './support/run-program.ts';

type Seen = { readonly path: string; readonly fields: readonly (readonly [string, string])[] };

describe('single sign-on in a running system', function signOnJourney() {
  this.timeout(60_000);
  let world: World;
  let origin: Server;
  let service: TokenServiceDouble;
  let app: ShownApp;
  let cookie: string;
  const seen: Seen[] = [];

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    service = await startTokenService();
    origin = createServer((request, response) => {
      response.end(JSON.stringify(note(request)));
    });
    origin.on('upgrade', (request: IncomingMessage, socket) => {
      note(request);
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const published = await cli({ stdin: 'pässwörd\n' }, [
      'publish',
      `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
      '--name',
      'Signed on',
      '--assign',
      'alice',
      '--claim-header',
      'Remote-User=username',
      '--claim-header',
      'X-Department=department',
      '--claim-header',
      'X-Cost-Center=costCenter',
      '--origin-auth',
      'basic:svc',
      '--origin-secret',
      '-',
    ]);
    app = published;
    await until(async () => (await world.call(app.externalUrl)).status !== 404, { what: 'the app is known' });
    cookie = (await world.signIn('alice', app.externalUrl)).cookieHeader(app.externalUrl);
  });
  after(async () => {
    origin?.closeAllConnections();
    origin?.close();
    await service?.stop();
  });

  function note({ url = '', rawHeaders }: IncomingMessage): Seen {
    const fields = Array.from(
      { length: rawHeaders.length / 2 },
      (_, i) => [rawHeaders[2 * i] ?? '', rawHeaders[2 * i + 1] ?? ''] as const,
    );
    const one = { path: url, fields };
    seen.push(one);
    return one;
  }
  const run = (options: { stdin?: string }, args: readonly string[]): Promise<Ran> => {
    const script = [`${PROJECT_ROOT}/scripts/sallyport.mjs`, ...args, '--data-dir', world.ready.dataDir, '--json'];
    return runProgram(process.execPath, script, options);
  };
  const cli = async (options: { stdin?: string }, args: readonly string[]): Promise<ShownApp> => {
    const { code, out, err } = await run(options, args);
    expect(code, err).to.equal(0);
    expect(out).not.to.match(/pässwörd|client secret/);
    return shownApp.parse(JSON.parse(out));
  };
  const ask = (path: string, headers: Record<string, string> = {}) =>
    world.call(new URL(path, app.externalUrl).href, { headers: { cookie, ...headers } });
  /** Every value the origin got under a name, in whatever spelling. */
  const valuesOf = ({ fields }: Seen, wanted: string) =>
    fields.filter(([name]) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-') === wanted).map(([, value]) => value);
  const FORGED = {
    'remote-USER': 'root',
    remote_user: 'root',
    'X-Department': 'root',
    'x.department': 'root',
    'X-Cost-Center': 'root',
    x_cost_center: 'root',
    Authorization: 'Bearer root',
    'X-Sallyport-User': 'root',
  };
  const asOne = (origin: Seen) => ({
    user: valuesOf(origin, 'remote-user'),
    department: valuesOf(origin, 'x-department'),
    costCenter: valuesOf(origin, 'x-cost-center'),
    authorization: valuesOf(origin, 'authorization'),
  });
  const EXPECTED = {
    user: ['alice@sallyport.example'],
    department: ['IT'],
    costCenter: [],
    authorization: [`Basic ${Buffer.from('svc:pässwörd', 'utf8').toString('base64')}`],
  };

  it('was set up from the command line, which shows the secret no more', async () => {
    expect(app.singleSignOn.authorization).to.deep.equal({ kind: 'basic', username: 'svc', password: '(sealed)' });
    const { out } = await runProgram(process.execPath, [
      `${PROJECT_ROOT}/scripts/sallyport.mjs`,
      'apps',
      'show',
      app.id,
      '--data-dir',
      world.ready.dataDir,
    ]);
    expect(out).to.contain('X-Department from department').and.to.contain('Basic as svc, password (sealed)');
  });

  it('brings claims and the password to a real origin, in place of whatever the user sends', async () => {
    const answer = await ask('/http', FORGED);
    expect(answer.status).to.equal(200);
    const { fields } = JSON.parse(answer.text) as Seen;
    expect(asOne({ path: '', fields })).to.deep.equal(EXPECTED);
    expect(answer.text).not.to.contain('root');
  });

  it('does so for the upgrade of a WebSocket', async () => {
    const { hostname, port, host } = new URL(app.externalUrl);
    const socket = connectTls({ host: '127.0.0.1', port: Number(port), servername: hostname, ca: world.ca });
    socket.on('error', () => undefined);
    const fields = Object.entries(FORGED).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `GET /socket HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields.join('')}\r\n`,
    );
    await until(() => seen.some(({ path }) => path === '/socket'), { what: 'the upgrade at the origin' });
    socket.destroy();
    const upgrade = seen.find(({ path }) => path === '/socket');
    if (upgrade === undefined) throw new Error('no upgrade');
    expect(asOne(upgrade)).to.deep.equal(EXPECTED);
  });

  it('exchanges an assertion that the token service checks by the published keys, and follows a change within seconds', async () => {
    const { keys } = (await ask('/.sallyport/jwks.json')).json() as unknown as JSONWebKeySet;
    service.answer = async ({ form }) => {
      const { payload } = await jwtVerify(form.get('subject_token') ?? '', createLocalJWKSet({ keys }), {
        audience: new URL(app.externalUrl).origin,
      });
      return issued(`for-${payload.sub}-${form.get('audience')}`);
    };
    app = await cli({ stdin: 'client secret' }, [
      'apps',
      'change',
      app.id,
      '--claim-header',
      'off',
      '--origin-auth',
      'token-exchange',
      '--origin-secret',
      '-',
      '--token-endpoint',
      service.url,
      '--token-client',
      'sallyport',
      '--token-audience',
      'payroll',
    ]);
    const isExchanged = async () => (await ask('/token', FORGED)).text.includes('Bearer for-');
    await until(isExchanged, { what: 'the new setting' });
    const { fields } = JSON.parse((await ask('/token')).text) as Seen;
    expect(valuesOf({ path: '', fields }, 'authorization')).to.deep.equal([
      `Bearer for-${world.userId('alice')}-payroll`,
    ]);
    expect(service.asked.length).to.equal(1);
  });

  it('shows a page that names the token service, when it refuses and when it is away; nothing reaches the origin', async () => {
    const host = new URL(service.url).host;
    const before = seen.length;
    for (const [reply, status, code, audience] of [
      [{ status: 400, body: { error: 'invalid_target' } }, 403, 'SP-1223', 'unknown'],
      [{ status: 503, body: 'down' }, 503, 'SP-1224', 'other'],
    ] as const) {
      service.answer = () => reply;
      await cli({}, [
        'apps',
        'change',
        app.id,
        '--origin-auth',
        'token-exchange',
        '--token-endpoint',
        service.url,
        '--token-client',
        'sallyport',
        '--token-audience',
        audience,
      ]);
      const at = (accept: string) => ask('/x', { accept, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
      await until(async () => (await at('text/html')).text.includes(code), { what: code });
      const page = await at('text/html');
      expect(page.status).to.equal(status);
      expect(page.text)
        .to.contain(host)
        .and.to.match(/dec_[a-z0-9]+/);
    }
    expect(
      seen.slice(before).filter(({ fields }) => valuesOf({ path: '', fields }, 'authorization').length === 0),
    ).to.deep.equal([]);
  });

  it('does so over HTTP/2 and for gRPC, up to an origin that speaks nothing else', async () => {
    const got: Record<string, unknown>[] = [];
    const origin2 = createHttp2Server();
    origin2.on('stream', (stream, headers) => {
      got.push(headers);
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200, 'content-type': String(headers['content-type']) });
      stream.end();
    });
    await new Promise<void>((resolve) => origin2.listen(0, '127.0.0.1', resolve));
    const { port } = origin2.address() as AddressInfo;
    const singleSignOn = {
      claimHeaders: [{ header: 'X-Department', claim: 'department' }],
      authorization: { kind: 'bearer', token: 't0ken' },
    };
    const api = await world.publish(
      { name: 'Two', internalUrl: `http://127.0.0.1:${port}/`, originProtocol: 'h2', singleSignOn },
      ['alice'],
    );
    const cookies = (await world.signIn('alice', api.externalUrl)).cookieHeader(api.externalUrl);
    const session = connectHttp2(api.externalUrl, {
      ca: world.ca,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    try {
      for (const type of ['text/plain', 'application/grpc']) {
        got.length = 0;
        const status = await new Promise((resolve, reject) => {
          const stream = session.request({
            ':method': 'POST',
            ':path': '/svc/Call',
            cookie: cookies,
            'content-type': type,
            te: 'trailers',
            authorization: 'Bearer root',
            x_department: 'root',
            'x-sallyport-user': 'root',
          });
          stream.once('response', (headers) => resolve(headers[':status']));
          stream.once('error', reject);
          stream.resume();
          stream.end('x');
        });
        expect(status).to.equal(200);
        expect(got).to.have.length(1);
        expect(got[0]).to.include({ 'content-type': type, 'x-department': 'IT', authorization: 'Bearer t0ken' });
        expect(JSON.stringify(got)).not.to.contain('root');
      }
    } finally {
      session.destroy();
      origin2.close();
    }
  });

  describe('to nginx with Basic', () => {
    let folder: string;
    let nginx: LocalApp;
    before(async function startOrigin() {
      this.timeout(WORLD_TIMEOUT_MS);
      folder = mkdtempSync(join(tmpdir(), 'sallyport-basic-'));
      nginx = await startNginx(folder);
      writeFileSync(join(folder, 'public', 'index.html'), 'behind a password');
    });
    after(async () => {
      await nginx?.stop();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    const openPrivate = async (password: string) => {
      const authorization = { kind: 'basic', username: NGINX_USER.username, password };
      const name = `Basic ${password === NGINX_USER.password ? 'right' : 'wrong'}`;
      const share = await world.publish({ name, internalUrl: nginx.url, singleSignOn: { authorization } }, ['alice']);
      const browser = await world.signIn('alice', share.externalUrl);
      const cookies = browser.cookieHeader(share.externalUrl);
      return world.call(new URL('/private/', share.externalUrl).href, { headers: { cookie: cookies } });
    };

    it('opens what nobody but its technical user may see', async () => {
      const answer = await openPrivate(NGINX_USER.password);
      expect([answer.status, answer.text]).to.deep.equal([200, 'behind a password']);
      expect(answer.headers['x-signed-on']).to.equal(NGINX_USER.username);
    });

    it('brings the no of nginx, which is no no of ours, when the password is wrong', async () => {
      const answer = await openPrivate('wrong');
      expect(answer.status).to.equal(401);
      expect(answer.headers['www-authenticate']).to.equal('Basic realm="nginx"');
    });
  });
});
