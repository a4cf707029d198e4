import { createHash, randomBytes } from 'node:crypto';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { ask } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const HOST = `wiki.${DOMAIN}`;
const MIB = 1024 * 1024;

type Answer = {
  readonly headers: Record<string, unknown>;
  readonly trailers: Record<string, unknown>;
  readonly body: Buffer;
  readonly informational: number[];
};

describe('ingress: users who speak HTTP/2', () => {
  let rig: IngressRig;
  let session: ClientHttp2Session;
  before(async () => {
    rig = await startIngressRig({ apps: [appView('wiki')] });
  });
  after(() => rig.stop());
  beforeEach(() => {
    session = connect(`https://${HOST}:${rig.port}`, {
      ca: rig.ca,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    session.on('error', () => undefined);
  });
  afterEach(() => session.destroy());

  it('asks as it would over HTTP/1.1, with cookie crumbs as one field', async () => {
    const seen = serveSeen();
    const answer = await exchange({ ':path': '/a?b=1', cookie: ['x=1', 'y=2'], 'x-own': 'z' });
    expect(answer.headers[':status']).to.equal(200);
    expect(answer.body.toString()).to.equal('fine');
    const [origin] = seen;
    expect(origin?.head.target).to.equal('/a?b=1');
    expect(fieldsOf(origin)).to.include({ host: HOST, cookie: 'x=1; y=2', 'x-own': 'z' });
    expect(fieldsOf(origin)['x-forwarded-proto']).to.equal('https');
  });

  const echoWithTrailers = () =>
    rig.serve((it) => {
      const chunks: Uint8Array[] = [];
      it.receiveBody({
        onData: (chunk) => chunks.push(chunk),
        onEnd: (trailers) => {
          it.respondHead(200, ['Content-Type', 'application/grpc', 'Trailer', 'grpc-status']);
          it.write(Buffer.concat(chunks));
          it.end(['grpc-status', '0', 'x-seen', trailers.join('=')]);
        },
      });
      return { onCancel: () => undefined };
    });

  for (const bytes of [0, 3, 3 * MIB]) {
    it(`carries a body of ${bytes} bytes and unknown length both ways, and trailers`, async () => {
      echoWithTrailers();
      const body = randomBytes(bytes);
      const answer = await exchange({ ':method': 'POST', te: 'trailers' }, body, { 'x-sum': '7' });
      expect(sha(answer.body)).to.equal(sha(body));
      expect(answer.trailers).to.include({ 'grpc-status': '0', 'x-seen': 'x-sum=7' });
    });

    it(`knows the end of a body of ${bytes} bytes`, async () => {
      echoWithTrailers();
      const body = randomBytes(bytes);
      expect(sha((await exchange({ ':method': 'POST' }, body)).body)).to.equal(sha(body));
    });
  }

  it('ends an answer whose length nobody told', async () => {
    rig.serve((it) => {
      it.respondHead(200, []);
      it.write(Buffer.from('one '));
      setTimeout(() => {
        it.write(Buffer.from('two'));
        it.end();
      }, 20);
      return { onCancel: () => undefined };
    });
    expect((await exchange({})).body.toString()).to.equal('one two');
  });

  it('passes Early Hints on, links alone', async () => {
    rig.serve((it) => {
      it.informational(103, ['Link', '</a.css>; rel=preload', 'X-Other', '1']);
      it.respondHead(200, [], { hasBody: false });
      return { onCancel: () => undefined };
    });
    const answer = await exchange({});
    expect(answer.informational).to.deep.equal([103]);
  });

  it('says of a status HTTP/2 has no form for that the answer is invalid', async () => {
    rig.serve((it) => {
      it.respondHead(999, [], { hasBody: false });
      return { onCancel: () => undefined };
    });
    const answer = await exchange({});
    expect(answer.headers[':status']).to.equal(502);
    expect(answer.body.toString()).to.contain('SP-1408');
  });

  it('answers HEAD without a body and keeps the length', async () => {
    rig.serve((it) => {
      it.respondHead(200, ['Content-Length', '12'], { hasBody: false });
      return { onCancel: () => undefined };
    });
    const answer = await exchange({ ':method': 'HEAD' });
    expect(answer.headers['content-length']).to.equal('12');
    expect(answer.body.length).to.equal(0);
  });

  it('serves many streams of one connection at once', async () => {
    serveSeen();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => exchange({ ':path': `/${i}` })));
    expect(answers.every((answer) => answer.headers[':status'] === 200)).to.equal(true);
  });

  it('opens a WebSocket by extended CONNECT and keeps Set-Cookie', async () => {
    let key = '';
    rig.serve((it) => {
      key = fieldsOf(it)['sec-websocket-key'] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      it.respondHead(
        101,
        ['Sec-WebSocket-Accept', accept, 'Sec-WebSocket-Protocol', 'chat', 'Set-Cookie', 'sid=1; Path=/'],
        { isUpgraded: true },
      );
      it.receiveBody({ onData: (chunk) => void it.write(Buffer.from(chunk)), onEnd: () => it.end() });
      return { onCancel: () => undefined };
    });
    await until(() => session.remoteSettings !== undefined && session.remoteSettings.enableConnectProtocol === true);
    const stream = request({ ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' }, false);
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    expect(headers[':status']).to.equal(200);
    expect(headers['sec-websocket-protocol']).to.equal('chat');
    expect(headers['set-cookie']).to.deep.equal(['sid=1; Path=/']);
    expect(headers).not.to.have.property('sec-websocket-accept');
    expect(Buffer.from(key, 'base64').length).to.equal(16);
    let echoed = '';
    stream.on('data', (chunk: Buffer) => {
      echoed += chunk.toString();
    });
    stream.write('hello');
    await until(() => echoed === 'hello');
    stream.end();
    await new Promise((resolve) => stream.once('close', resolve));
  });

  it('resets what is no request, and no origin sees it', async () => {
    const seen = serveSeen();
    for (const headers of [{ ':path': '' }, { host: 'other.example' }, { ':scheme': 'http' }]) {
      const stream = request(headers, true);
      const code = await new Promise((resolve) => {
        stream.once('error', () => undefined);
        stream.once('close', () => resolve(stream.rstCode));
      });
      expect(code, JSON.stringify(headers)).to.equal(1);
    }
    expect(seen).to.have.length(0);
  });

  it('closes a connection that resets stream after stream, and serves others meanwhile', async () => {
    rig.serve(() => ({ onCancel: () => undefined }));
    const closed = new Promise((resolve) => session.once('close', resolve));
    for (let i = 0; i < 400 && !session.destroyed; i += 1) {
      const stream = request({ ':path': `/${i}` }, true);
      stream.on('error', () => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      stream.close(8);
    }
    await closed;
    serveSeen();
    expect((await ask(rig, '/')).status).to.equal(200);
  });

  it('writes one access record for each stream', async () => {
    serveSeen();
    const answer = await exchange({ ':path': '/recorded' });
    const record = await rig.recordOf(String(answer.headers['x-request-id']));
    expect(record).to.include({ path: '/recorded', status: 200, outcome: 'forwarded', responseBytes: 4 });
  });

  function serveSeen(): ServerExchange[] {
    const seen: ServerExchange[] = [];
    rig.serve((it) => {
      seen.push(it);
      it.respondHead(200, ['Content-Length', '4']);
      it.write(Buffer.from('fine'));
      it.end();
      return { onCancel: () => undefined };
    });
    return seen;
  }

  function request(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    return session.request({ ':authority': `${HOST}:${rig.port}`, ':path': '/', ...headers }, { endStream });
  }

  async function exchange(
    headers: OutgoingHttpHeaders,
    body?: Buffer,
    trailers?: OutgoingHttpHeaders,
  ): Promise<Answer> {
    const stream = session.request(
      { ':authority': `${HOST}:${rig.port}`, ':path': '/', ...headers },
      { endStream: body === undefined, waitForTrailers: trailers !== undefined },
    );
    if (trailers) stream.once('wantTrailers', () => stream.sendTrailers(trailers));
    const informational: number[] = [];
    stream.on('headers', (it) => informational.push(Number(it[':status'])));
    const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('error', reject);
    });
    let seenTrailers = {};
    stream.on('trailers', (it) => {
      seenTrailers = it;
    });
    if (body) stream.end(body);
    const head = await answered;
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { headers: head, trailers: seenTrailers, body: Buffer.concat(chunks), informational };
  }
});

function fieldsOf(exchange: ServerExchange | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  const list = exchange?.head.fields ?? [];
  for (let i = 0; i + 1 < list.length; i += 2) fields[(list[i] ?? '').toLowerCase()] = list[i + 1] ?? '';
  return fields;
}

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
