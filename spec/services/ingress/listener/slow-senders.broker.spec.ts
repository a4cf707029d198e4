import { type ClientHttp2Session, connect } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { openSocket } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const GRACE_MS = 300;
/** Far past the grace, and past the check that follows it. */
const LONG_MS = 5 * GRACE_MS;
const LIMITS = { bodyGraceMs: GRACE_MS, bodyMinBytesPerSecond: 10_000, bodyIdleTimeoutMs: 30_000 };
const HEAD = `POST / HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const MIB = 1024 * 1024;

describe('ingress: users who send slowly', () => {
  let rig: IngressRig;
  const closers: (() => void)[] = [];
  before(async () => {
    rig = await startIngressRig({ apps: [appView('wiki')], config: { limits: LIMITS } });
  });
  after(() => rig.stop());
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  it('are told so over HTTP/1.1, and the origin is told that they are gone', async () => {
    const { reasons } = serveReading();
    const { text, closed } = await trickle(await openSocket(rig), HEAD);
    await closed;
    expect(text()).to.match(/^HTTP\/1\.1 408 /);
    expect(text()).to.contain('SP-1018');
    await until(() => reasons.length === 1);
    expect(reasons).to.deep.equal(['user-gone']);
    await until(() => rig.records.some((it) => it.reason === 'request-too-slow' && it.outcome === 'failed'));
  });

  it('are cut when their answer has begun', async () => {
    rig.serve((exchange) => {
      exchange.respondHead(200, []);
      exchange.write(Buffer.from('begun'));
      exchange.receiveBody({ onData: () => undefined, onEnd: () => exchange.end() });
      return { onCancel: () => undefined };
    });
    const { text, closed } = await trickle(await openSocket(rig), HEAD);
    await closed;
    expect(text()).to.match(/^HTTP\/1\.1 200 [\s\S]*begun/);
    expect(text(), 'no last chunk').not.to.contain('\r\n0\r\n');
  });

  it('are told so over HTTP/2, and other streams of their connection go on', async () => {
    const { seen } = serveReading();
    const session = openSession();
    const [slow, fast] = [post(session), post(session)];
    const slowAnswer = readText(slow);
    const fastAnswer = readText(fast);
    const timer = setInterval(() => {
      if (slow.writable) slow.write('x');
      fast.write(Buffer.alloc(4_000));
    }, 50);
    closers.push(() => clearInterval(timer));
    const answer = await slowAnswer;
    expect([answer.status, answer.text.includes('SP-1018')]).to.deep.equal([408, true]);
    expect(seen).to.have.length(2);
    clearInterval(timer);
    fast.end();
    expect((await fastAnswer).status).to.equal(200);
  });

  it('are not those whose origin makes them wait', async () => {
    for (const send of [sendOverHttp1, sendOverHttp2]) {
      let exchange: ServerExchange | undefined;
      let bytes = 0;
      rig.serve((it) => {
        exchange = it;
        it.receiveBody({
          onData: (chunk) => {
            if (bytes === 0) it.pause();
            bytes += chunk.length;
          },
          onEnd: () => it.respondHead(200, [], { hasBody: false }),
        });
        return { onCancel: () => undefined };
      });
      const answered = send(Buffer.alloc(8 * MIB));
      await until(() => bytes > 0);
      const since = performance.now();
      await until(() => performance.now() - since > LONG_MS);
      expect(bytes, 'held back').to.be.below(8 * MIB);
      exchange?.resume();
      expect(await answered, send.name).to.equal(200);
      expect(bytes).to.equal(8 * MIB);
    }
  });

  it('are not those whose gRPC call, or HTTP/2 request with an answer under way, is quiet', async () => {
    rig.serve((exchange) => {
      if (exchange.head.target !== '/grpc') exchange.respondHead(200, []);
      exchange.receiveBody({
        onData: () => undefined,
        onEnd: () => {
          if (exchange.head.target === '/grpc') exchange.respondHead(200, []);
          exchange.end();
        },
      });
      return { onCancel: () => undefined };
    });
    const session = openSession();
    const grpc = post(session, { ':path': '/grpc', 'content-type': 'application/grpc', te: 'trailers' });
    const both = post(session, { ':path': '/both' });
    const answers = [readText(grpc), readText(both)];
    grpc.write('a');
    both.write('a');
    const since = performance.now();
    await until(() => performance.now() - since > LONG_MS);
    grpc.end('b');
    both.end('b');
    expect((await Promise.all(answers)).map(({ status }) => status)).to.deep.equal([200, 200]);
  });

  it('may be as slow as they like where the limit is 0', async () => {
    const slowRig = await startIngressRig({
      apps: [appView('wiki')],
      config: { limits: { ...LIMITS, bodyMinBytesPerSecond: 0 } },
    });
    try {
      let isEnded = false;
      slowRig.serve((exchange) => {
        exchange.receiveBody({
          onData: () => undefined,
          onEnd: () => {
            isEnded = true;
            exchange.respondHead(200, [], { hasBody: false });
          },
        });
        return { onCancel: () => undefined };
      });
      const { socket, text, stop } = await trickle(await openSocket(slowRig), HEAD);
      const since = performance.now();
      await until(() => performance.now() - since > LONG_MS);
      stop();
      socket.write('0\r\n\r\n');
      await until(() => text().startsWith('HTTP/1.1 200 '));
      expect(isEnded).to.equal(true);
      socket.destroy();
    } finally {
      await slowRig.stop();
    }
  });

  /** An origin that reads all and answers at the end. */
  function serveReading() {
    const seen: ServerExchange[] = [];
    const reasons: string[] = [];
    rig.serve((exchange) => {
      seen.push(exchange);
      exchange.receiveBody({
        onData: () => undefined,
        onEnd: () => exchange.respondHead(200, [], { hasBody: false }),
      });
      return { onCancel: (reason) => void reasons.push(reason) };
    });
    return { seen, reasons };
  }

  /** Sends a head, then a byte now and then until the connection ends. */
  async function trickle(socket: TLSSocket, head: string) {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    const timer = setInterval(() => {
      if (socket.writable) socket.write('1\r\nx\r\n');
    }, 50);
    const stop = () => clearInterval(timer);
    closers.push(stop, () => socket.destroy());
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.write(head);
    return { socket, closed, stop, text: () => text };
  }

  function openSession(): ClientHttp2Session {
    const session = connect(`https://wiki.${DOMAIN}:${rig.port}`, {
      ca: rig.ca,
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    session.on('error', () => undefined);
    closers.push(() => session.destroy());
    return session;
  }

  function post(session: ClientHttp2Session, headers: Record<string, string> = {}) {
    const authority = `wiki.${DOMAIN}:${rig.port}`;
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': authority, ...headers });
    stream.on('error', () => undefined);
    return stream;
  }

  async function sendOverHttp1(body: Buffer): Promise<number> {
    const socket = await openSocket(rig);
    closers.push(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.write(`POST / HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
    await until(() => text.includes('\r\n\r\n'));
    return Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
  }

  async function sendOverHttp2(body: Buffer): Promise<number> {
    const stream = post(openSession());
    const answered = readText(stream);
    stream.end(body);
    return (await answered).status;
  }
});

async function readText(stream: ReturnType<ClientHttp2Session['request']>) {
  let status = 0;
  let text = '';
  stream.on('response', (headers) => {
    status = Number(headers[':status']);
  });
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => stream.once('close', resolve));
  return { status, text };
}
