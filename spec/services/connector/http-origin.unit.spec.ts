import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { field, OriginWorld, originConfig, type RunningOrigin, request, startOrigin } from './origin-world.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a connector calling an http origin', () => {
  let world: OriginWorld | undefined;
  const running: RunningOrigin[] = [];

  afterEach(async () => {
    await world?.stop();
    world = undefined;
    await Promise.all(running.splice(0).map((origin) => origin.stop()));
  });

  const serve = async (
    listener: Parameters<typeof startOrigin>[0],
    changes: Parameters<typeof originConfig>[1] = {},
  ) => {
    const origin = await startOrigin(listener);
    running.push(origin);
    world = await OriginWorld.start([originConfig(origin.url, changes)]);
    return { origin, world };
  };

  it('passes method, path and query on, and the answer back', async () => {
    const { world } = await serve((req, res) => {
      res.statusMessage = 'whatever';
      res.writeHead(207, { 'x-seen': `${req.method} ${req.url}` });
      res.end('answer');
    });
    const outcome = await world.fetch('GET', '/a/b%20c?d=e&f=%2F');
    expect(outcome.failure).to.equal(undefined);
    expect(outcome.head?.status).to.equal(207);
    expect(field(outcome.head?.fields, 'x-seen')).to.deep.equal(['GET /a/b%20c?d=e&f=%2F']);
    expect(outcome.body.toString()).to.equal('answer');
  });

  it('keeps order, case and duplicates of fields both ways and drops those of one connection', async () => {
    let seen: string[] = [];
    const { world } = await serve((req, res) => {
      seen = req.rawHeaders;
      res.writeHead(200, [
        'Set-Cookie',
        'a=1',
        'X-One',
        '1',
        'Set-Cookie',
        'b=2',
        'X-Hop',
        'x',
        'Connection',
        'keep-alive, X-Hop',
      ]);
      res.end();
    });
    const fields = [
      'X-B',
      '1',
      'x-a',
      '2',
      'X-B',
      '3',
      'Connection',
      'x-gone',
      'X-Gone',
      '1',
      'TE',
      'trailers',
      'Expect',
      '100-continue',
    ];
    const outcome = await world.fetch('GET', '/', { fields });
    const own = seen.slice(seen.indexOf('X-B'));
    expect(own).to.deep.equal(['X-B', '1', 'x-a', '2', 'X-B', '3']);
    expect(seen).to.not.include('X-Gone');
    expect(field(outcome.head?.fields, 'set-cookie')).to.deep.equal(['a=1', 'b=2']);
    expect(outcome.head?.fields.slice(0, 4)).to.deep.equal(['Set-Cookie', 'a=1', 'X-One', '1']);
    expect(field(outcome.head?.fields, 'x-hop')).to.deep.equal([]);
    expect(field(outcome.head?.fields, 'connection')).to.deep.equal([]);
  });

  it('sends the internal host when headers are translated, the external host otherwise', async () => {
    const { origin, world } = await serve((req, res) => res.end(req.headers.host));
    expect((await world.fetch('GET', '/')).body.toString()).to.equal(`127.0.0.1:${origin.port}`);
    await world.stop();
    const other = await OriginWorld.start([originConfig(origin.url, { translateHeaders: false })]);
    expect((await other.fetch('GET', '/')).body.toString()).to.equal('one.sallyport.localhost:8443');
    await other.stop();
  });

  it('puts what follows the external path behind the internal path', async () => {
    const origin = await startOrigin((req, res) => res.end(req.url));
    running.push(origin);
    const externalUrl = 'https://one.sallyport.localhost/hr/';
    world = await OriginWorld.start([originConfig(`${origin.url}inside/`, { externalUrl })]);
    expect((await world.fetch('GET', '/hr/x?y=1')).body.toString()).to.equal('/inside/x?y=1');
    expect((await world.fetch('GET', '/hr')).body.toString()).to.equal('/inside/');
    for (const target of ['/hr/../secret', '/hr/%2e%2E/secret', '/hr/a/..%2fsecret', '/hr/..\\secret', '/other', '*'])
      expect((await world.fetch('GET', target)).failure?.reason, target).to.equal('malformed');
  });

  it('carries a chunked answer of 20 MB unchanged', async () => {
    const blocks = Array.from({ length: 320 }, () => randomBytes(65_536 - 7));
    const { world } = await serve((_req, res) => {
      const send = (index: number): void => {
        const block = blocks[index];
        if (!block) return void res.end();
        if (res.write(block)) setImmediate(send, index + 1);
        else res.once('drain', () => send(index + 1));
      };
      send(0);
    });
    const outcome = await world.fetch('GET', '/');
    expect(field(outcome.head?.fields, 'transfer-encoding')).to.deep.equal([]);
    expect(sha256(outcome.body)).to.equal(sha256(Buffer.concat(blocks)));
  });

  it('carries a request body of 20 MB unchanged, with its length', async () => {
    const body = randomBytes(20_000_001);
    const { world } = await serve((req, res) => {
      const hash = createHash('sha256');
      req.on('data', (chunk: Buffer) => hash.update(chunk));
      req.on('end', () =>
        res.end(`${req.headers['content-length']} ${req.headers['transfer-encoding']} ${hash.digest('hex')}`),
      );
    });
    const outcome = await world.fetch('POST', '/', { body, fields: ['content-length', String(body.length)] });
    expect(outcome.body.toString()).to.equal(`${body.length} undefined ${sha256(body)}`);
  });

  it('sends a body of unknown length chunked, and one that is complete at once with its length', async () => {
    const { world } = await serve((req, res) => {
      let bytes = 0;
      req.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      req.on('end', () => res.end(`${req.headers['content-length']} ${req.headers['transfer-encoding']} ${bytes}`));
    });
    const small = await world.fetch('POST', '/', { body: Buffer.from('hello') });
    expect(small.body.toString()).to.equal('5 undefined 5');
    const large = await world.fetch('PUT', '/', { body: Buffer.alloc(1_000_000) });
    expect(large.body.toString()).to.equal('undefined chunked 1000000');
  });

  it('echoes while the request is still being sent', async () => {
    const { world } = await serve((req, res) => req.pipe(res));
    const body = randomBytes(3_000_000);
    const outcome = await world.fetch('POST', '/', { body });
    expect(sha256(outcome.body)).to.equal(sha256(body));
  });

  it('answers HEAD, 204 and 304 without a body and keeps their length field', async () => {
    const { world } = await serve((req, res) => {
      if (req.method === 'HEAD') res.writeHead(200, { 'content-length': '1234' });
      else
        res.writeHead(req.url === '/304' ? 304 : 204, req.url === '/304' ? { etag: '"x"', 'content-length': '9' } : {});
      res.end();
    });
    const head = await world.fetch('HEAD', '/');
    expect([head.head?.hasBody, field(head.head?.fields, 'content-length')]).to.deep.equal([false, ['1234']]);
    const unchanged = await world.fetch('GET', '/304');
    expect([unchanged.head?.status, unchanged.head?.hasBody]).to.deep.equal([304, false]);
    expect((await world.fetch('DELETE', '/204')).head?.status).to.equal(204);
  });

  it('does not follow redirects', async () => {
    let count = 0;
    const { world } = await serve((_req, res) => {
      count += 1;
      res.writeHead(302, { location: '/elsewhere' });
      res.end();
    });
    const outcome = await world.fetch('GET', '/');
    expect([outcome.head?.status, field(outcome.head?.fields, 'location'), count]).to.deep.equal([
      302,
      ['/elsewhere'],
      1,
    ]);
  });

  it('passes trailers and early hints on, and no other informational answer', async () => {
    const { world } = await serve((_req, res) => {
      res.writeProcessing();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('body');
      res.addTrailers({ 'x-sum': 'ok' });
      res.end();
    });
    const outcome = await world.fetch('GET', '/');
    expect(outcome.informational.map((one) => one.status)).to.deep.equal([103]);
    expect(outcome.trailers).to.deep.equal(['x-sum', 'ok']);
  });

  it('shows the user each part as the origin flushes it', async () => {
    let proceed: () => void = () => undefined;
    const { world } = await serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
      proceed = () => res.end('data: 2\n\n');
    });
    const seen: string[] = [];
    let isEnded = false;
    const channel = world.pair.open(request('GET', '/'), {
      onHead: () =>
        channel.receiveBody({
          onData: (chunk) => seen.push(Buffer.from(chunk).toString()),
          onEnd: () => {
            isEnded = true;
          },
        }),
      onFailure: () => undefined,
    });
    await until(() => seen.length === 1, 'the first event');
    proceed();
    await until(() => isEnded, 'the end');
    expect(seen.join('')).to.equal('data: 1\n\ndata: 2\n\n');
  });

  it('stops reading the origin while the user does not read', async () => {
    let written = 0;
    const { world } = await serve((_req, res) => {
      const block = Buffer.alloc(65_536);
      const send = (): void => {
        while (written < 100_000_000) {
          written += block.length;
          if (!res.write(block)) return void res.once('drain', send);
        }
        res.end();
      };
      send();
    });
    let received = 0;
    let isPaused = false;
    let isEnded = false;
    const channel = world.pair.open(request('GET', '/'), {
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
    expect(written).to.be.lessThan(20_000_000);
    channel.resume();
    await until(() => isEnded, 'the rest', 9_000);
    expect(received).to.be.at.least(100_000_000);
  });

  it('aborts the origin call when the user goes away', async () => {
    let isClosed = false;
    const { world } = await serve((req, res) => {
      res.writeHead(200);
      res.write('first');
      req.socket.on('close', () => {
        isClosed = true;
      });
    });
    const channel = world.pair.open(request('GET', '/'), {
      onHead: () => channel.cancel('user-gone'),
      onFailure: () => undefined,
    });
    await until(() => isClosed, 'the origin connection to be closed');
    await until(() => world.origins.active === 0, 'no call left');
  });

  it('uses kept connections again', async () => {
    const ports = new Set<number | undefined>();
    const { world } = await serve((req, res) => {
      ports.add(req.socket.remotePort);
      res.end('x');
    });
    for (let i = 0; i < 5; i += 1) await world.fetch('GET', '/');
    expect(ports.size).to.equal(1);
  });
});
