import { createHash } from 'node:crypto';
import { connect } from 'node:http2';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { closeFrame } from '#libs/websocket-frames';
import { until } from '../../../support/until.ts';
import { openSocket } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GOING_AWAY = Buffer.from([0x88, 2, 0x03, 0xe9]);
const HELLO = Buffer.from([0x81, 5, ...Buffer.from('hello')]);
/** RFC 9113, 7. */
const INTERNAL_ERROR = 2;
/** Nobody who answers makes a drain wait. */
const PROMPT_MS = 3_000;

type User = {
  readonly seen: () => Buffer;
  readonly send: (bytes: Uint8Array) => void;
  /** The code of the reset that ended it, 0 for none. A connection of HTTP/1.1 just ends: there the close frame alone tells. */
  readonly ended: Promise<number>;
  readonly destroy: () => void;
};
type Origin = {
  exchange: ServerExchange | undefined;
  got: Buffer;
  isEnded: boolean;
  cancel: string | undefined;
};

describe('ingress: the end of a WebSocket', () => {
  let rig: IngressRig;
  let user: User | undefined;
  const origin: Origin = { exchange: undefined, got: Buffer.alloc(0), isEnded: false, cancel: undefined };

  const start = async (open: (rig: IngressRig) => Promise<User>, doesReply = true) => {
    Object.assign(origin, { exchange: undefined, got: Buffer.alloc(0), isEnded: false, cancel: undefined });
    rig = await startIngressRig({ apps: [appView('wiki')], onRequest: (it) => serveSocket(it, origin, doesReply) });
    user = await open(rig);
    const opened = user;
    origin.exchange?.write(HELLO);
    await until(() => opened.seen().equals(HELLO), { what: 'the first frame' });
    return opened;
  };
  afterEach(async () => {
    user?.destroy();
    await rig.stop();
  });

  for (const [name, open] of [
    ['HTTP/1.1', openOverHttp1],
    ['HTTP/2', openOverHttp2],
  ] as const) {
    it(`tells both sides over ${name} that the ingress drains, and does not make the drain wait`, async () => {
      const socket = await start(open);
      const since = performance.now();
      const drained = rig.ingress.drain();
      await until(() => socket.seen().length > HELLO.length);
      expect(socket.seen()).to.deep.equal(Buffer.concat([HELLO, GOING_AWAY]));
      socket.send(closeFrame('client', 1001));
      expect(await socket.ended).to.equal(0);
      await drained;
      expect(performance.now() - since).to.be.below(PROMPT_MS);
      expect(unmasked(origin.got)).to.deep.equal(GOING_AWAY);
      const [record] = rig.records;
      expect(record).to.include({
        outcome: 'forwarded',
        reason: 'ingress-draining',
        status: name === 'HTTP/2' ? 200 : 101,
      });
    });

    it(`puts the close frame over ${name} behind frames that are under way, in both directions`, async () => {
      const socket = await start(open, false);
      const half = Buffer.from([0x82, 4, 1, 2]);
      const masked = Buffer.from([0x82, 0x84, 0, 0, 0, 0, 1, 2]);
      origin.exchange?.write(half);
      socket.send(masked);
      await until(() => socket.seen().length === HELLO.length + half.length && origin.got.length === masked.length);
      const drained = rig.ingress.drain();
      await until(() => rig.ingress.services.isDraining());
      const rest = Buffer.from([3, 4]);
      origin.exchange?.write(Buffer.concat([rest, HELLO]));
      socket.send(Buffer.concat([rest, masked]));
      await until(() => origin.got.length > masked.length + rest.length);
      await until(() => socket.seen().length > HELLO.length + half.length + rest.length);
      expect(socket.seen()).to.deep.equal(Buffer.concat([HELLO, half, rest, GOING_AWAY]));
      expect(origin.got.subarray(0, masked.length + 2)).to.deep.equal(Buffer.concat([masked, rest]));
      expect(unmasked(origin.got.subarray(masked.length + 2))).to.deep.equal(GOING_AWAY);
      origin.exchange?.end();
      expect(await socket.ended).to.equal(0);
      await drained;
    });

    it(`ends on both sides over ${name} when the origin ends`, async () => {
      const socket = await start(open);
      origin.exchange?.end();
      expect(await socket.ended).to.equal(0);
      await until(() => origin.isEnded, { what: 'the end of what the origin is sent' });
    });

    it(`tells the user over ${name} that its connector stops`, async () => {
      const socket = await start(open);
      origin.exchange?.fail('stopped', 'response-begun', 'connector stops');
      expect(await socket.ended).to.equal(0);
      expect(socket.seen().subarray(HELLO.length)).to.deep.equal(closeFrame('server', 1012, 'SP-1313'));
      await until(() => rig.records.some((it) => it.outcome === 'failed' && it.reason === 'stopped'));
    });

    it(`tells the user over ${name} that its connector is lost`, async function lost() {
      this.timeout(20_000);
      const socket = await start(open);
      await until(() => rig.log.some((line) => line.message === 'connector seen'), { what: 'the first heartbeat' });
      await rig.cutConnector();
      expect(await socket.ended).to.equal(0);
      expect(socket.seen().subarray(HELLO.length)).to.deep.equal(closeFrame('server', 1011, 'SP-1304'));
    });

    it(`cuts it over ${name} when the connector stops in the middle of a frame`, async () => {
      const socket = await start(open);
      origin.exchange?.write(Buffer.from([0x82, 4, 1, 2]));
      await until(() => socket.seen().length === HELLO.length + 4);
      origin.exchange?.fail('stopped', 'response-begun', 'connector stops');
      expect(await socket.ended).to.equal(name === 'HTTP/2' ? INTERNAL_ERROR : 0);
      expect(socket.seen()).to.have.length(HELLO.length + 4);
    });

    it(`cuts it over ${name} when the origin breaks off, as the origin did`, async () => {
      const socket = await start(open);
      origin.exchange?.fail('origin-aborted', 'response-begun', 'reset');
      expect(await socket.ended).to.equal(name === 'HTTP/2' ? INTERNAL_ERROR : 0);
      expect(socket.seen()).to.deep.equal(HELLO);
    });
  }

  it('comes within the drain also when neither side answers', async function silent() {
    this.timeout(20_000);
    const socket = await start(openOverHttp1, false);
    const since = performance.now();
    await rig.ingress.drain();
    expect(performance.now() - since).to.be.within(4_000, 12_000);
    expect(socket.seen()).to.deep.equal(Buffer.concat([HELLO, GOING_AWAY]));
    expect(await socket.ended).to.equal(0);
    await until(() => origin.cancel === 'user-gone');
  });
});

/** Keeps what arrives; answers a close frame by one of its own and ends, as origins do. */
function serveSocket(exchange: ServerExchange, origin: Origin, doesReply: boolean) {
  const key = exchange.head.fields[exchange.head.fields.indexOf('Sec-WebSocket-Key') + 1] ?? '';
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  exchange.respondHead(101, ['Sec-WebSocket-Accept', accept], { isUpgraded: true });
  exchange.receiveBody({
    onData: (chunk) => {
      origin.got = Buffer.concat([origin.got, chunk]);
      if (!doesReply || origin.got[0] !== 0x88) return;
      exchange.write(closeFrame('server', 1001));
      exchange.end();
    },
    onEnd: () => {
      origin.isEnded = true;
    },
  });
  origin.exchange = exchange;
  return {
    onCancel: (reason: string) => {
      origin.cancel = reason;
    },
  };
}

async function openOverHttp1(rig: IngressRig): Promise<User> {
  const socket = await openSocket(rig);
  let all = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    all = Buffer.concat([all, chunk]);
  });
  const ended = new Promise<number>((resolve) => {
    socket.once('error', () => resolve(-1));
    socket.once('close', () => resolve(0));
  });
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await until(() => all.includes('\r\n\r\n'), { what: 'the 101' });
  const seen = () => all.subarray(all.indexOf('\r\n\r\n') + 4);
  return { seen, send: (bytes) => void socket.write(bytes), ended, destroy: () => void socket.destroy() };
}

async function openOverHttp2(rig: IngressRig): Promise<User> {
  const session = connect(`https://wiki.${DOMAIN}:${rig.port}`, {
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
      ':authority': `wiki.${DOMAIN}:${rig.port}`,
      'sec-websocket-version': '13',
    },
    { endStream: false },
  );
  let all = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    all = Buffer.concat([all, chunk]);
  });
  stream.on('error', () => undefined);
  const ended = new Promise<number>((resolve) => {
    stream.once('close', () => resolve(stream.rstCode ?? 0));
  });
  await new Promise((resolve) => stream.once('response', resolve));
  return {
    seen: () => all,
    send: (bytes) => void stream.write(bytes),
    ended,
    destroy: () => session.destroy(),
  };
}

/** The one masked close frame that these bytes are, as a server would have sent it. */
function unmasked(frame: Buffer): Buffer {
  expect([frame[0], (frame[1] ?? 0) & 0x80]).to.deep.equal([0x88, 0x80]);
  const payload = frame.subarray(6).map((byte, i) => byte ^ (frame[2 + (i % 4)] ?? 0));
  return Buffer.concat([Buffer.of(0x88, payload.length), payload]);
}
