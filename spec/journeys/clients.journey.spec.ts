import { once } from 'node:events';
import type { Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { demoDirectory } from '#libs/demo-directory';
import { loopbackLookup, obtainToken, readForm, ScriptedBrowser } from '#libs/identity';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { type Ran, runProgram } from './support/run-program.ts';
import { createSocketOrigin } from './support/socket-origin.ts';

const [API] = demoDirectory.apis;
const [DAEMON] = demoDirectory.daemons;
const AUDIENCE = `api://${API.clientId}`;
const BASIC = `Basic ${Buffer.from('service:of-the-origin').toString('base64')}`;

type Seen = { readonly headers: Readonly<Record<string, string>> };

/** What docs/clients.md says, as it says it: with curl. */
describe('clients without a browser, from the command line to the origin', function clientJourney() {
  this.timeout(60_000);
  let world: World;
  let origin: Server;
  let app: AnnouncedApp;
  let other: AnnouncedApp;

  before(async function start() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    origin = createSocketOrigin(({ headers }, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ headers }));
    });
    await new Promise<void>((resolve) => {
      origin.listen(0, '127.0.0.1', resolve);
    });
    const internalUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
    const bearerTokens = { audience: AUDIENCE, scope: 'user_impersonation', header: 'authorization' };
    app = await world.publish({ name: 'clients-api', internalUrl }, ['bob']);
    const taking = ['--bearer-audience', AUDIENCE, '--bearer-scope', 'user_impersonation'];
    const changed = await sallyport('apps', 'change', app.name, ...taking, '--bearer-header', 'authorization');
    expect(changed.code, changed.err).to.equal(0);
    other = await world.publish({ name: 'clients-other', internalUrl, bearerTokens }, ['alice']);
    const assigned = await sallyport('apps', 'assign', app.name, '--role', 'Task.Run');
    expect(assigned.code, assigned.err).to.equal(0);
  });
  after(() => {
    origin?.close();
    origin?.closeAllConnections();
  });

  const sallyport = (...args: string[]): Promise<Ran> =>
    runProgram(
      process.execPath,
      [join(PROJECT_ROOT, 'scripts', 'sallyport.mjs'), args, '--data-dir', world.ready.dataDir].flat(),
    );
  const curl = (...args: string[]) =>
    runProgram('curl', ['--silent', '--show-error', '--include', '--cacert', world.ready.caFile, ...args]);
  /** Status and JSON body of what curl printed. */
  const answerOf = ({ code, out, err }: Ran) => {
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    const status = Number(/^HTTP\/[\d.]+ (\d{3})/.exec(out)?.[1]);
    const [head = '', ...body] = out.split('\r\n\r\n');
    return { status, head, json: JSON.parse(body.join('\r\n\r\n')) as Record<string, unknown> & Seen };
  };
  const get = async (url: string, ...headers: string[]) =>
    answerOf(await curl(url, ...headers.flatMap((header) => ['--header', header])));
  const userToken = (username: string) =>
    obtainToken({
      issuer: world.system.issuer,
      clientId: world.system.clientId,
      scope: `${AUDIENCE}/user_impersonation`,
      username,
      password: username,
      ca: world.ca,
    });

  /** As somebody without a browser at hand signs in: with a code, on a page of another device. */
  const deviceToken = async (username: string): Promise<string> => {
    const [tokenUrl, codeUrl] = ['token', 'devicecode'].map((name) =>
      world.system.issuer.replace(/v2\.0$/, `oauth2/v2.0/${name}`),
    );
    const client = ['--data', `client_id=${world.system.clientId}`];
    const scope = ['--data-urlencode', `scope=openid ${AUDIENCE}/user_impersonation`];
    const asked = answerOf(await curl(codeUrl ?? '', ...client, ...scope)).json;
    const browser = new ScriptedBrowser({ ca: world.ca });
    let page = await browser.get(String(asked.verification_uri_complete));
    for (let step = 0; !page.body.includes('Device connected'); step += 1) {
      if (step === 8) throw new Error(`the device was not connected: ${page.url}`);
      const { action, fields } = readForm(page.body, page.url) ?? { action: '', fields: {} };
      page = await browser.post(action, 'username' in fields ? { ...fields, username, password: username } : fields);
      while (page.location !== null) page = await browser.get(page.location);
    }
    const grant = ['--data', 'grant_type=urn:ietf:params:oauth:grant-type:device_code'];
    const code = ['--data-urlencode', `device_code=${String(asked.device_code)}`];
    return String(answerOf(await curl(tokenUrl ?? '', ...client, ...grant, ...code)).json.access_token);
  };

  it('a person’s program opens the app with a token by device code, and its origin sees who it is, but no token', async () => {
    const token = await deviceToken('bob');
    const { status, json } = await get(app.externalUrl, `Authorization: Bearer ${token}`);
    expect(status).to.equal(200);
    expect(json.headers)
      .to.include({ 'x-sallyport-user': 'bob@sallyport.example' })
      .and.not.to.have.property('authorization');
    expect(JSON.stringify(json)).not.to.contain(token);
  });

  it('the origin’s own Authorization arrives beside a token in X-Sallyport-Authorization', async () => {
    const token = await userToken('bob');
    const { status, json } = await get(
      app.externalUrl,
      `X-Sallyport-Authorization: Bearer ${token}`,
      `Authorization: ${BASIC}`,
    );
    expect(status).to.equal(200);
    expect(json.headers).to.include({ authorization: BASIC, 'x-sallyport-user': 'bob@sallyport.example' });
    expect(JSON.stringify(json)).not.to.contain(token);
  });

  it('a program on its own behalf gets a token by client credentials, and in by its app role', async () => {
    const tokenUrl = world.system.issuer.replace(/v2\.0$/, 'oauth2/v2.0/token');
    const form = {
      grant_type: 'client_credentials',
      client_id: DAEMON.clientId,
      client_secret: DAEMON.clientSecret,
      scope: `${AUDIENCE}/.default`,
    };
    const parts = Object.entries(form).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`]);
    const { access_token: token } = answerOf(await curl(tokenUrl, ...parts)).json;
    const { status, json } = await get(app.externalUrl, `Authorization: Bearer ${String(token)}`);
    expect(status).to.equal(200);
    expect(json.headers).to.include({ 'x-sallyport-user-id': DAEMON.oid, 'x-sallyport-roles': 'Task.Run' });
    expect((await get(other.externalUrl, `Authorization: Bearer ${String(token)}`)).status).to.equal(403);
  });

  it('who is not assigned gets a receipt that explains itself', async () => {
    const { status, json } = await get(other.externalUrl, `Authorization: Bearer ${await userToken('bob')}`);
    expect(status).to.equal(403);
    expect(json).to.include({ code: 'SP-1203', reason: 'user-unassigned' });
    const explained = await sallyport('explain', String(json.receipt));
    expect(explained.out)
      .to.match(/user token +│? *usr_[0-9a-f]{24}/)
      .and.contain('the same: denied');
  });

  it('a user who is disabled loses what runs on an access token within a second, and gets nothing more', async () => {
    const token = await userToken('bob');
    const socket = await openSocket(token);
    const user = world.userId('bob');
    const before = performance.now();
    await world.api('PATCH', `/users/${user}`, { status: 'disabled' });
    try {
      await until(() => socket.isClosed(), { what: 'the WebSocket is closed' });
      expect(performance.now() - before).to.be.lessThan(1000);
      const { status, json } = await get(app.externalUrl, `Authorization: Bearer ${token}`);
      expect([status, json.reason]).to.deep.equal([403, 'user-disabled']);
    } finally {
      await world.api('PATCH', `/users/${user}`, { status: 'enabled' });
    }
    await until(async () => (await get(app.externalUrl, `Authorization: Bearer ${token}`)).status === 200);
  });

  it('a token that is none is refused in the terms of RFC 6750', async () => {
    const { status, head, json } = await get(app.externalUrl, 'Authorization: Bearer a.b.c');
    expect([status, json.code]).to.deep.equal([401, 'SP-1220']);
    const realm = new URL(app.externalUrl).hostname;
    expect(head.toLowerCase()).to.contain(`www-authenticate: bearer realm="${realm}", error="invalid_token"`);
  });

  it('a service token opens its apps and no other, is rotated, and revoked closes what runs on it within a second', async () => {
    const issued = await sallyport('service-tokens', 'issue', 'nightly report', 'clients-api', '--days', '30');
    expect(issued.code, issued.err).to.equal(0);
    expect(issued.err).to.contain('shown this once');
    const first = issued.out.trim();
    expect(first).to.match(/^sallyport_stk_/);
    const opened = await get(app.externalUrl, `X-Sallyport-Authorization: Bearer ${first}`);
    expect(opened.status).to.equal(200);
    expect(opened.json.headers).to.include({ 'x-sallyport-name': 'nightly report' });
    const elsewhere = await get(other.externalUrl, `Authorization: Bearer ${first}`);
    expect([elsewhere.status, elsewhere.json.code]).to.deep.equal([403, 'SP-1221']);

    const listed = await sallyport('service-tokens', 'list');
    expect(listed.out).to.contain('nightly report').and.contain('clients-api').and.not.to.contain(first);
    const rotated = JSON.parse((await sallyport('service-tokens', 'rotate', 'nightly report', '--json')).out) as {
      token: string;
    };
    for (const token of [first, rotated.token])
      expect((await get(app.externalUrl, `X-Sallyport-Authorization: Bearer ${token}`)).status).to.equal(200);
    const socket = await openSocket(rotated.token);
    const again = await sallyport('service-tokens', 'rotate', 'nightly report', '--overlap-hours', '1');
    // Of three secrets that count, each until its end; the one before is good for an hour.
    expect((await get(app.externalUrl, `X-Sallyport-Authorization: Bearer ${first}`)).status).to.equal(200);
    expect(socket.isClosed(), 'the overlap of the secret it runs on').to.equal(false);

    // Not by the command line: how long that takes to start is not what is measured.
    const { serviceTokens } = (await world.api('GET', '/service-tokens')) as {
      serviceTokens: { id: string; name: string }[];
    };
    const id = serviceTokens.find(({ name }) => name === 'nightly report')?.id ?? '';
    const before = performance.now();
    await world.api('DELETE', `/service-tokens/${id}`);
    await until(() => socket.isClosed(), { what: 'the WebSocket is closed' });
    expect(performance.now() - before).to.be.lessThan(1000);
    const refused = await get(app.externalUrl, `X-Sallyport-Authorization: Bearer ${again.out.trim()}`);
    expect([refused.status, refused.json.reason]).to.deep.equal([401, 'service-token-revoked']);
  });

  async function openSocket(token: string) {
    const url = new URL(app.externalUrl);
    const asked = request({
      host: url.hostname,
      port: url.port,
      path: '/socket',
      ca: world.ca,
      lookup: loopbackLookup,
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'x-sallyport-authorization': `Bearer ${token}`,
      },
    });
    asked.end();
    const [response, socket] = (await once(asked, 'upgrade')) as [{ statusCode: number }, Duplex];
    expect(response.statusCode).to.equal(101);
    let isClosed = false;
    socket
      .on('error', () => undefined)
      .on('close', () => {
        isClosed = true;
      });
    socket.resume();
    return { isClosed: () => isClosed };
  }
});
