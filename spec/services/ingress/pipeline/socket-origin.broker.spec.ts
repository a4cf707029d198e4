import { createHash } from 'node:crypto';
import { connect } from 'node:http2';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { until } from '../../../support/until.ts';
import { COOKIE } from '../support/fake-auth.ts';
import { openSocket } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PORTAL = 'https://portal.example.com';
const WIKI = `wiki.${DOMAIN}`;
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

type Handshake = { readonly host?: string; readonly origin?: string; readonly cookie?: string };
type Answer = { readonly status: number; readonly requestId: string | undefined; readonly text: string };

describe('ingress: WebSockets that a cookie opens', () => {
  let rig: IngressRig;
  let opened = 0;
  before(async () => {
    const corsRule = {
      resource: '/',
      allowedOrigins: [PORTAL],
      allowedMethods: [],
      allowedHeaders: [],
      exposedHeaders: [],
      allowCredentials: true,
      maxAgeSeconds: 600,
    };
    rig = await startIngressRig({
      apps: [
        appView('wiki', {
          preauthentication: 'oidc',
          corsRules: [corsRule],
          alternateHosts: [`docs.${DOMAIN}`],
        }),
        appView('many', { preauthentication: 'oidc', externalUrl: `https://*.many.${DOMAIN}/` }),
        appView('open'),
      ],
      onRequest: (exchange) => {
        opened += 1;
        const key = exchange.head.fields[exchange.head.fields.indexOf('Sec-WebSocket-Key') + 1] ?? '';
        const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
        exchange.respondHead(101, ['Sec-WebSocket-Accept', accept], { isUpgraded: true });
        exchange.receiveBody({ onData: () => undefined, onEnd: () => exchange.end() });
        return { onCancel: () => undefined };
      },
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    opened = 0;
  });

  for (const [version, shake, success] of [
    ['HTTP/1.1', shakeOverHttp1, 101],
    ['HTTP/2', shakeOverHttp2, 200],
  ] as const) {
    describe(`over ${version}`, () => {
      for (const origin of ['https://evil.example', 'null', `https://${WIKI}:99`, `http://${WIKI}`]) {
        it(`are refused to ${origin}, and no connector is asked`, async () => {
          const answer = await shake(rig, { origin });
          expect(answer.status).to.equal(403);
          expect(answer.text).to.contain('"code":"SP-1215"').and.contain('"reason":"websocket-cross-site"');
          expect(opened).to.equal(0);
          const record = await rig.recordOf(answer.requestId);
          expect(record).to.include({
            outcome: 'denied',
            reason: 'websocket-cross-site',
            status: 403,
            username: 'ada@example.com',
          });
        });
      }

      for (const [who, handshake] of [
        ['a program without an Origin', {}],
        ['the app itself', { origin: `https://${WIKI}` }],
        ['the app itself at the port the browser uses', { host: `${WIKI}:8443`, origin: `https://${WIKI}:8443` }],
        ['another host of the app', { origin: `https://docs.${DOMAIN}` }],
        ['the app from another of its hosts', { host: `docs.${DOMAIN}`, origin: `https://${WIKI}` }],
        ['a site that a CORS rule trusts with credentials', { origin: PORTAL }],
        ['the same host of a wildcard', { host: `a.many.${DOMAIN}`, origin: `https://a.many.${DOMAIN}` }],
        ['anybody where there is no sign-in', { host: `open.${DOMAIN}`, origin: 'https://evil.example', cookie: '' }],
      ] as const) {
        it(`are open to ${who}`, async () => {
          expect((await shake(rig, handshake)).status).to.equal(success);
          expect(opened).to.equal(1);
        });
      }

      it('are refused to another host of a wildcard', async () => {
        const answer = await shake(rig, { host: `a.many.${DOMAIN}`, origin: `https://b.many.${DOMAIN}` });
        expect(answer.status).to.equal(403);
        expect(opened).to.equal(0);
      });

      it('ask for a sign-in first when there is no cookie', async () => {
        expect((await shake(rig, { origin: 'https://evil.example', cookie: '' })).status).to.equal(401);
      });
    });
  }
});

async function shakeOverHttp1(rig: IngressRig, { host = WIKI, origin, cookie = COOKIE }: Handshake): Promise<Answer> {
  const socket = await openSocket(rig);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const fields = `${origin === undefined ? '' : `Origin: ${origin}\r\n`}${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}`;
  socket.write(`GET /ws HTTP/1.1\r\nHost: ${host}\r\n${HANDSHAKE}${fields}\r\n`);
  await until(() => text.includes('\r\n\r\n') && (text.startsWith('HTTP/1.1 101') || text.endsWith('}\n')), {
    what: 'the answer',
  });
  socket.destroy();
  return { status: Number(text.slice(9, 12)), requestId: /x-request-id: (\S+)/i.exec(text)?.[1], text };
}

async function shakeOverHttp2(rig: IngressRig, { host = WIKI, origin, cookie = COOKIE }: Handshake): Promise<Answer> {
  const session = connect(`https://${WIKI}:${rig.port}`, {
    ca: rig.ca,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  session.on('error', () => undefined);
  await until(() => session.remoteSettings?.enableConnectProtocol === true);
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/ws',
      ':authority': host,
      'sec-websocket-version': '13',
      ...(origin === undefined ? {} : { origin }),
      ...(cookie === '' ? {} : { cookie }),
    },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const fields = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
  const status = Number(fields[':status']);
  if (status !== 200) await until(() => text.endsWith('}\n'), { what: 'the document' });
  session.destroy();
  return { status, requestId: String(fields['x-request-id']), text };
}
