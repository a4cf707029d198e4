import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connectorGroupId } from '#libs/contracts';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { ask, NAVIGATION, open } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { recordingOrigin } from '../support/origins.ts';

const OTHER_GROUP = connectorGroupId.parse('grp_nobody');
const NOTHING = { onCancel: () => undefined };

describe('ingress: forwarding over the tunnel', () => {
  let rig: IngressRig;
  before(async () => {
    const lonely = appView('lonely', { connectorGroupId: OTHER_GROUP });
    rig = await startIngressRig({ apps: [appView('wiki'), lonely] });
  });
  after(() => rig.stop());

  it('answers a GET with the answer of the origin', async () => {
    rig.serve(recordingOrigin(200, ['Content-Type', 'text/plain', 'X-Origin', 'yes'], 'hello').onRequest);
    const answer = await ask(rig, '/pages/1?q=a');
    expect(answer.status).to.equal(200);
    expect(answer.text).to.equal('hello');
    expect(answer.headers['x-origin']).to.equal('yes');
    expect(answer.headers['x-request-id']).to.match(/^req_[a-z2-7]{24}$/);
  });

  it('tells the connector app, request and normalized path, never an address', async () => {
    const origin = recordingOrigin();
    rig.serve(origin.onRequest);
    const answer = await ask(rig, '/a/../b/%7Euser?x=%2F..');
    const exchange = origin.seen[0] as ServerExchange;
    expect(exchange.head.target).to.equal('/b/~user?x=%2F..');
    expect(exchange.metadata).to.deep.equal(['app-id', 'app_wiki', 'request-id', answer.requestId]);
  });

  it('keeps the length the origin gave', async () => {
    rig.serve(recordingOrigin(200, ['Content-Length', '5'], 'hello').onRequest);
    const answer = await ask(rig, '/');
    expect(answer.headers['content-length']).to.equal('5');
    expect(answer.headers['transfer-encoding']).to.equal(undefined);
  });

  it('uses chunks where the origin gave no length', async () => {
    rig.serve(recordingOrigin(200, [], 'hello').onRequest);
    const answer = await ask(rig, '/');
    expect(answer.headers['transfer-encoding']).to.equal('chunked');
    expect(answer.text).to.equal('hello');
  });

  for (const status of [204, 304]) {
    it(`answers ${status} without a body and keeps the connection`, async () => {
      rig.serve(recordingOrigin(status, ['ETag', '"1"'], '').onRequest);
      const answer = await ask(rig, '/');
      expect(answer.status).to.equal(status);
      expect(answer.body.length).to.equal(0);
      rig.serve(recordingOrigin().onRequest);
      expect((await ask(rig, '/')).text).to.equal('ok');
    });
  }

  it('answers HEAD with the length and without the body', async () => {
    rig.serve(recordingOrigin(200, ['Content-Length', '1234'], '').onRequest);
    const answer = await ask(rig, '/', { method: 'HEAD' });
    expect(answer.headers['content-length']).to.equal('1234');
    expect(answer.body.length).to.equal(0);
  });

  it('passes trailers on to those who ask for them', async () => {
    rig.serve((exchange) => {
      exchange.respondHead(200, ['Trailer', 'X-Sum']);
      exchange.write(Buffer.from('data'));
      exchange.end(['X-Sum', 'abc', 'Set-Cookie', 'late=1']);
      return NOTHING;
    });
    const answer = await ask(rig, '/', { headers: { te: 'trailers', connection: 'te' } });
    expect(answer.trailers).to.deep.equal({ 'x-sum': 'abc' });
    expect((await ask(rig, '/')).trailers).to.deep.equal({});
  });

  it('sends the head and each event of an event stream at once', async () => {
    let exchange: ServerExchange | undefined;
    rig.serve((it) => {
      exchange = it;
      it.respondHead(200, ['Content-Type', 'text/event-stream']);
      return NOTHING;
    });
    const req = open(rig, '/events');
    const seen: string[] = [];
    let isHeadSeen = false;
    req.on('response', (res) => {
      isHeadSeen = true;
      res.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
      res.on('error', () => undefined);
    });
    req.on('error', () => undefined);
    req.end();
    await until(() => isHeadSeen, { what: 'the head alone' });
    exchange?.write(Buffer.from('data: 1\n\n'));
    await until(() => seen.join('') === 'data: 1\n\n', { what: 'the first event' });
    exchange?.write(Buffer.from('data: 2\n\n'));
    await until(() => seen.join('').endsWith('data: 2\n\n'), { what: 'the second event' });
    req.destroy();
    await until(() => exchange?.isOpen === false, { what: 'the channel ends with the user' });
  });

  it('cancels the channel when the user goes away', async () => {
    const reasons: string[] = [];
    rig.serve((exchange) => {
      exchange.respondHead(200, []);
      return { onCancel: (reason) => reasons.push(reason) };
    });
    const req = open(rig, '/');
    req.on('error', () => undefined);
    const requestId = await new Promise<string>((resolve) => {
      req.on('response', (res) => {
        res.on('error', () => undefined);
        resolve(String(res.headers['x-request-id']));
      });
      req.end();
    });
    req.destroy();
    await until(() => reasons.length > 0);
    expect(reasons).to.deep.equal(['user-gone']);
    const record = await rig.recordOf(requestId);
    expect(record).to.include({ outcome: 'failed', reason: 'user-gone', appId: 'app_wiki', connectorId: 'con_test' });
  });

  it('shows a truncated answer as truncated', async () => {
    rig.serve((exchange) => {
      exchange.respondHead(200, []);
      exchange.write(Buffer.from('the beginning'));
      setImmediate(() => exchange.fail('origin-aborted', 'response-begun', 'reset'));
      return NOTHING;
    });
    const failed = await ask(rig, '/').then(
      () => 'whole',
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(failed).to.equal('ECONNRESET');
  });

  it('cuts an answer that is longer than its length said', async () => {
    rig.serve(recordingOrigin(200, ['Content-Length', '2'], 'too long').onRequest);
    const failed = await ask(rig, '/').then(
      (answer) => answer.text,
      () => 'cut',
    );
    expect(failed).to.be.oneOf(['cut', 'to']);
  });

  for (const [reason, status, code] of [
    ['origin-dns', 502, 'SP-1401'],
    ['origin-refused', 502, 'SP-1402'],
    ['origin-tls', 502, 'SP-1403'],
    ['origin-connect-timeout', 504, 'SP-1404'],
    ['origin-timeout', 504, 'SP-1406'],
    ['origin-aborted', 502, 'SP-1407'],
  ] as const) {
    it(`answers ${status} for ${reason}, with the request id`, async () => {
      rig.serve((exchange) => {
        exchange.fail(reason, 'origin-not-contacted', 'inside detail');
        return NOTHING;
      });
      const answer = await ask(rig, '/');
      const problem = JSON.parse(answer.text) as Record<string, unknown>;
      expect(answer.status).to.equal(status);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(problem).to.include({ code, requestId: answer.requestId, reason });
      expect(answer.text).not.to.contain('inside detail');
    });
  }

  it('answers 504 when the origin is silent for longer than the app allows', async () => {
    await rig.putApp(appView('wiki', { revision: 2, backendTimeoutSeconds: 1 }));
    rig.serve(() => NOTHING);
    const answer = await ask(rig, '/', { headers: NAVIGATION });
    await rig.putApp(appView('wiki', { revision: 3 }));
    expect(answer.status).to.equal(504);
    expect(answer.text).to.contain('did not answer in time').and.to.contain(answer.requestId);
  });

  it('answers 503 when no connector of the group is online', async () => {
    const answer = await ask(rig, '/', { host: `lonely.${DOMAIN}`, headers: NAVIGATION });
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.equal('5');
    expect(answer.text).to.contain('No connector is online').and.to.contain(answer.requestId);
  });

  it('names trailers only where there can be some', async () => {
    for (const [method, fields] of [
      ['HEAD', ['Trailer', 'X-Sum']],
      ['GET', ['Trailer', 'X-Sum', 'Content-Length', '2']],
    ] as const) {
      rig.serve(recordingOrigin(200, fields, method === 'HEAD' ? '' : 'ok').onRequest);
      const answer = await ask(rig, '/', { method, headers: { te: 'trailers', connection: 'te' } });
      expect([answer.status, answer.headers.trailer]).to.deep.equal([200, undefined]);
    }
  });
});
