import { createHash } from 'node:crypto';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const HOST = `wiki.${DOMAIN}`;
const HEADERS = 1;
const RESET = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_HEADERS = 4;
const END_STREAM = 1;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** DATA on stream 0: nghttp2 gives the session up, and Node does not tell. */
const BROKEN = frame(0, 0, 0, Buffer.from('abc'));

describe('ingress: users who abuse HTTP/2', () => {
  let rig: IngressRig;
  const sockets: TLSSocket[] = [];
  const sessions: ClientHttp2Session[] = [];
  before(async () => {
    rig = await startIngressRig({
      apps: [appView('wiki')],
      config: { limits: { keepAliveTimeoutMs: 500, bodyIdleTimeoutMs: 1000, drainMs: 500 } },
    });
  });
  after(() => rig.stop());
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const session of sessions.splice(0)) session.destroy();
  });

  it('ends sessions that nghttp2 gave up, with their requests, and none of a user who answers', async () => {
    rig.serve((it) => {
      if (it.isUpgrade) return acceptWebSocket(it);
      // An event stream: it ends when the user goes.
      it.respondHead(200, []);
      it.write(Buffer.from('data: 1\n\n'));
      return { onCancel: () => undefined };
    });
    const { stream: webSocket, received } = await openWebSocket();
    let closed = 0;
    for (const goaway of [Buffer.alloc(0), frame(GOAWAY, 0, 0, Buffer.alloc(8))]) {
      const socket = await open();
      socket.once('close', () => {
        closed += 1;
      });
      const unknown = Array.from({ length: 100 }, (_, i) => head(1 + 2 * i, 'nothing.example'));
      socket.write(Buffer.concat([PREFACE, settings(), ...unknown, head(201, HOST), goaway]));
      await until(() => socket.bytesRead > 10_000);
      socket.write(BROKEN);
    }
    const gone = await open();
    gone.write(Buffer.concat([PREFACE, settings(), head(1, HOST), BROKEN]));
    await until(() => gone.bytesRead > 50);
    gone.destroy();
    await until(() => closed === 2, { what: 'dead connections to be closed', deadlineMs: 16_000 });
    await until(() => rig.ingress.services.recordBudget.taken === 1, { what: 'records of dead requests' });
    webSocket.write('still here');
    await until(() => received() === 'still here');
  }).timeout(25_000);

  for (const window of [0, 1])
    it(`cuts answers that a window of ${window} bytes never lets leave, and the connection that has no others`, async () => {
      const socket = await open();
      let isClosed = false;
      socket.resume().once('close', () => {
        isClosed = true;
      });
      const heads = Array.from({ length: 100 }, (_, i) => head(1 + 2 * i, 'nothing.example'));
      socket.write(Buffer.concat([PREFACE, settings([4, window]), ...heads]));
      await until(() => isClosed, { what: 'the connection to be closed', deadlineMs: 6_000 });
      await until(() => rig.ingress.services.recordBudget.taken === 0);
    });

  it('keeps the first value of a field that may stand once, in head and trailers', async () => {
    rig.serve((it) => {
      const twice = ['X-Content-Type-Options', 'nosniff', 'X-Content-Type-Options', 'nosniff'];
      it.respondHead(200, [...twice, 'ETag', '"a"', 'ETag', '"b"', 'constructor', 'x', '__proto__', 'y', 'X-A', '1']);
      it.write(Buffer.from('hi'));
      setTimeout(() => it.end(['ETag', 'a', 'ETag', 'b', 'X-Sum', '1']), 20);
      return { onCancel: () => undefined };
    });
    const stream = request(session(), { te: 'trailers' });
    const headers = await once(stream, 'response');
    expect(headers).to.include({ ':status': 200, 'x-content-type-options': 'nosniff', etag: '"a"', 'x-a': '1' });
    expect(Object.entries(headers).filter(([name]) => name === 'constructor')).to.deep.equal([['constructor', 'x']]);
    stream.resume();
    expect(await once(stream, 'trailers')).to.include({ etag: 'a', 'x-sum': '1' });
  });

  it('ends the stream alone whose upload goes on after the answer, trailers included', async () => {
    rig.serve((it) => {
      it.receiveBody({ onData: () => undefined, onEnd: () => undefined });
      it.respondHead(200, []);
      it.write(Buffer.from('hi'));
      it.end(['X-Sum', '1']);
      return { onCancel: () => undefined };
    });
    const client = session();
    const stream = request(client, { ':method': 'POST', te: 'trailers' }, false);
    const trailers = once(stream, 'trailers');
    const timer = setInterval(() => stream.write(Buffer.alloc(16_384)), 5);
    stream.resume();
    await once(stream, 'close', 5_000);
    clearInterval(timer);
    expect(stream.rstCode).to.equal(0);
    expect(await trailers).to.include({ 'x-sum': '1' });
    expect([client.closed, client.destroyed]).to.deep.equal([false, false]);
    expect((await once(request(client, {}), 'response'))[':status']).to.equal(200);
    await until(() => rig.ingress.services.recordBudget.taken === 0);
  });

  for (const code of [0, 2, 8])
    it(`closes a connection that resets stream after stream with code ${code}`, async () => {
      rig.serve(() => ({ onCancel: () => undefined }));
      const socket = await open();
      let isClosed = false;
      socket.resume().once('close', () => {
        isClosed = true;
      });
      const { counters } = rig.ingress.services;
      const before = counters.requests;
      socket.write(Buffer.concat([PREFACE, settings()]));
      for (let id = 1; id < 2_000 && !isClosed; id += 50) {
        const pairs = Array.from({ length: 25 }, (_, i) =>
          Buffer.concat([head(id + 2 * i, HOST), reset(id + 2 * i, code)]),
        );
        socket.write(Buffer.concat(pairs));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await until(() => isClosed, { what: 'the connection to be closed' });
      expect(counters.requests - before).to.be.lessThan(500);
    });

  function open(): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const options = { port: rig.port, host: '127.0.0.1', servername: HOST, ca: rig.ca, ALPNProtocols: ['h2'] };
      const socket = connectTls(options, () => resolve(socket));
      sockets.push(socket);
      socket.on('error', reject);
      socket.on('data', () => undefined);
    });
  }

  function session(): ClientHttp2Session {
    const opened = connect(`https://${HOST}:${rig.port}`, {
      ca: rig.ca,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    opened.on('error', () => undefined);
    sessions.push(opened);
    return opened;
  }

  function request(on: ClientHttp2Session, headers: OutgoingHttpHeaders, endStream = true): ClientHttp2Stream {
    const stream = on.request({ ':authority': `${HOST}:${rig.port}`, ':path': '/', ...headers }, { endStream });
    stream.on('error', () => undefined);
    return stream;
  }

  async function openWebSocket() {
    const client = session();
    await until(() => client.remoteSettings?.enableConnectProtocol === true);
    const headers = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      'sec-websocket-version': '13',
    };
    const stream = request(client, headers, false);
    expect((await once(stream, 'response'))[':status']).to.equal(200);
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { stream, received: () => text };
  }
});

function acceptWebSocket(it: ServerExchange) {
  const { fields } = it.head;
  const key = fields[fields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'sec-websocket-key') + 1];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  it.respondHead(101, ['Sec-WebSocket-Accept', accept], { isUpgraded: true });
  it.receiveBody({ onData: (chunk) => void it.write(Buffer.from(chunk)), onEnd: () => it.end() });
  return { onCancel: () => undefined };
}

function once(stream: ClientHttp2Stream, event: string, timeoutMs = 3_000): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${timeoutMs} ms`)), timeoutMs);
    stream.once(event, (value: Record<string, unknown>) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** RFC 9113, 4.1. */
function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(id, 5);
  return Buffer.concat([bytes, payload]);
}

function settings(...pairs: [number, number][]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [i, [name, value]] of pairs.entries()) {
    payload.writeUInt16BE(name, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  }
  return frame(SETTINGS, 0, 0, payload);
}

/** GET / of this host; literal fields without a name in the table (RFC 7541, 6.2.2). */
function head(id: number, host: string): Buffer {
  const fields = [':method', 'GET', ':scheme', 'https', ':authority', host, ':path', '/'];
  const block = fields.map((text, i) =>
    Buffer.from(`${i % 2 === 0 ? '\0' : ''}${String.fromCharCode(text.length)}${text}`),
  );
  return frame(HEADERS, END_HEADERS | END_STREAM, id, Buffer.concat(block));
}

function reset(id: number, code: number): Buffer {
  return frame(RESET, 0, id, Buffer.from([0, 0, 0, code]));
}
