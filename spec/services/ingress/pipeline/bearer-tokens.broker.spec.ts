// long because every way a token can come, and every answer to it, is seen through one rig
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:http2';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type AuthorizeReply, revocations } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { publishFeed } from '#libs/messaging';
import type { OnRequest, ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { ask, NAVIGATION, open, openSocket, sendRaw } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig, TENANT } from '../support/ingress-rig.ts';
import { fieldsOf } from '../support/origins.ts';

const OURS = `sallyport_stk_${'a'.repeat(24)}_${'b'.repeat(32)}`;
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln';
const API = `api.${DOMAIN}`;
const OTHER = `other.${DOMAIN}`;
const OPEN = `wiki.${DOMAIN}`;
/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const header = (token: string) => ({ 'x-sallyport-authorization': `Bearer ${token}` });

const refusal = (error: 'invalid_token' | 'insufficient_scope', reason: string): AuthorizeReply => ({
  verdict: 'refuse-token',
  error,
  reason,
  detail: 'The access token was refused: it has expired.',
});

describe('ingress: bearer tokens in place of an access cookie', () => {
  let rig: IngressRig;
  const seen: ServerExchange[] = [];
  let position = 1;

  before(async () => {
    const takes = { audience: 'api://x', scope: 's', header: 'authorization' } as const;
    rig = await startIngressRig({
      apps: [
        appView('api', { preauthentication: 'oidc', bearerTokens: takes }),
        appView('other', {
          preauthentication: 'oidc',
          bearerTokens: { ...takes, header: 'x-sallyport-authorization' },
        }),
        appView('wiki'),
      ],
      onRequest: origin(seen),
    });
    publishFeed(rig.services, TENANT, revocations, { position, sessionIds: [], appIds: [] });
    await rig.services.flush();
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
    rig.auth.authorize = () => allow({ cacheSeconds: 0 });
    seen.length = 0;
  });

  const forwarded = async (host: string, headers: OutgoingHttpHeaders) => {
    const answer = await ask(rig, '/x', { host, headers });
    expect(answer.status, answer.text).to.equal(200);
    return fieldsOf(seen.at(-1) as ServerExchange);
  };
  const askedOf = () => rig.auth.asked.filter(({ name }) => name === 'authorize').map(({ request }) => request);

  it('are asked about, and open the app; the field that was used is not forwarded', async () => {
    const fields = await forwarded(API, bearer(JWT));
    expect(fields).not.to.have.property('authorization');
    expect(fields['x-sallyport-user']).to.equal('ada@example.com');
    expect(askedOf()[0]).to.deep.include({ appId: 'app_api', bearerToken: JWT });
    expect(askedOf()[0]).not.to.have.property('accessCookie');
  });

  it('leave the other field to the origin', async () => {
    for (const host of [API, OTHER]) {
      const fields = await forwarded(host, { ...header(JWT), authorization: 'Basic b3JpZ2luOnNlY3JldA==' });
      expect(fields).to.include({ authorization: 'Basic b3JpZ2luOnNlY3JldA==' });
      expect(JSON.stringify(fields)).not.to.contain(JWT);
    }
    const own = await forwarded(API, { ...header(JWT), authorization: 'Bearer the-origins-own' });
    expect(own.authorization).to.equal('Bearer the-origins-own');
  });

  it('go before the access cookie, which is not looked at', async () => {
    rig.auth.authorize = ({ accessCookie }) =>
      accessCookie === '' ? refusal('invalid_token', 'access-token-invalid') : allow({ cacheSeconds: 0 });
    const answer = await ask(rig, '/x', { host: API, headers: { ...bearer(JWT), cookie: COOKIE } });
    expect(answer.status).to.equal(401);
    expect((await ask(rig, '/x', { host: API, headers: { cookie: COOKIE } })).status).to.equal(200);
  });

  it('in Authorization are the origin’s where the app does not take them there', async () => {
    const fields = await forwarded(OTHER, { ...bearer(JWT), cookie: COOKIE });
    expect(fields.authorization).to.equal(`Bearer ${JWT}`);
    expect(askedOf()[0]).to.include({ accessCookie: 'sealed-1' });
    const lonely = await ask(rig, '/x', { host: OTHER, headers: bearer(JWT) });
    expect(lonely.status).to.equal(401);
    expect(lonely.headers['www-authenticate']).to.contain('sign-in-required');
  });

  it('of ours are ours at every app, and reach no origin, not even of one without sign-in', async () => {
    expect(await forwarded(OTHER, bearer(OURS))).not.to.have.property('authorization');
    expect(askedOf()[0]).to.include({ bearerToken: OURS });
    for (const value of [`Bearer ${OURS}`, `bearer  ${OURS}`, `Bearer\t${OURS}`, `Basic YTpi, Bearer ${OURS}`]) {
      const fields = await forwarded(OPEN, { authorization: value, ...header(JWT) });
      expect(JSON.stringify(fields), value).not.to.contain('sallyport_stk').and.not.to.contain(JWT);
    }
    expect(await forwarded(OPEN, bearer(JWT))).to.include({ authorization: `Bearer ${JWT}` });
    expect(askedOf()).to.have.length(1);
  });

  it('get one question for many requests, and another one for another token', async () => {
    rig.auth.authorize = () => allow();
    const [one, two] = ['cached-one', 'cached-two'];
    for (const token of [one, two, one, two]) await forwarded(API, bearer(token));
    for (const cookie of ['1', '2']) await forwarded(API, { ...bearer(one), cookie: `a=${cookie}` });
    await forwarded(API, header(one));
    expect(askedOf().map(({ bearerToken }) => bearerToken)).to.deep.equal([one, two]);
  });

  it('that are refused get 401 as RFC 6750 has it: what is wrong stands in the document alone', async () => {
    rig.auth.authorize = () => refusal('invalid_token', 'access-token-invalid');
    for (const headers of [bearer(JWT), header(JWT), { ...bearer(JWT), ...NAVIGATION }]) {
      const answer = await ask(rig, '/x', { host: API, headers });
      expect(answer.status).to.equal(401);
      expect(answer.headers['www-authenticate']).to.equal(`Bearer realm="${API}", error="invalid_token"`);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(JSON.parse(answer.text)).to.deep.include({
        code: 'SP-1220',
        reason: 'access-token-invalid',
        detail: 'The access token was refused: it has expired.',
      });
      expect(await rig.recordOf(answer.requestId)).to.include({ outcome: 'denied', reason: 'access-token-invalid' });
    }
    expect(seen).to.have.length(0);
  });

  it('that are good for something else get 403 insufficient_scope', async () => {
    rig.auth.authorize = () => refusal('insufficient_scope', 'service-token-of-another-app');
    const answer = await ask(rig, '/x', { host: API, headers: bearer(OURS) });
    expect([answer.status, answer.headers['www-authenticate']]).to.deep.equal([
      403,
      `Bearer realm="${API}", error="insufficient_scope"`,
    ]);
    expect(JSON.parse(answer.text)).to.include({ code: 'SP-1221' });
  });

  it('of somebody who is denied get a document with the receipt, never a page', async () => {
    rig.auth.authorize = () => ({
      verdict: 'deny',
      reason: 'user-unassigned',
      detail: 'ada is not assigned.',
      decisionId: 'dec_7',
      username: 'ada@example.com',
    });
    const answer = await ask(rig, '/x', { host: API, headers: { ...bearer(JWT), ...NAVIGATION } });
    expect(answer.status).to.equal(403);
    expect(JSON.parse(answer.text)).to.include({ code: 'SP-1203', receipt: 'dec_7', reason: 'user-unassigned' });
    expect(await rig.recordOf(answer.requestId)).to.include({ decisionId: 'dec_7', username: 'ada@example.com' });
  });

  it('of whom a policy asks for more get the claims to come back with, and nothing of a sign-in here', async () => {
    rig.auth.authorize = () => ({
      verdict: 'step-up',
      challenge: { contexts: ['c1'] },
      reason: 'step-up-required',
      detail: 'The policy asks for more.',
      decisionId: 'dec_8',
      username: 'ada@example.com',
    });
    const answer = await ask(rig, '/x', { host: API, headers: { ...bearer(JWT), ...NAVIGATION } });
    expect(answer.status).to.equal(401);
    expect(answer.headers['www-authenticate']).to.match(
      /^Bearer realm="[^"]*", error="insufficient_claims", claims="[^"]*"$/,
    );
    expect(JSON.parse(answer.text))
      .to.include({ code: 'SP-1216', receipt: 'dec_8' })
      .and.not.to.have.property('signInUrl');
    expect(rig.auth.countOf('begin')).to.equal(0);
  });

  it('are asked for where the app takes them and none came', async () => {
    const answer = await ask(rig, '/x', { host: API, headers: { accept: 'application/json' } });
    expect(answer.status).to.equal(401);
    expect(answer.headers['www-authenticate']).to.equal(
      `Sallyport realm="${API}", error="sign-in-required", Bearer realm="${API}"`,
    );
  });

  for (const [what, lines] of [
    ['our field twice', [`X-Sallyport-Authorization: Bearer ${JWT}`, `X-Sallyport-Authorization: Bearer ${JWT}`]],
    [
      'our field twice in other letters',
      [`X-Sallyport-Authorization: Bearer ${JWT}`, `x-sallyport-AUTHORIZATION: Bearer ${JWT}`],
    ],
    ['Authorization twice', [`Authorization: Bearer ${JWT}`, `Authorization: Bearer ${JWT}`]],
    ['Authorization twice, ours second', ['Authorization: Basic YTpi', `Authorization: Bearer ${OURS}`]],
    ['both with tokens of ours', [`Authorization: Bearer ${OURS}`, `X-Sallyport-Authorization: Bearer ${OURS}`]],
    ['another scheme', ['X-Sallyport-Authorization: Basic YTpi']],
    ['no token', ['Authorization: Bearer']],
    ['a token of 16,385 characters', [`X-Sallyport-Authorization: Bearer ${'a'.repeat(16_385)}`]],
  ] as const)
    it(`that are not one token are refused unread: ${what}`, async () => {
      const text = await sendRaw(
        rig,
        `GET /x HTTP/1.1\r\nHost: ${API}\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`,
      );
      expect(text).to.match(/^HTTP\/1\.1 400 /);
      expect(text)
        .to.contain(`WWW-Authenticate: Bearer realm="${API}", error="invalid_request"`)
        .and.contain('SP-1222');
      expect([askedOf().length, seen.length]).to.deep.equal([0, 0]);
    });

  it('open WebSockets from anywhere, for no page can bring them, and are not forwarded with the handshake', async () => {
    const { status, text, close } = await shake(
      rig,
      `Origin: https://evil.example\r\nAuthorization: Bearer ${JWT}\r\n`,
    );
    expect(status, text).to.equal(101);
    expect(fieldsOf(seen[0] as ServerExchange)).not.to.have.property('authorization');
    close();
    rig.auth.authorize = () => refusal('invalid_token', 'access-token-invalid');
    expect((await shake(rig, `Authorization: Bearer ${JWT}\r\n`)).status).to.equal(401);
  });

  it('close what runs on them as soon as a revocation names their user or service token', async () => {
    const token = `${OURS.slice(0, -1)}c`;
    rig.auth.authorize = () => allow({ sessionId: 'stk_1' });
    const req = open(rig, '/events', { host: API, headers: bearer(token) });
    req.end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    res.on('error', () => undefined);
    const socket = await shake(rig, `X-Sallyport-Authorization: Bearer ${token}\r\n`);
    expect(socket.status).to.equal(101);
    await once(res, 'data');
    rig.auth.authorize = () => refusal('invalid_token', 'service-token-revoked');
    const before = performance.now();
    position += 1;
    publishFeed(rig.services, TENANT, revocations, { position, sessionIds: ['stk_1'], appIds: [] });
    await until(() => res.destroyed && socket.isClosed(), { what: 'both to be cut' });
    expect(performance.now() - before).to.be.lessThan(1_000);
  });

  it('come over HTTP/2, by WebSocket there and by gRPC alike', async () => {
    const session = connect(`https://127.0.0.1:${rig.port}`, { ca: rig.ca, servername: API });
    const call = async (headers: Record<string, string>) => {
      const stream = session.request({ ':path': '/x', ':authority': API, ...headers });
      stream.end();
      stream.resume();
      const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
      await once(stream, 'close');
      return head;
    };
    expect(await call(bearer(JWT))).to.include({ ':status': 200 });
    expect(fieldsOf(seen.at(-1) as ServerExchange)).not.to.have.property('authorization');
    await until(() => session.remoteSettings?.enableConnectProtocol === true);
    const shaken = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/socket', ':authority': API };
    const socket = session.request(
      { ...shaken, 'sec-websocket-version': '13', origin: 'https://evil.example', ...header(JWT) },
      { endStream: false },
    );
    socket.on('error', () => undefined);
    expect((await once(socket, 'response'))[0]).to.include({ ':status': 200 });
    expect(JSON.stringify(fieldsOf(seen.at(-1) as ServerExchange))).not.to.contain(JWT);
    socket.close();
    const grpc = { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' };
    rig.auth.authorize = () => refusal('invalid_token', 'access-token-invalid');
    const refused = await call({ ...grpc, ...header(JWT) });
    expect(refused).to.include({ ':status': 200, 'grpc-status': '16' });
    expect(refused['grpc-message']).to.contain('SP-1220');
    rig.auth.authorize = () => refusal('insufficient_scope', 'access-token-scope-missing');
    expect(await call({ ...grpc, ...bearer(JWT) })).to.include({ 'grpc-status': '7' });
    session.close();
  });

  it('are answered 503 while auth is silent, and never let in', async () => {
    rig.auth.authorize = () => {
      throw new Error('the identity provider does not answer');
    };
    const answer = await ask(rig, '/x', { host: API, headers: bearer(JWT) });
    expect(answer.status).to.equal(503);
    expect(JSON.parse(answer.text)).to.include({ code: 'SP-1202' });
    rig.auth.authorize = () => {
      throw new SallyportError('ERR_AUTH_IDENTITY_PROVIDER', 'it does not answer', { expose: true, retryable: true });
    };
    const provider = await ask(rig, '/x', { host: API, headers: bearer(JWT) });
    expect([provider.status, provider.headers['retry-after']]).to.deep.equal([503, '5']);
    expect(JSON.parse(provider.text)).to.include({ code: 'SP-1208' });
  });
});

/** WebSockets stay open, event streams go on, all else is `ok`. */
function origin(seen: ServerExchange[]): OnRequest {
  return (exchange) => {
    seen.push(exchange);
    if (exchange.head.target === '/socket') {
      const key = exchange.head.fields[exchange.head.fields.indexOf('Sec-WebSocket-Key') + 1] ?? '';
      const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
      exchange.respondHead(101, ['Sec-WebSocket-Accept', accept], { isUpgraded: true });
      exchange.receiveBody({ onData: () => undefined, onEnd: () => exchange.end() });
    } else if (exchange.head.target === '/events') {
      exchange.respondHead(200, ['Content-Type', 'text/event-stream']);
      exchange.write(Buffer.from('data: 1\n\n'));
    } else {
      exchange.respondHead(200, ['Content-Length', '2']);
      exchange.write(Buffer.from('ok'));
      exchange.end();
    }
    return { onCancel: () => undefined };
  };
}

/** The status of a handshake over HTTP/1.1, and whether the connection was closed since. */
async function shake(rig: IngressRig, fields: string) {
  const socket = await openSocket(rig);
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${API}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`,
  );
  await until(() => text.includes('\r\n\r\n'), { what: 'an answer to the handshake' });
  return { status: Number(text.slice(9, 12)), text, isClosed: () => isClosed, close: () => socket.destroy() };
}
