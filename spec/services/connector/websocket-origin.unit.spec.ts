import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ChannelFailure, ClientChannel, ResponseHead } from '#libs/tunnel-protocol';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { field, OriginWorld, originConfig, request } from './origin-world.ts';

describe('a connector asked to upgrade', () => {
  let world: OriginWorld;
  let sockets: Socket[];
  let close: () => Promise<void>;
  let origin: string;
  let received: string;

  beforeEach(async () => {
    sockets = [];
    received = '';
    const server = createServer((_req, res) => {
      res.writeHead(426, { 'content-length': '2' });
      res.end('no');
    });
    server.on('upgrade', (req, socket: Socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      if (req.url === '/half') {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst');
        socket.on('data', (chunk: Buffer) => {
          received += chunk.toString();
        });
        return;
      }
      if (req.url === '/refused') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${req.headers.upgrade}\r\nConnection: Upgrade\r\nX-Key: ${req.headers['sec-websocket-key']}\r\n\r\nfirst`,
      );
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    close = async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    };
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    world = await OriginWorld.start([originConfig(origin)]);
  });
  afterEach(async () => {
    await world.stop();
    await close();
  });

  type Seen = { head?: ResponseHead; body: string; isEnded: boolean; failure?: ChannelFailure };
  const open = (target: string): { channel: ClientChannel; seen: Seen } => {
    const seen: Seen = { body: '', isEnded: false };
    const fields = ['Upgrade', 'websocket', 'Sec-WebSocket-Key', 'abc'];
    const channel = world.pair.open(
      { ...request('GET', target, { fields }), isUpgrade: true },
      {
        onHead: (head) => {
          seen.head = head;
          channel.receiveBody({
            onData: (chunk) => {
              seen.body += Buffer.from(chunk).toString();
            },
            onEnd: () => {
              seen.isEnded = true;
            },
          });
        },
        onFailure: (failure) => {
          seen.failure = failure;
        },
      },
    );
    return { channel, seen };
  };

  it('becomes a pipe both ways and closes in an orderly way', async () => {
    const { channel, seen } = open('/');
    await until(() => seen.body === 'first', 'what came right behind the head');
    expect([seen.head?.status, seen.head?.isUpgraded]).to.deep.equal([101, true]);
    expect(field(seen.head?.fields, 'upgrade')).to.deep.equal(['websocket']);
    expect(field(seen.head?.fields, 'x-key')).to.deep.equal(['abc']);
    channel.write(Buffer.from(' echo'));
    await until(() => seen.body === 'first echo', 'the echo');
    channel.end();
    await until(() => seen.isEnded, 'the end');
    await until(() => world.origins.active === 0, 'no call left');
  });

  it('passes a refusal of the origin on as an ordinary answer', async () => {
    const { seen } = open('/refused');
    await until(() => seen.isEnded, 'the answer');
    expect([seen.head?.status, seen.head?.isUpgraded, seen.body]).to.deep.equal([403, false, 'no']);
  });

  it('closes the origin when the user is gone, and tells the user when the origin is', async () => {
    const first = open('/');
    await until(() => first.seen.body === 'first', 'the pipe');
    first.channel.cancel('user-gone');
    await until(() => sockets[0]?.destroyed === true, 'the origin connection to be closed');
    const second = open('/');
    await until(() => second.seen.body === 'first', 'the second pipe');
    sockets[1]?.resetAndDestroy();
    await until(() => second.seen.failure !== undefined, 'the failure');
    expect(second.seen.failure?.reason).to.equal('origin-aborted');
  });

  it('tells the origin that it goes away when it stops, unless a frame is under way to it', async () => {
    for (const [sent, isTold] of [
      [Buffer.from([0x82, 0x80, 0, 0, 0, 0]), true],
      [Buffer.from([0x82, 0x84, 0, 0, 0, 0, 1]), false],
    ] as const) {
      const stopping = await OriginWorld.start([originConfig(origin)]);
      let got = Buffer.alloc(0);
      let failure: ChannelFailure | undefined;
      const opened = sockets.length;
      const channel = stopping.pair.open(
        { ...request('GET', '/', { fields: ['Upgrade', 'websocket'] }), isUpgrade: true },
        {
          onHead: () => channel.receiveBody({ onData: () => undefined, onEnd: () => undefined }),
          onFailure: (it) => {
            failure = it;
          },
        },
      );
      await until(() => sockets.length > opened, 'the upgrade');
      sockets[opened]?.on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk]);
      });
      channel.write(sent);
      await until(() => got.length === sent.length, 'the frame');
      await stopping.stop();
      await until(() => sockets[opened]?.destroyed === true, 'the end');
      const rest = got.subarray(sent.length);
      const payload = rest.subarray(6).map((byte, i) => byte ^ (rest[2 + i] ?? 0));
      const told = [rest[0], rest[1], ...payload];
      expect(told.filter((byte) => byte !== undefined)).to.deep.equal(isTold ? [0x88, 0x82, 0x03, 0xe9] : []);
      expect(failure?.reason).to.equal('stopped');
    }
  });

  it('does not let upgraded connections keep short calls waiting', async () => {
    const narrow = await OriginWorld.start([originConfig(origin)], { maxConnections: 1 });
    const opened: string[] = [];
    for (let i = 0; i < 3; i += 1)
      narrow.pair.open(
        { ...request('GET', '/', { fields: ['Upgrade', 'websocket'] }), isUpgrade: true },
        { onHead: (head) => opened.push(String(head.status)), onFailure: () => undefined },
      );
    await until(() => opened.length === 3, 'three upgrades');
    expect((await narrow.fetch('GET', '/')).head?.status).to.equal(426);
    await narrow.stop();
    await until(() => sockets.every((socket) => socket.destroyed), 'every upgraded connection to be closed');
  });

  it('goes on receiving after the user has ended, and sending after the origin has', async () => {
    const { channel, seen } = open('/half');
    await until(() => seen.isEnded, 'the end of the origin');
    channel.write(Buffer.from('still sending'));
    await until(() => received === 'still sending', 'the bytes after that end');
    channel.end();
    await until(() => world.origins.active === 0, 'no call left');
    expect(seen.failure).to.equal(undefined);
  });

  it('holds back either side while the other does not read', async () => {
    const { channel, seen } = open('/');
    await until(() => seen.body === 'first', 'the pipe');
    sockets[0]?.unpipe();
    sockets[0]?.pause();
    const block = Buffer.alloc(64 * 1024);
    let sent = 0;
    let isHeld = false;
    const send = (): void => {
      while (sent < 100_000_000) {
        sent += block.length;
        if (!channel.write(block)) return;
      }
    };
    send();
    let last = -1;
    await until(() => {
      isHeld = sent === last;
      last = sent;
      return isHeld;
    }, 'the user to be held back');
    expect(sent).to.be.lessThan(20_000_000);
    channel.cancel('user-gone');
  });
});
