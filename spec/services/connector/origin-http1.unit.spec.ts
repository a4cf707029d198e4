import type { Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { MAX_INFORMATIONAL_ANSWERS } from '../../../services/connector/src/origins/answer-reader.ts';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { OriginWorld, originConfig, type RunningOrigin, request, startOrigin, startRawOrigin } from './origin-world.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('the HTTP/1.1 connections of a connector', () => {
  const kept: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    kept.push(one);
    return one;
  };
  afterEach(async () => {
    for (const one of kept.splice(0).reverse()) await one.stop();
  });
  const serving = async (
    url: string,
    options: Parameters<typeof OriginWorld.start>[1] = {},
    changes: Parameters<typeof originConfig>[1] = {},
  ) => keep(await OriginWorld.start([originConfig(url, changes)], options));
  const raw = async (onSocket: (socket: Socket) => void): Promise<RunningOrigin> =>
    keep(await startRawOrigin(onSocket));

  /** Text each connection received, and the sockets. */
  const recording = async (answer: (seen: string, socket: Socket) => void) => {
    const sockets: Socket[] = [];
    const seen: string[] = [];
    const origin = await raw((socket) => {
      const index = sockets.push(socket) - 1;
      socket.on('data', (chunk: Buffer) => {
        seen[index] = (seen[index] ?? '') + chunk.toString('latin1');
        answer(seen[index] ?? '', socket);
      });
    });
    return { origin, sockets, seen };
  };

  const sendBody = (
    world: OriginWorld,
    fields: readonly string[],
    send: (channel: ReturnType<OriginWorld['pair']['open']>) => void,
  ) => {
    const result: { status?: number; body: string; isEnded: boolean; failure?: string } = { body: '', isEnded: false };
    const channel = world.pair.open(
      { ...request('POST', '/', { fields }), hasBody: true },
      {
        onBodyWanted: () => send(channel),
        onHead: (head) => {
          result.status = head.status;
          if (!head.hasBody) result.isEnded = true;
          else
            channel.receiveBody({
              onData: (chunk) => {
                result.body += Buffer.from(chunk).toString();
              },
              onEnd: () => {
                result.isEnded = true;
              },
            });
        },
        onFailure: (failure) => {
          result.failure = failure.reason;
        },
      },
    );
    return { channel, result };
  };

  it('send a request without body in one piece, with what they set themselves in front', async () => {
    const { origin, seen } = await recording((_text, socket) => socket.write(OK));
    const world = await serving(origin.url);
    await world.fetch('GET', '/a?b=c', { fields: ['X-One', '1', 'TE', 'trailers, deflate', 'Accept', '*/*'] });
    expect(seen[0]).to.equal(
      `GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:${origin.port}\r\nconnection: te\r\nte: trailers\r\nX-One: 1\r\nAccept: */*\r\n\r\n`,
    );
  });

  it('say that a POST without content has none', async () => {
    const { origin, seen } = await recording((_text, socket) => socket.write(OK));
    const world = await serving(origin.url);
    await world.fetch('POST', '/', { body: Buffer.alloc(0) });
    expect(seen[0]).to.contain('\r\ncontent-length: 0\r\n\r\n');
  });

  it('carry request trailers behind a chunked body, without those that would be read as fields of the head', async () => {
    const { origin, seen } = await recording((text, socket) => {
      if (text.endsWith('\r\n\r\n') && text.includes('\r\n0\r\n')) socket.write(OK);
    });
    const world = await serving(origin.url);
    const { result } = sendBody(world, [], (channel) => {
      channel.write(Buffer.from('hello'));
      channel.end(['x-sum', '1', 'Authorization', 'evil', 'Content-Length', '3']);
    });
    await until(() => result.isEnded, 'the answer');
    expect(seen[0]?.split('\r\n\r\n').slice(1).join('\r\n\r\n')).to.equal('5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n');
    expect(seen[0]).to.contain('\r\ntransfer-encoding: chunked\r\n');
  });

  it('refuse a body that is longer or shorter than its length says, and use the connection no more', async () => {
    const { origin, sockets } = await recording(() => undefined);
    const world = await serving(origin.url);
    for (const [text, isEnded] of [
      ['too long', false],
      ['short', true],
    ] as const) {
      const { result } = sendBody(world, ['content-length', '6'], (channel) => {
        channel.write(Buffer.from(text.slice(0, 2)));
        setTimeout(() => {
          channel.write(Buffer.from(text.slice(2)));
          if (isEnded) channel.end();
        }, 20);
      });
      await until(() => result.failure !== undefined, 'the failure');
      expect(result.failure).to.equal('malformed');
    }
    await until(() => sockets.every((socket) => socket.destroyed), 'the connections to be closed');
  });

  it('pass on an answer that came before the request was sent, and do not use the connection again', async () => {
    const { origin, sockets } = await recording((text, socket) => {
      if (text.length < 2_000)
        socket.write('HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno');
    });
    const world = await serving(origin.url);
    const { result } = sendBody(world, ['content-length', '50000000'], (channel) => channel.write(Buffer.alloc(1_000)));
    await until(() => result.isEnded, 'the answer');
    expect([result.status, result.body]).to.deep.equal([413, 'no']);
    await until(() => sockets[0]?.destroyed === true, 'the connection to be closed');
    await world.fetch('GET', '/');
    expect(sockets.length).to.equal(2);
  });

  it('go on sending while an early answer flows, as for an origin that echoes', async () => {
    const origin = keep(await startOrigin((req, res) => req.pipe(res)));
    const world = await serving(origin.url);
    let isHalf = false;
    const { channel, result } = sendBody(world, [], () => {
      channel.write(Buffer.from('first '));
      isHalf = true;
    });
    await until(() => isHalf && result.body === 'first ', 'the first part');
    channel.end();
    await until(() => result.isEnded, 'the end');
  });

  it('end an origin that drips its head at the backend timeout', async () => {
    const origin = await raw((socket) => {
      socket.once('data', () => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.write('HTTP/1.1 200 OK\r\nx: ');
        socket.on('close', () => clearInterval(timer));
      });
    });
    const world = await serving(origin.url, {}, { backendTimeoutSeconds: 1 });
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('origin-timeout');
  });

  const bad: [string, string, string][] = [
    ['1xx without end', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(MAX_INFORMATIONAL_ANSWERS + 1), 'origin-invalid'],
    ['bare line feeds', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', 'origin-invalid'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!', 'origin-invalid'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok', 'origin-invalid'],
    [
      'more than the tunnel carries',
      `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(600)}content-length: 0\r\n\r\n`,
      'origin-invalid',
    ],
    ['a fold', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 0\r\n\r\n', 'origin-invalid'],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'origin-invalid'],
    [
      'a huge chunk extension',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(70_000)}`,
      'origin-invalid',
    ],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n', 'origin-invalid'],
  ];
  for (const [what, text, reason] of bad)
    it(`say ${reason} to ${what}, and close`, async () => {
      const { origin, sockets } = await recording((_text, socket) => socket.write(text));
      const world = await serving(origin.url);
      expect((await world.fetch('GET', '/')).failure?.reason).to.equal(reason);
      await until(() => sockets[0]?.destroyed === true, 'the connection to be closed');
      expect(world.origins.active).to.equal(0);
    });

  it('close an idle connection after its time, and sooner when the origin says so', async () => {
    const { origin, sockets } = await recording((_text, socket) => socket.write(OK));
    const world = await serving(origin.url, { idleMs: 100 });
    await world.fetch('GET', '/');
    await until(() => sockets[0]?.destroyed === true, 'the idle connection to be closed', 3_000);
    const hinting = await recording((_text, socket) =>
      socket.write(OK.replace('\r\n', '\r\nKeep-Alive: timeout=1\r\n')),
    );
    const other = await serving(hinting.origin.url);
    await other.fetch('GET', '/');
    await until(() => hinting.sockets[0]?.destroyed === true, 'the connection to be closed');
  });

  it('never take a late body after HEAD for the answer to the next request', async () => {
    const { origin } = await recording((text, socket) => {
      if (!text.startsWith('HEAD')) return void socket.write(OK);
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 43\r\n\r\n');
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'), 2);
    });
    const world = await serving(origin.url);
    for (let i = 0; i < 5; i += 1) {
      expect((await world.fetch('HEAD', '/')).head?.status).to.equal(200);
      expect((await world.fetch('GET', '/')).body.toString()).to.equal('ok');
    }
  });

  it('drop a kept connection on which bytes come that nobody asked for', async () => {
    const { origin, sockets } = await recording((_text, socket) => socket.write(OK));
    const world = await serving(origin.url);
    await world.fetch('GET', '/');
    sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
    await until(() => sockets[0]?.destroyed === true, 'the connection to be closed');
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('ok');
  });

  it('let calls wait for a connection at the limit, and refuse one more than may wait', async () => {
    const { origin, sockets } = await recording((_text, socket) => setTimeout(() => socket.write(OK), 30));
    const world = await serving(origin.url, { maxConnections: 2, maxWaiting: 3 });
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => world.fetch('GET', '/')));
    const reasons = outcomes.map(({ failure, body }) => failure?.reason ?? body.toString());
    expect([
      reasons.filter((one) => one === 'ok').length,
      reasons.filter((one) => one === 'capacity').length,
    ]).to.deep.equal([5, 1]);
    expect(sockets.length).to.equal(2);
  });

  it('forget a waiting call whose user has gone', async () => {
    let release: () => void = () => undefined;
    const { origin, seen } = await recording((_text, socket) => {
      release = () => socket.write(OK);
    });
    const world = await serving(origin.url, { maxConnections: 1 });
    const first = world.fetch('GET', '/first');
    await until(() => seen.length === 1, 'the first request');
    const channel = world.pair.open(request('GET', '/gone'), { onHead: () => undefined, onFailure: () => undefined });
    await until(() => channel.connectorId !== undefined, 'the waiting call');
    channel.cancel('user-gone');
    await until(() => world.origins.active === 1, 'the call to be forgotten');
    release();
    await first;
    const last = world.fetch('GET', '/last');
    await until(() => seen.join('').includes('/last'), 'the last request');
    release();
    await last;
    expect(seen.join('')).to.not.contain('/gone');
  });

  it('take a new connection for the second attempt', async () => {
    let requests = 0;
    const { origin, sockets } = await recording((_text, socket) => {
      requests += 1;
      if (requests === 3) socket.resetAndDestroy();
      else setTimeout(() => socket.write(OK), 20);
    });
    const world = await serving(origin.url);
    await Promise.all([world.fetch('GET', '/'), world.fetch('GET', '/')]);
    expect(sockets.length).to.equal(2);
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('ok');
    expect(sockets.length).to.equal(3);
  });

  it('mind each cut of an answer between two reads', async () => {
    const answer =
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: y\r\n\r\n';
    const { origin } = await recording(async (text, socket) => {
      const at = Number(/\/(\d+) HTTP[^/]*$/.exec(text.trimEnd().split('\r\n\r\n').at(-1) ?? '')?.[1] ?? 0);
      socket.write(answer.slice(0, at));
      setTimeout(() => socket.write(answer.slice(at)), 2);
    });
    const world = await serving(origin.url);
    for (let at = 1; at < answer.length; at += 1) {
      const outcome = await world.fetch('GET', `/${at}`);
      expect([outcome.body.toString(), outcome.trailers, outcome.informational.length]).to.deep.equal([
        'ok',
        ['x', 'y'],
        1,
      ]);
    }
  });
});
