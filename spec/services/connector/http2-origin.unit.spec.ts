// long because one HTTP/2 origin, started once, stands behind all of its cases
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { type TlsFiles, writeTlsCertificate } from '../../support/tls-certificate.ts';
import { field, OriginWorld, originConfig, request, startRawOrigin } from './origin-world.ts';

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) => void;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const PREFACE_BYTES = 24;

/** RFC 9113, 4.1. Payload as Latin-1 text. */
function frame(type: number, flags: number, stream: number, payload: string): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(stream, 5);
  bytes.write(payload, 9, 'latin1');
  return bytes;
}

const NODE_MAJOR = Number(process.versions.node.split('.')[0]);

describe('a connector calling an HTTP/2 origin', () => {
  let folder: string;
  let tls: TlsFiles;
  const kept: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    kept.push(one);
    return one;
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-h2-'));
    tls = await writeTlsCertificate(folder);
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(async () => {
    for (const one of kept.splice(0).reverse()) await one.stop();
  });

  const listen = async (server: Http2Server | Http2SecureServer, onStream: OnStream) => {
    const sessions = new Set<ServerHttp2Session>();
    let opened = 0;
    server.on('session', (session: ServerHttp2Session) => {
      opened += 1;
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
      session.on('error', () => undefined);
    });
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      stream.on('error', () => undefined);
      onStream(stream, headers, raw);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    const { port } = server.address() as AddressInfo;
    return keep({
      port,
      sessions,
      get opened() {
        return opened;
      },
      stop: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const session of sessions) session.destroy();
        }),
    });
  };
  const secure = (onStream: OnStream, options: object = {}) =>
    listen(createSecureServer({ cert: tls.cert, key: tls.key, allowHTTP1: false, ...options }), onStream);
  const clear = (onStream: OnStream, options: object = {}) => listen(createServer(options), onStream);
  const serving = async (
    url: string,
    changes: Parameters<typeof originConfig>[1] = {},
    options: Parameters<typeof OriginWorld.start>[1] = {},
  ) => keep(await OriginWorld.start([originConfig(url, changes)], { trust: [tls.cert], ...options }));
  /** Prior knowledge, without TLS. */
  const plain = (port: number, options: Parameters<typeof OriginWorld.start>[1] = {}) =>
    serving(`http://127.0.0.1:${port}/`, { originProtocol: 'h2' }, options);

  it('speaks HTTP/2 where the origin offers it, and carries fields, order, duplicates and cookies', async () => {
    let seen: readonly string[] = [];
    const origin = await secure((stream, _headers, raw) => {
      seen = raw;
      stream.respond({ ':status': 207, 'set-cookie': ['a=1', 'b=2'], 'x-one': '1' });
      stream.end('answer');
    });
    const world = await serving(`https://localhost:${origin.port}/`);
    const fields = [
      'X-B',
      '1',
      'Cookie',
      'a=b',
      'cookie',
      'c=d',
      'Connection',
      'x-gone',
      'X-Gone',
      '1',
      'TE',
      'trailers',
    ];
    const outcome = await world.fetch('GET', '/a?b=c', { fields });
    expect([outcome.head?.status, outcome.body.toString()]).to.deep.equal([207, 'answer']);
    expect(field(outcome.head?.fields, 'set-cookie')).to.deep.equal(['a=1', 'b=2']);
    expect(outcome.head?.fields.join(' ')).to.not.contain(':status');
    expect(seen.join(' ')).to.equal(
      `:method GET :scheme https :authority localhost:${origin.port} :path /a?b=c te trailers x-b 1 cookie a=b; c=d`,
    );
  });

  it('asks once, when many calls come at once, and shares the session', async () => {
    const origin = await secure((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('x');
    });
    const world = await serving(`https://localhost:${origin.port}/`);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => world.fetch('GET', '/')));
    expect(outcomes.filter(({ body }) => body.toString() === 'x').length).to.equal(50);
    expect(origin.opened).to.equal(1);
  });

  it('speaks HTTP/1.1 where the origin offers nothing else, or the app says so', async () => {
    const server = createHttpsServer({ cert: tls.cert, key: tls.key }, (req, res) => res.end(req.httpVersion));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    const { port } = server.address() as AddressInfo;
    keep({
      stop: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    });
    const world = await serving(`https://localhost:${port}/`);
    const all = await Promise.all(Array.from({ length: 10 }, () => world.fetch('GET', '/')));
    expect(new Set(all.map(({ body }) => body.toString()))).to.deep.equal(new Set(['1.1']));
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('1.1');
    const both = createSecureServer({ cert: tls.cert, key: tls.key, allowHTTP1: true }, (req, res) =>
      res.end(req.httpVersion),
    );
    await new Promise<void>((resolve) => {
      both.listen(0, '127.0.0.1', () => resolve());
    });
    const address = both.address() as AddressInfo;
    const old = keep(
      await OriginWorld.start([originConfig(`https://localhost:${address.port}/`, { originProtocol: 'http1' })], {
        trust: [tls.cert],
      }),
    );
    expect((await old.fetch('GET', '/')).body.toString()).to.equal('1.1');
    await old.stop();
    both.close();
  });

  it('says origin-invalid when HTTP/2 is demanded of an origin that does not speak it', async () => {
    const raw = keep(
      await startRawOrigin((socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))),
    );
    const world = await plain(raw.port);
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('origin-invalid');
    const closed = await startRawOrigin(() => undefined);
    await closed.stop();
    const other = await plain(closed.port);
    const { failure } = await other.fetch('GET', '/');
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-refused', 'not-dispatched']);
  });

  it('carries bodies of 20 MB both ways unchanged, without TLS', async () => {
    const origin = await clear((stream, headers) => {
      stream.respond({ ':status': 200, 'x-length': String(headers['content-length']) });
      stream.pipe(stream);
    });
    const world = await plain(origin.port);
    const body = randomBytes(20_000_000);
    const outcome = await world.fetch('POST', '/', { body, fields: ['content-length', String(body.length)] });
    expect(sha256(outcome.body)).to.equal(sha256(body));
    expect(field(outcome.head?.fields, 'x-length')).to.deep.equal([String(body.length)]);
  });

  it('sends a small body with its length and an unknown one without', async () => {
    const origin = await clear((stream, headers) => {
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.on('end', () => {
        stream.respond({ ':status': 200 });
        stream.end(`${headers['content-length']} ${bytes}`);
      });
    });
    const world = await plain(origin.port);
    expect((await world.fetch('POST', '/', { body: Buffer.from('hello') })).body.toString()).to.equal('5 5');
    expect((await world.fetch('POST', '/', { body: Buffer.alloc(1_000_000) })).body.toString()).to.equal(
      'undefined 1000000',
    );
  });

  it('answers HEAD, 204 and 304 without a body, and passes early hints on', async () => {
    const origin = await clear((stream, headers) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': Number(headers['x-status']), 'content-length': '7' }, { endStream: true });
    });
    const world = await plain(origin.port);
    for (const [method, status] of [
      ['HEAD', '200'],
      ['GET', '304'],
    ] as const) {
      const outcome = await world.fetch(method, '/', { fields: ['x-status', status] });
      expect([outcome.head?.status, outcome.head?.hasBody, outcome.failure]).to.deep.equal([
        Number(status),
        false,
        undefined,
      ]);
      expect(outcome.informational.map((one) => one.status)).to.deep.equal([103]);
    }
  });

  it('carries a gRPC call both ways: messages, te, and the status in the trailers', async () => {
    let te: unknown;
    const origin = await clear((stream, headers) => {
      te = headers.te;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
      stream.on('data', (chunk: Buffer) => stream.write(chunk));
      stream.on('end', () => stream.end());
    });
    const world = await plain(origin.port);
    const seen: { body: string; trailers?: readonly string[] } = { body: '' };
    const fields = ['content-type', 'application/grpc', 'te', 'trailers'];
    const channel = world.pair.open(
      { ...request('POST', '/pkg.Service/Method', { fields }), hasBody: true },
      {
        onBodyWanted: () => channel.write(Buffer.from('one')),
        onHead: () =>
          channel.receiveBody({
            onData: (chunk) => {
              seen.body += Buffer.from(chunk).toString();
            },
            onEnd: (trailers) => {
              seen.trailers = trailers;
            },
          }),
        onFailure: () => undefined,
      },
    );
    await until(() => seen.body === 'one', 'the first message back');
    channel.write(Buffer.from('two'));
    await until(() => seen.body === 'onetwo', 'the second message back');
    channel.end();
    await until(() => seen.trailers !== undefined, 'the end');
    expect(seen.trailers).to.deep.equal(['grpc-status', '0', 'grpc-message', 'fine']);
    expect(te).to.equal('trailers');
  });

  it('passes an answer on that is nothing but a head, as gRPC fails', async () => {
    const origin = await clear((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '12', 'content-type': 'application/grpc' }, { endStream: true });
    });
    const world = await plain(origin.port);
    const outcome = await world.fetch('POST', '/x', { body: Buffer.from('hello') });
    expect([outcome.head?.hasBody, field(outcome.head?.fields, 'grpc-status')]).to.deep.equal([false, ['12']]);
  });

  it('carries request trailers', async () => {
    let trailers: IncomingHttpHeaders = {};
    const origin = await clear((stream) => {
      stream.on('trailers', (given: IncomingHttpHeaders) => {
        trailers = given;
      });
      stream.resume();
      stream.on('end', () => {
        stream.respond({ ':status': 200 });
        stream.end('x');
      });
    });
    const world = await plain(origin.port);
    let isAnswered = false;
    const channel = world.pair.open(
      { ...request('POST', '/'), hasBody: true },
      {
        onBodyWanted: () => {
          channel.write(Buffer.from('hello'));
          channel.end(['X-Sum', '1']);
        },
        onHead: () => {
          isAnswered = true;
        },
        onFailure: () => undefined,
      },
    );
    await until(() => isAnswered, 'the answer');
    expect(trailers['x-sum']).to.equal('1');
  });

  it('keeps the first of two request trailers that may stand once, and drops what is no field of an object', async () => {
    let raw: readonly unknown[] = [];
    const origin = await clear((stream) => {
      stream.on('trailers', (_trailers: IncomingHttpHeaders, _flags: number, given?: unknown) => {
        if (Array.isArray(given)) raw = given;
      });
      stream.resume();
      stream.on('end', () => {
        stream.respond({ ':status': 200 });
        stream.end('x');
      });
    });
    const world = await plain(origin.port);
    let status = 0;
    const channel = world.pair.open(
      { ...request('POST', '/'), hasBody: true },
      {
        onBodyWanted: () => {
          channel.write(Buffer.from('hello'));
          channel.end(['ETag', 'a', 'ETag', 'b', '__proto__', 'x', 'constructor', 'y']);
        },
        onHead: (head) => {
          status = head.status;
        },
        onFailure: () => undefined,
      },
    );
    await until(() => status === 200, 'the answer');
    expect(raw.join(' ')).to.equal('etag a constructor y');
    expect((await world.fetch('POST', '/', { body: Buffer.from('x') })).head?.status).to.equal(200);
  });

  it('fails a call alone whose trailers HTTP/2 has no form for', async () => {
    const origin = await clear((stream) => stream.resume());
    const world = await plain(origin.port);
    let failed = '';
    const channel = world.pair.open(
      { ...request('POST', '/'), hasBody: true },
      {
        onBodyWanted: () => {
          channel.write(Buffer.from('hello'));
          channel.end(['HTTP2-Settings', 'x']);
        },
        onHead: () => undefined,
        onFailure: ({ reason }) => {
          failed = reason;
        },
      },
    );
    await until(() => failed !== '', 'the failure');
    expect(failed).to.equal('malformed');
    await until(() => world.origins.active === 0, 'the call to be over');
    expect(origin.sessions.size).to.equal(1);
  });

  it('sends a field once that came twice and says the same, and refuses one that says two things', async () => {
    let seen: readonly string[] = [];
    const origin = await clear((stream, _headers, raw) => {
      seen = raw;
      stream.respond({ ':status': 200 });
      stream.end('x');
    });
    const world = await plain(origin.port);
    const twice = (second: string) => ['Authorization', 'Basic a', 'authorization', second, 'constructor', 'x'];
    expect((await world.fetch('GET', '/', { fields: twice('Basic a') })).head?.status).to.equal(200);
    expect(seen.slice(8).join(' ')).to.equal('authorization Basic a constructor x');
    const { failure } = await world.fetch('GET', '/', { fields: twice('Basic b') });
    expect(failure?.reason).to.equal('malformed');
  });

  it('keeps the calls of a session that said goodbye when one of them gets no answer', async () => {
    let release = (): void => undefined;
    const origin = await clear((stream, headers) => {
      if (headers[':path'] === '/silent') return;
      stream.respond({ ':status': 200 });
      stream.write('x');
      release = () => stream.end('y');
    });
    const world = await serving(`http://127.0.0.1:${origin.port}/`, { originProtocol: 'h2', backendTimeoutSeconds: 1 });
    const running = world.fetch('GET', '/slow');
    const silent = world.fetch('GET', '/silent');
    await until(() => world.origins.active === 2, 'the running calls');
    await until(() => origin.opened === 1, 'the session');
    for (const session of origin.sessions) session.goaway(constants.NGHTTP2_NO_ERROR, 3);
    expect((await silent).failure?.reason).to.equal('origin-timeout');
    release();
    expect((await running).body.toString()).to.equal('xy');
  });

  it('sends a refused request once more, whatever its method, and one that ran no more', async () => {
    let requests = 0;
    let code: number = constants.NGHTTP2_REFUSED_STREAM;
    const origin = await clear((stream) => {
      requests += 1;
      if (requests === 1) stream.close(code);
      else {
        stream.respond({ ':status': 200 });
        stream.end('second');
      }
    });
    const world = await plain(origin.port);
    expect((await world.fetch('DELETE', '/')).body.toString()).to.equal('second');
    requests = 0;
    code = constants.NGHTTP2_INTERNAL_ERROR;
    expect((await world.fetch('DELETE', '/')).failure?.reason).to.equal('origin-aborted');
    expect(requests).to.equal(1);
  });

  it('lets a session go that says so, without a failed call', async () => {
    const origin = await clear((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('x');
      setTimeout(() => stream.end('y'), 20);
    });
    const world = await plain(origin.port);
    await world.fetch('GET', '/');
    const running = Array.from({ length: 5 }, () => world.fetch('GET', '/'));
    await until(() => world.origins.active === 5, 'the running calls');
    for (const session of origin.sessions) session.goaway(constants.NGHTTP2_NO_ERROR);
    const later = Array.from({ length: 5 }, () => world.fetch('GET', '/'));
    for (const outcome of await Promise.all([...running, ...later])) expect(outcome.body.toString()).to.equal('xy');
    expect(origin.opened).to.equal(2);
  });

  it('opens more sessions when the origin allows few calls on one, and lets further calls wait', async () => {
    const origin = await clear(
      (stream) =>
        setTimeout(() => {
          stream.respond({ ':status': 200 });
          stream.end('x');
        }, 10),
      { settings: { maxConcurrentStreams: 2 } },
    );
    const world = await plain(origin.port);
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => world.fetch('GET', '/')));
    expect(outcomes.filter(({ body }) => body.toString() === 'x').length).to.equal(60);
    expect(origin.opened).to.be.within(2, 8);
  });

  it('ends the stream, not the session, when the user goes away', async () => {
    let closed = 0;
    const origin = await clear((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('x');
      stream.on('close', () => {
        closed = stream.rstCode ?? 0;
      });
    });
    const world = await plain(origin.port);
    const channel = world.pair.open(request('GET', '/'), {
      onHead: () => channel.cancel('user-gone'),
      onFailure: () => undefined,
    });
    await until(() => closed === constants.NGHTTP2_CANCEL, 'the stream to be cancelled');
    expect(origin.sessions.size).to.equal(1);
    expect(world.origins.active).to.equal(0);
  });

  it('stops reading one stream while its user does not read, and no other', async () => {
    let written = 0;
    const origin = await clear((stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/small') return void stream.end('small');
      const block = Buffer.alloc(65_536);
      const send = (): void => {
        while (written < 100_000_000) {
          written += block.length;
          if (!stream.write(block)) return void stream.once('drain', send);
        }
        stream.end();
      };
      send();
    });
    const world = await plain(origin.port);
    let received = 0;
    let isPaused = false;
    let isEnded = false;
    const channel = world.pair.open(request('GET', '/large'), {
      onHead: () => {
        channel.receiveBody({
          onData: (chunk) => {
            received += chunk.length;
          },
          onEnd: () => {
            isEnded = true;
          },
        });
        channel.pause();
        isPaused = true;
      },
      onFailure: () => undefined,
    });
    await until(() => isPaused, 'the head');
    let last = -1;
    await until(() => {
      const isStill = written > 0 && written === last;
      last = written;
      return isStill;
    }, 'the origin to be held back');
    expect(written).to.be.lessThan(5_000_000);
    for (let i = 0; i < 20; i += 1) expect((await world.fetch('GET', '/small')).body.toString()).to.equal('small');
    channel.resume();
    await until(() => isEnded, 'the rest', 9_000);
    expect(received).to.be.at.least(100_000_000);
  });

  it('says origin-timeout when no answer begins, and keeps a session that answers a ping', async () => {
    const origin = await clear(() => undefined);
    const world = await serving(`http://127.0.0.1:${origin.port}/`, { originProtocol: 'h2', backendTimeoutSeconds: 1 });
    const { failure } = await world.fetch('GET', '/');
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-timeout', 'dispatched']);
    expect(origin.sessions.size).to.equal(1);
  });

  it('gives up a session that answers no ping', async () => {
    let isClosed = false;
    const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const raw = keep(
      await startRawOrigin((socket) => {
        socket.write(emptySettings);
        socket.resume().on('close', () => {
          isClosed = true;
        });
      }),
    );
    const world = await serving(`http://127.0.0.1:${raw.port}/`, { originProtocol: 'h2', backendTimeoutSeconds: 1 });
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('origin-timeout');
    await until(() => isClosed, 'the session to be closed', 8_000);
  }).timeout(12_000);

  it('says origin-aborted when the session is cut in the midst of an answer', async () => {
    const origin = await clear((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('x');
      setTimeout(() => stream.session?.destroy(), 20);
    });
    const world = await plain(origin.port);
    const { failure } = await world.fetch('GET', '/');
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-aborted', 'response-begun']);
  });

  /** An origin that answers each request with these frames, whatever they are; stream 1 only. */
  const answeringWith = (frames: readonly Buffer[]) =>
    startRawOrigin((socket) => {
      let received = Buffer.alloc(0);
      let at = PREFACE_BYTES;
      socket.write(frame(4, 0, 0, ''));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= at + 9) {
          const isRequest = received[at + 3] === 1;
          at += 9 + received.readUIntBE(at, 3);
          if (isRequest) for (const one of frames) socket.write(one);
        }
      });
    });
  const STATUS_200 = '\x88';
  const head = frame(1, 4, 1, STATUS_200);
  const told = frame(1, 4, 1, `${STATUS_200}\x0f\x0d\x012`);
  const reset = (code: number) => frame(3, 0, 1, String.fromCharCode(0, 0, 0, code));
  const cuts: [string, Buffer[], string | undefined][] = [
    ['reset with CANCEL', [head, frame(0, 0, 1, 'x'), reset(8)], 'origin-aborted'],
    ['reset with INTERNAL_ERROR', [head, frame(0, 0, 1, 'x'), reset(2)], 'origin-aborted'],
    ['reset with NO_ERROR before its length', [told, frame(0, 0, 1, 'x'), reset(0)], 'origin-aborted'],
    ['ended before its length', [told, frame(0, 1, 1, 'x')], 'origin-invalid'],
    ['complete and then reset with NO_ERROR', [head, frame(0, 1, 1, 'x'), reset(0)], undefined],
    ['complete by its length and then reset with CANCEL', [told, frame(0, 1, 1, 'xy'), reset(8)], undefined],
  ];
  for (const [what, frames, reason] of cuts)
    it(`shows an answer as ${reason ?? 'complete'} that is ${what}`, async () => {
      const origin = keep(await answeringWith(frames));
      const world = await plain(origin.port);
      const { failure } = await world.fetch('GET', '/');
      expect(failure?.reason).to.equal(reason);
    });

  const tooLong = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1]), Buffer.alloc(70_000)]);
  for (const [what, sent] of [
    ['an unknown stream', frame(0, 0, 7, 'x')],
    ['a broken header block', frame(1, 4, 1, '\xff\xff\xff\xff\xff\xff')],
    ['a frame that is too long', tooLong],
  ] as const)
    it(`ends a call after ${what}: at its time where Node keeps that to itself`, async () => {
      const origin = keep(await answeringWith([sent]));
      const world = await serving(`http://127.0.0.1:${origin.port}/`, {
        originProtocol: 'h2',
        backendTimeoutSeconds: 1,
      });
      const reason = NODE_MAJOR < 22 ? 'origin-timeout' : 'origin-invalid';
      expect((await world.fetch('GET', '/')).failure?.reason).to.equal(reason);
    });

  const garbage: [string, Buffer[]][] = [
    ['a connection field', [frame(1, 4, 1, `${STATUS_200}\x00\x0aconnection\x05close`), frame(0, 1, 1, 'x')]],
    ['an upper-case name', [frame(1, 4, 1, `${STATUS_200}\x00\x01A\x01b`), frame(0, 1, 1, 'x')]],
    ['no status', [frame(1, 4, 1, '\x00\x01a\x01b'), frame(0, 1, 1, 'x')]],
  ];
  for (const [what, frames] of garbage)
    it(`says origin-invalid to ${what}`, async () => {
      const origin = keep(await answeringWith(frames));
      const world = await plain(origin.port);
      expect((await world.fetch('POST', '/', { body: Buffer.from('x') })).failure?.reason).to.equal('origin-invalid');
    });

  it('upgrades over HTTP/1.1, whatever else the origin speaks', async () => {
    const server = createSecureServer({ cert: tls.cert, key: tls.key, allowHTTP1: true }, (req, res) =>
      res.end(req.httpVersion),
    );
    server.on('upgrade', (_req, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    const { port } = server.address() as AddressInfo;
    const world = await OriginWorld.start([originConfig(`https://localhost:${port}/`)], { trust: [tls.cert] });
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('2.0');
    let body = '';
    const fields = ['Upgrade', 'websocket', 'Sec-WebSocket-Key', 'abc'];
    const channel = world.pair.open(
      { ...request('GET', '/', { fields }), isUpgrade: true },
      {
        onHead: () =>
          channel.receiveBody({
            onData: (chunk) => {
              body += Buffer.from(chunk).toString();
            },
            onEnd: () => undefined,
          }),
        onFailure: () => undefined,
      },
    );
    await until(() => body === 'first', 'the pipe');
    await world.stop();
    server.close();
  });
});
