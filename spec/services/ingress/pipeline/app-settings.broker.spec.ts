import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { ask, openSocket } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { fieldsOf, recordingOrigin, uploadOrigin } from '../support/origins.ts';

const HANDSHAKE = `Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
const PARTNER = 'https://partner.example';

describe('ingress: what an admin decides about an app', () => {
  let rig: IngressRig;
  before(async () => {
    const rule = {
      resource: '/api/',
      allowedOrigins: [PARTNER],
      allowedMethods: ['PUT'],
      allowedHeaders: ['x-own'],
      exposedHeaders: ['x-total'],
      allowCredentials: true,
      maxAgeSeconds: 600,
    };
    rig = await startIngressRig({
      apps: [
        appView('wiki', { idleTimeoutSeconds: 10 }),
        appView('deaf', { allowWebSocket: false }),
        appView('small', { maxRequestBodyBytes: 100_000 }),
        appView('strict', { hsts: { maxAgeSeconds: 7, includeSubDomains: true } }),
        appView('shared', { corsRules: [rule], preauthentication: 'oidc' }),
        appView('linked', { translateBodyLinks: true, internalUrl: 'http://origin.internal/' }),
      ],
    });
  });
  after(() => rig.stop());

  it('lets a WebSocket through: 101 with its cookie, then bytes both ways, then a record', async () => {
    const exchange = serveEcho();
    const { socket, text } = await handshake('wiki');
    await until(() => text().includes('\r\n\r\n'));
    expect(text().slice(0, 34)).to.equal('HTTP/1.1 101 Switching Protocols\r\n');
    const head = text().toLowerCase();
    for (const line of ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-accept: x', 'set-cookie: sid=1'])
      expect(head).to.contain(line);
    expect(fieldsOf(exchange() as ServerExchange)['sec-websocket-key']).to.equal('dGhlIHNhbXBsZSBub25jZQ==');
    socket.write('ping!');
    await until(() => text().endsWith('ping!'), { what: 'the echo' });
    const requestId = /x-request-id: (\S+)/i.exec(text())?.[1];
    socket.end();
    const record = await rig.recordOf(requestId);
    expect(record).to.include({ status: 101, outcome: 'forwarded', requestBytes: 5, responseBytes: 5 });
  });

  it('passes on what the origin answers instead of 101', async () => {
    rig.serve(recordingOrigin(426, ['Upgrade', 'websocket'], 'no').onRequest);
    const { socket, text } = await handshake('wiki');
    await until(() => text().includes('\r\nno\r\n'));
    expect(text().slice(0, 12)).to.equal('HTTP/1.1 426');
    socket.destroy();
  });

  it('closes a WebSocket on which nothing moved for as long as the app says', async () => {
    serveEcho();
    const { socket, text } = await handshake('wiki');
    await until(() => text().includes('101'));
    const since = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(performance.now() - since).to.be.within(9_000, 13_000);
  }).timeout(20_000);

  it('refuses WebSockets where they are off', async () => {
    const { socket, text } = await handshake('deaf');
    await until(() => text().includes('SP-1213'));
    expect(text().slice(0, 12)).to.equal('HTTP/1.1 403');
    socket.destroy();
  });

  it('refuses a body that is announced too large, and cuts one that grows too large', async () => {
    let bytes = 0;
    rig.serve(
      uploadOrigin((chunk) => {
        bytes += chunk.length;
      }),
    );
    const host = `small.${DOMAIN}`;
    expect((await ask(rig, '/', { host, method: 'POST', body: Buffer.alloc(100_000) })).text).to.equal('100000');
    const announced = await ask(rig, '/', { host, method: 'POST', body: Buffer.alloc(100_001) });
    expect(announced.status).to.equal(413);
    bytes = 0;
    const headers = { 'transfer-encoding': 'chunked' };
    const grown = await ask(rig, '/', { host, method: 'POST', headers, body: Buffer.alloc(400_000) });
    expect(grown.status).to.equal(413);
    expect(bytes).to.be.at.most(100_000);
  });

  it("says its own Strict-Transport-Security in place of the origin's", async () => {
    rig.serve(recordingOrigin(200, ['Strict-Transport-Security', 'max-age=1']).onRequest);
    const answer = await ask(rig, '/', { host: `strict.${DOMAIN}` });
    expect(answer.rawHeaders.filter((it) => it.startsWith('max-age'))).to.deep.equal(['max-age=7; includeSubDomains']);
    expect((await ask(rig, '/', {})).headers['strict-transport-security']).to.equal('max-age=1');
  });

  it('answers preflights ahead of sign-in, and lets only the allowed site read a refusal', async () => {
    const host = `shared.${DOMAIN}`;
    const preflight = (origin: string) =>
      ask(rig, '/api/x', { host, method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } });
    const allowed = await preflight(PARTNER);
    expect(allowed.status).to.equal(204);
    expect(allowed.headers['access-control-allow-origin']).to.equal(PARTNER);
    expect(allowed.headers['access-control-allow-credentials']).to.equal('true');
    expect((await preflight('https://evil.example')).status).to.equal(403);
    const expired = await ask(rig, '/api/x', { host, headers: { origin: PARTNER } });
    expect(expired.status).to.equal(401);
    expect(expired.headers['access-control-allow-origin']).to.equal(PARTNER);
    expect((await ask(rig, '/other', { host, headers: { origin: PARTNER } })).headers).not.to.have.property(
      'access-control-allow-origin',
    );
  });

  it('translates the links of a page as it streams, and leaves the length out', async () => {
    const page = '<a href="http://origin.internal/a">a</a>';
    rig.serve(
      recordingOrigin(200, ['Content-Type', 'text/html', 'Content-Length', String(page.length)], page).onRequest,
    );
    const answer = await ask(rig, '/', { host: `linked.${DOMAIN}` });
    expect(answer.text).to.equal(`<a href="https://linked.${DOMAIN}/a">a</a>`);
    expect(answer.headers).not.to.have.property('content-length');
  });

  it('cuts a translated page that is shorter than the origin said', async () => {
    rig.serve((exchange) => {
      exchange.respondHead(200, ['Content-Type', 'text/html', 'Content-Length', '100']);
      exchange.write(Buffer.from('<p>'));
      exchange.end();
      return { onCancel: () => undefined };
    });
    const failure = await ask(rig, '/', { host: `linked.${DOMAIN}` }).catch((error: Error) => error);
    expect(failure).to.be.instanceOf(Error);
  });

  function serveEcho(): () => ServerExchange | undefined {
    let seen: ServerExchange | undefined;
    rig.serve((exchange) => {
      seen = exchange;
      exchange.respondHead(101, ['Sec-WebSocket-Accept', 'x', 'Set-Cookie', 'sid=1; Path=/'], { isUpgraded: true });
      exchange.receiveBody({ onData: (chunk) => void exchange.write(Buffer.from(chunk)), onEnd: () => exchange.end() });
      return { onCancel: () => undefined };
    });
    return () => seen;
  }

  async function handshake(app: string) {
    const socket = await openSocket(rig);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.write(`GET /ws HTTP/1.1\r\nHost: ${app}.${DOMAIN}\r\n${HANDSHAKE}\r\n`);
    return { socket, text: () => text };
  }
});
