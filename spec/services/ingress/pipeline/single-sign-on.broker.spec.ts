import { type ClientHttp2Session, connect } from 'node:http2';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { ask, open, openSocket, readAnswer } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { fieldsOf, recordingOrigin } from '../support/origins.ts';

const HOST = `api.${DOMAIN}`;
const SIGN_ON = {
  claimHeaders: [{ header: 'X-Department', claim: 'department' }],
  authorization: { kind: 'basic' as const, username: 'svc', sealedPassword: 'sealed' },
};
const BASIC = ['X-Department', 'R&D', 'Authorization', 'Basic c3ZjOnB3'];

describe('ingress: single sign-on to origins', () => {
  let rig: IngressRig;
  let seen: ServerExchange[];

  before(async () => {
    const signedIn = { preauthentication: 'oidc' as const };
    rig = await startIngressRig({
      apps: [appView('api', { ...signedIn, singleSignOn: SIGN_ON }), appView('secure', signedIn), appView('wiki')],
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    const origin = recordingOrigin();
    seen = origin.seen;
    rig.serve(origin.onRequest);
  });

  /** What auth says from now on. */
  function granting(originFields: readonly string[] | undefined): void {
    const reply = allow();
    if (reply.verdict !== 'allow') throw new Error(reply.verdict);
    rig.auth.authorize = () => ({
      ...reply,
      ...(originFields === undefined ? {} : { originFields: [...originFields] }),
    });
    rig.ingress.services.tenants[0].decisions.dropAll();
  }

  async function fieldsSeen(host: string, headers: Record<string, string>): Promise<Record<string, string>> {
    const answer = await ask(rig, '/x', { host, headers: { cookie: COOKIE, ...headers } });
    expect(answer.status).to.equal(200);
    return fieldsOf(seen.at(-1) as ServerExchange);
  }

  for (const name of [
    'X-Department',
    'x-dEPARTMENT',
    'X_Department',
    'x.department',
    'X!Department',
    'AUTHORIZATION',
  ]) {
    it(`puts its own in place of what the user sent as ${name}`, async () => {
      granting(BASIC);
      const fields = await fieldsSeen(HOST, { [name]: 'forged' });
      expect(fields).to.include({ 'x-department': 'R&D', authorization: 'Basic c3ZjOnB3' });
      expect(JSON.stringify(fields)).not.to.contain('forged');
    });

    it(`drops what the user sent as ${name}, also when there is nothing to put there`, async () => {
      granting([]);
      const fields = await fieldsSeen(HOST, { [name]: 'forged' });
      expect(JSON.stringify(fields)).not.to.contain('forged');
      expect(fields).not.to.have.any.keys('x-department', 'authorization');
    });
  }

  it('drops what the user sent when auth knows of a header that the directory has not heard of yet', async () => {
    granting(BASIC);
    const fields = await fieldsSeen(`secure.${DOMAIN}`, {
      x_department: 'forged',
      authorization: 'forged',
      other: 'x',
    });
    expect(fields).to.include({ 'x-department': 'R&D', authorization: 'Basic c3ZjOnB3', other: 'x' });
    expect(JSON.stringify(fields)).not.to.contain('forged');
  });

  it('cannot be talked out of a header by Connection', async () => {
    granting(BASIC);
    const fields = await fieldsSeen(HOST, { connection: 'X-Department, Authorization, close' });
    expect(fields).to.include({ 'x-department': 'R&D', authorization: 'Basic c3ZjOnB3' });
  });

  it('leaves these headers of apps without it alone', async () => {
    granting(undefined);
    const fields = await fieldsSeen(`secure.${DOMAIN}`, { 'x-department': 'own', authorization: 'Bearer own' });
    expect(fields).to.include({ 'x-department': 'own', authorization: 'Bearer own' });
  });

  it('names in one field what is not whole, of identity headers and of claims', async () => {
    const reply = allow();
    if (reply.verdict !== 'allow') throw new Error(reply.verdict);
    const principal = { ...reply.identity.principal, groups: [], groupsOverage: true as const };
    rig.auth.authorize = () => ({
      ...reply,
      identity: { ...reply.identity, principal },
      originFields: ['X-Sallyport-Truncated', 'x-teams'],
    });
    rig.ingress.services.tenants[0].decisions.dropAll();
    const fields = await fieldsSeen(HOST, { 'x-sallyport-truncated': 'forged' });
    expect(fields['x-sallyport-truncated']).to.equal('groups,x-teams');
  });

  it('does the same for WebSockets', async () => {
    granting(BASIC);
    const socket = await openSocket(rig, { servername: HOST });
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${HOST}\r\nCookie: ${COOKIE}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Authorization: forged\r\nX_DEPARTMENT: forged\r\n\r\n',
    );
    await until(() => seen.length > 0, { what: 'the upgrade at the origin' });
    socket.destroy();
    const origin = seen.at(-1) as ServerExchange;
    expect(origin.head.target).to.equal('/ws');
    expect(origin.isUpgrade).to.equal(true);
    expect(origin.head.target).to.equal('/ws');
    expect(fieldsOf(origin)).to.include({ 'x-department': 'R&D', authorization: 'Basic c3ZjOnB3' });
    expect(JSON.stringify(origin.head.fields)).not.to.contain('forged');
  });

  it('does the same for HTTP/2 and gRPC', async () => {
    granting(BASIC);
    const session = connect(`https://${HOST}:${rig.port}`, {
      ca: rig.ca,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    try {
      for (const type of ['text/plain', 'application/grpc']) {
        await statusOf(session, {
          'content-type': type,
          te: 'trailers',
          cookie: COOKIE,
          authorization: 'forged',
          'x.department': 'forged',
        });
        const origin = seen.at(-1) as ServerExchange;
        expect(fieldsOf(origin), type).to.include({
          'content-type': type,
          'x-department': 'R&D',
          authorization: 'Basic c3ZjOnB3',
        });
        expect(JSON.stringify(origin.head.fields)).not.to.contain('forged');
      }
    } finally {
      session.destroy();
    }
  });

  it('takes such fields out of the trailers of a request too', async () => {
    granting(BASIC);
    let trailers: readonly string[] | undefined;
    rig.serve((exchange) => {
      exchange.receiveBody({
        onData: () => undefined,
        onEnd: (fields) => {
          trailers = fields;
          exchange.respondHead(200, [], { hasBody: false });
        },
      });
      return { onCancel: () => undefined };
    });
    const request = open(rig, '/', {
      host: HOST,
      method: 'POST',
      headers: { cookie: COOKIE, trailer: 'X-Department', 'transfer-encoding': 'chunked' },
    });
    const answered = new Promise<number>((resolve, reject) => {
      request.once('response', (res) => void readAnswer(res).then(({ status }) => resolve(status), reject));
      request.once('error', reject);
    });
    request.write('body');
    request.addTrailers({ 'X-Department': 'forged', 'X-Sallyport-User': 'forged', 'X-Sum': '7' });
    request.end();
    expect(await answered).to.equal(200);
    await until(() => trailers !== undefined, { what: 'the trailers' });
    expect(trailers).to.deep.equal(['X-Sum', '7']);
  });
});

function statusOf(session: ClientHttp2Session, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/x', ...headers });
    stream.once('response', (answer) => resolve(Number(answer[':status'])));
    stream.once('error', reject);
    stream.resume();
    stream.end('x');
  });
}
