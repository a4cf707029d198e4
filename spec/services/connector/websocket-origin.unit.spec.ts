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

  beforeEach(async () => {
    sockets = [];
    const server = createServer((_req, res) => {
      res.writeHead(426, { 'content-length': '2' });
      res.end('no');
    });
    server.on('upgrade', (req, socket: Socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
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
    world = await OriginWorld.start([originConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)]);
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
});
