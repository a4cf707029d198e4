import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { createOriginTable } from '../../../services/connector/src/origins/origin-table.ts';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { type TlsFiles, writeTlsCertificate } from '../../support/tls-certificate.ts';
import { OriginWorld, originConfig, type RunningOrigin, request, startOrigin, startRawOrigin } from './origin-world.ts';

type Kept = { stop(): Promise<unknown> };

describe('a connector whose origin fails', () => {
  const kept: Kept[] = [];
  const keep = <T extends Kept>(one: T): T => {
    kept.push(one);
    return one;
  };

  afterEach(async () => {
    for (const one of kept.splice(0).reverse()) await one.stop();
  });

  const serving = async (
    internalUrl: string,
    changes: Parameters<typeof originConfig>[1] = {},
    options: Parameters<typeof OriginWorld.start>[1] = {},
  ) => keep(await OriginWorld.start([originConfig(internalUrl, changes)], options));
  const raw = async (onSocket: (socket: Socket) => void): Promise<RunningOrigin> =>
    keep(await startRawOrigin(onSocket));
  const certificate = async (names: readonly string[]): Promise<TlsFiles> => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'));
    keep({ stop: () => Promise.resolve(rmSync(folder, { recursive: true })) });
    return writeTlsCertificate(folder, names);
  };

  it('says origin-refused when nobody listens, and that the origin was not contacted', async () => {
    const closed = await startRawOrigin(() => undefined);
    await closed.stop();
    const world = await serving(closed.url);
    const { failure } = await world.fetch('POST', '/', { body: Buffer.from('x') });
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-refused', 'not-dispatched']);
  });

  it('says origin-dns when the name does not resolve', async () => {
    const world = await serving('http://no-such-host.invalid/');
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('origin-dns');
  });

  for (const host of ['169.254.169.254', '[::ffff:a9fe:a9fe]', '[fe80::1]', '[fd00:ec2::254]', '100.100.100.200'])
    it(`never calls ${host}, where clouds hand out credentials`, async () => {
      const world = await serving(`http://${host}/latest/meta-data/`);
      const { failure } = await world.fetch('GET', '/');
      expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-unreachable', 'not-dispatched']);
      expect(failure?.text).to.contain('connectors never call it');
    });

  it('says origin-connect-timeout when the connection does not come about in time', async () => {
    const origin = await raw((socket) => socket.resume());
    const world = await serving(origin.url.replace('http:', 'https:'), {}, { connectTimeoutMs: 300 });
    const { failure } = await world.fetch('POST', '/', { body: Buffer.from('x') });
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-connect-timeout', 'not-dispatched']);
  });

  it('says origin-tls for a certificate it cannot verify, and accepts it when validation is off', async () => {
    const origin = keep(await startOrigin((_req, res) => res.end('secret'), await certificate(['localhost'])));
    const world = await serving(`https://localhost:${origin.port}/`);
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('origin-tls');
    const trusting = await serving(`https://localhost:${origin.port}/`, { validateBackendCertificate: false });
    expect((await trusting.fetch('GET', '/')).body.toString()).to.equal('secret');
  });

  it('verifies the internal name even when the external host is sent', async () => {
    const tls = await certificate(['localhost']);
    const origin = keep(await startOrigin((req, res) => res.end(req.headers.host), tls));
    const trust = { trust: [tls.cert] };
    const good = await serving(`https://localhost:${origin.port}/`, { translateHeaders: false }, trust);
    expect((await good.fetch('GET', '/')).body.toString()).to.equal('one.sallyport.localhost:8443');
    const other = await certificate(['one.sallyport.localhost']);
    const bad = keep(await startOrigin((_req, res) => res.end(), { cert: other.cert, key: other.key }));
    const wrongName = await serving(
      `https://localhost:${bad.port}/`,
      { translateHeaders: false },
      { trust: [other.cert] },
    );
    expect((await wrongName.fetch('GET', '/')).failure?.reason).to.equal('origin-tls');
  });

  it('says origin-timeout when no answer begins in the time of the app, and closes the connection', async () => {
    let isClosed = false;
    const origin = await raw((socket) =>
      socket.resume().on('close', () => {
        isClosed = true;
      }),
    );
    const world = await serving(origin.url, { backendTimeoutSeconds: 1 });
    const startedAt = Date.now();
    const { failure } = await world.fetch('GET', '/');
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-timeout', 'dispatched']);
    expect(Date.now() - startedAt).to.be.within(900, 2_000);
    await until(() => isClosed, 'the connection to be closed');
  });

  it('does not run the clock while the user is slow to send', async () => {
    const origin = keep(
      await startOrigin((req, res) => {
        req.resume();
        req.on('end', () => res.end('done'));
      }),
    );
    const world = await serving(origin.url, { backendTimeoutSeconds: 1 });
    const outcome = await new Promise<string>((resolve) => {
      const channel = world.pair.open(
        { ...request('POST', '/'), hasBody: true },
        {
          onBodyWanted: () => {
            channel.write(Buffer.from('first'));
            setTimeout(() => channel.end(), 1_500);
          },
          onHead: (head) => resolve(String(head.status)),
          onFailure: (failure) => resolve(failure.reason),
        },
      );
    });
    expect(outcome).to.equal('200');
  });

  it('says origin-timeout in the midst of a body that stalls', async () => {
    const origin = await raw((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
    );
    const world = await serving(origin.url, { idleTimeoutSeconds: 1 });
    const outcome = await world.fetch('GET', '/');
    expect([outcome.body.toString(), outcome.failure?.reason, outcome.failure?.retryClass]).to.deep.equal([
      'abc',
      'origin-timeout',
      'response-begun',
    ]);
  });

  it('shows a body cut short as cut short', async () => {
    for (const head of ['content-length: 10', 'transfer-encoding: chunked']) {
      const body = head.startsWith('content') ? 'abc' : '5\r\nabcde\r\n';
      const origin = await raw((socket) =>
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`)),
      );
      const world = await serving(origin.url);
      const { failure } = await world.fetch('GET', '/');
      expect([failure?.reason, failure?.retryClass], head).to.deep.equal(['origin-aborted', 'response-begun']);
    }
  });

  it('says origin-aborted when the connection is reset before an answer', async () => {
    const origin = await raw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const world = await serving(origin.url);
    const { failure } = await world.fetch('POST', '/', { body: Buffer.from('x') });
    expect([failure?.reason, failure?.retryClass]).to.deep.equal(['origin-aborted', 'dispatched']);
  });

  it('repeats a safe request once when its connection dies unanswered, and no other', async () => {
    let connections = 0;
    const origin = await raw((socket) => {
      connections += 1;
      socket.once('data', () => {
        if (connections === 1) socket.resetAndDestroy();
        else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const world = await serving(origin.url);
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('ok');
    connections = 0;
    expect((await world.fetch('DELETE', '/')).failure?.reason).to.equal('origin-aborted');
    expect(connections).to.equal(1);
  });

  it('says origin-invalid for bytes that are no HTTP', async () => {
    for (const garbage of [
      'SSH-2.0-OpenSSH\r\n',
      'HTTP/1.1 abc\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n',
    ]) {
      const origin = await raw((socket) => socket.once('data', () => socket.write(garbage)));
      const world = await serving(origin.url);
      expect((await world.fetch('GET', '/')).failure?.reason, garbage).to.equal('origin-invalid');
    }
  });

  it('says too-large for a response head beyond the limit', async () => {
    const origin = await raw((socket) =>
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nx-big: ${'x'.repeat(70_000)}\r\n\r\n`)),
    );
    const world = await serving(origin.url);
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('too-large');
  });

  it('never takes bytes sent after an answer for the next answer', async () => {
    const origin = await raw((socket) =>
      socket.on('data', () =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'),
      ),
    );
    const world = await serving(origin.url);
    for (let i = 0; i < 5; i += 1) expect((await world.fetch('GET', '/')).body.toString()).to.equal('ok');
  });

  it('refuses an app it does not know, asks for its configuration, and touches nothing', async () => {
    let connections = 0;
    const origin = await raw(() => {
      connections += 1;
    });
    const world = await serving(origin.url);
    const { failure } = await world.fetch('GET', '/', { appId: 'app_other' });
    expect([failure?.reason, failure?.refusal]).to.deep.equal(['refused', 'stale-configuration']);
    expect([world.unknownApps > 0, connections]).to.deep.equal([true, 0]);
  });

  it('serves an app it hears of by the very pull that the first request for it caused', async () => {
    const origin = await raw((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
    );
    const known = originConfig(origin.url, { appId: 'app_new' });
    const pull = async () => {
      world.table = createOriginTable([known]);
    };
    const world: OriginWorld = await serving(origin.url, {}, { onUnknownApp: pull });
    expect((await world.fetch('GET', '/', { appId: 'app_new' })).body.toString()).to.equal('ok');
  });

  it('refuses a request for an unknown app when the pull takes too long', async () => {
    const origin = await raw(() => undefined);
    const world = await serving(
      origin.url,
      {},
      { onUnknownApp: () => new Promise(() => undefined), unknownAppHoldMs: 10 },
    );
    expect((await world.fetch('GET', '/', { appId: 'app_other' })).failure?.refusal).to.equal('stale-configuration');
  });

  it('opens no tunnel through an origin that is a proxy', async () => {
    let connections = 0;
    const origin = await raw(() => {
      connections += 1;
    });
    const world = await serving(origin.url);
    expect((await world.fetch('CONNECT', '/')).failure?.reason).to.equal('malformed');
    expect(connections).to.equal(0);
  });

  it('refuses beyond its cap of concurrent requests', async () => {
    const origin = await raw(() => undefined);
    const world = await serving(origin.url, {}, { maxConcurrent: 1 });
    const first = world.fetch('GET', '/');
    await until(() => world.origins.active === 1, 'the first request');
    expect((await world.fetch('GET', '/')).failure?.refusal).to.equal('capacity');
    await world.origins.stop();
    expect((await first).failure?.reason).to.equal('stopped');
  });

  it('refuses new requests while draining and waits for the running ones', async () => {
    const sockets: Socket[] = [];
    const origin = await raw((socket) => void sockets.push(socket));
    const world = await serving(origin.url);
    const first = world.fetch('GET', '/');
    await until(() => sockets.length === 1, 'the request at the origin');
    const drained = world.origins.drain(5_000);
    expect((await world.fetch('GET', '/')).failure?.refusal).to.equal('draining');
    sockets[0]?.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    expect((await first).body.toString()).to.equal('ok');
    await drained;
  });

  it('keeps calls of an origin running when its connections are put away for others', async () => {
    let release: (() => void) | undefined;
    const slow = keep(
      await startOrigin((_req, res) => {
        release = () => res.end('slow');
      }),
    );
    const fast = keep(await startOrigin((_req, res) => res.end('fast')));
    const world = keep(
      await OriginWorld.start([originConfig(slow.url), originConfig(fast.url, { appId: 'app_two' })], {
        maxOrigins: 1,
      }),
    );
    const running = world.fetch('GET', '/');
    await until(() => release !== undefined, 'the slow request');
    expect((await world.fetch('GET', '/', { appId: 'app_two' })).body.toString()).to.equal('fast');
    release?.();
    expect((await running).body.toString()).to.equal('slow');
  });
});
