import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createOriginTable } from '../../../services/connector/src/origins/origin-table.ts';
import type { OriginTls } from '../../../services/connector/src/origins/origin-target.ts';
import {
  CLIENT_CERTIFICATE_CHECK_MS,
  createOriginTrust,
} from '../../../services/connector/src/origins/origin-trust.ts';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { type TlsFiles, writeTlsCertificate } from '../../support/tls-certificate.ts';
import { OriginWorld, originConfig, request, startOrigin, startRawOrigin } from './origin-world.ts';

const head = (host: string, target: string) => ({ method: 'GET', target, fields: ['host', host] });

describe('the settings of an app at its connector', () => {
  let folder: string;
  const kept: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    kept.push(one);
    return one;
  };
  const certificate = (name: string): Promise<TlsFiles> => {
    const place = join(folder, name);
    mkdirSync(place);
    return writeTlsCertificate(place, ['localhost', name]);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-settings-'));
  });
  afterEach(async () => {
    for (const one of kept.splice(0).reverse()) await one.stop();
    rmSync(folder, { recursive: true });
  });

  it('let the app name the authority of its origin, in place of the connector’s own', async () => {
    const own = await certificate('own');
    const other = await certificate('other');
    const origin = keep(await startOrigin((_req, res) => res.end('secret'), own));
    const url = `https://localhost:${origin.port}/`;
    const world = keep(
      await OriginWorld.start(
        [
          originConfig(url, { originCertificateAuthority: own.cert }),
          originConfig(url, { appId: 'app_wrong', originCertificateAuthority: other.cert }),
          originConfig(url, { appId: 'app_garbage', originCertificateAuthority: 'no certificate' }),
          originConfig(url, { appId: 'app_own' }),
        ],
        { trust: [other.cert] },
      ),
    );
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('secret');
    for (const appId of ['app_wrong', 'app_garbage', 'app_own'])
      expect((await world.fetch('GET', '/', { appId })).failure?.reason, appId).to.equal('origin-tls');
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('secret');
  });

  it('show the app’s client certificate, and name what is wrong with it', async () => {
    const server = await certificate('server');
    const client = await certificate('client');
    const secretsFolder = join(folder, 'secrets');
    mkdirSync(secretsFolder);
    const put = (name: string, cert: string, key: string, mode = 0o600): void => {
      writeFileSync(join(secretsFolder, `${name}.crt`), cert);
      writeFileSync(join(secretsFolder, `${name}.key`), key, { mode });
      chmodSync(join(secretsFolder, `${name}.key`), mode);
    };
    put('good', client.cert, client.key);
    put('mixed', client.cert, server.key);
    put('open', client.cert, client.key, 0o644);
    const tlsServer = createServer(
      { cert: server.cert, key: server.key, ca: [client.cert], requestCert: true, rejectUnauthorized: true },
      (req, res) => res.end(String((req.socket as TLSSocket).getPeerCertificate().subject.CN)),
    );
    await new Promise<void>((resolve) => {
      tlsServer.listen(0, '127.0.0.1', () => resolve());
    });
    keep({
      stop: () =>
        new Promise<void>((resolve) => {
          tlsServer.close(() => resolve());
          tlsServer.closeAllConnections();
        }),
    });
    const url = `https://localhost:${(tlsServer.address() as AddressInfo).port}/`;
    const names = ['good', 'mixed', 'open', 'absent'];
    const apps = names.map((name) => originConfig(url, { appId: `app_${name}`, originClientCertificate: name }));
    const world = keep(await OriginWorld.start([...apps, originConfig(url)], { trust: [server.cert], secretsFolder }));
    expect((await world.fetch('GET', '/', { appId: 'app_good' })).body.toString()).to.equal('localhost');
    for (const [name, text] of [
      ['mixed', 'key values mismatch'],
      ['open', 'chmod 600'],
      ['absent', 'absent.crt cannot be read'],
    ] as const) {
      const { failure } = await world.fetch('GET', '/', { appId: `app_${name}` });
      expect([failure?.reason, failure?.retryClass], name).to.deep.equal(['origin-tls', 'not-dispatched']);
      expect(failure?.text).to.contain(text);
    }
    expect((await world.fetch('GET', '/')).failure?.reason).to.be.oneOf(['origin-tls', 'origin-aborted']);
  });

  it('take a renewed client certificate without a restart', async () => {
    const secretsFolder = join(folder, 'secrets');
    mkdirSync(secretsFolder);
    const write = ({ cert, key }: TlsFiles, ageSeconds: number): void => {
      for (const [end, text] of [
        ['crt', cert],
        ['key', key],
      ] as const) {
        const file = join(secretsFolder, `pair.${end}`);
        writeFileSync(file, text, { mode: 0o600 });
        utimesSync(file, Date.now() / 1000 - ageSeconds, Date.now() / 1000 - ageSeconds);
      }
    };
    write(await certificate('first'), 100);
    let nowMs = 1_000_000;
    const trust = createOriginTrust({ authorities: [], secretsFolder, now: () => nowMs });
    const tls: OriginTls = { validateCertificate: true, authority: null, clientCertificate: 'pair' };
    const first = trust.contextFor(tls);
    write(await certificate('second'), 10);
    expect(trust.contextFor(tls)).to.equal(first);
    nowMs += CLIENT_CERTIFICATE_CHECK_MS;
    const second = trust.contextFor(tls);
    expect(second).to.not.equal(first);
    nowMs += CLIENT_CERTIFICATE_CHECK_MS;
    expect(trust.contextFor(tls)).to.equal(second);
  });

  it('end an upgraded connection on which neither side sends a byte for the idle time, and no other', async () => {
    const origin = keep(
      await startRawOrigin((socket) => {
        let hasAnswered = false;
        socket.on('data', (chunk: Buffer) => {
          if (hasAnswered) socket.write(chunk);
          else socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
          hasAnswered = true;
        });
      }),
    );
    const world = keep(await OriginWorld.start([originConfig(origin.url, { idleTimeoutSeconds: 1 })]));
    let failure: string | undefined;
    let body = '';
    const startedAt = Date.now();
    const channel = world.pair.open(
      { ...request('GET', '/', { fields: ['Upgrade', 'websocket'] }), isUpgrade: true },
      {
        onHead: () => {
          channel.receiveBody({
            onData: (chunk) => {
              body += Buffer.from(chunk).toString();
            },
            onEnd: () => undefined,
          });
          setTimeout(() => channel.write(Buffer.from('still here')), 700);
        },
        onFailure: ({ reason }) => {
          failure = reason;
        },
      },
    );
    await until(() => failure !== undefined, 'the end');
    expect([failure, body]).to.deep.equal(['origin-timeout', 'still here']);
    expect(Date.now() - startedAt).to.be.greaterThan(1_600);
  });

  it('let an answer under way be silent for longer than the time to its head', async () => {
    const origin = keep(
      await startOrigin((_req, res) => {
        res.write('data: 1\n\n');
        setTimeout(() => res.end('data: 2\n\n'), 1_500);
      }),
    );
    const world = keep(await OriginWorld.start([originConfig(origin.url, { backendTimeoutSeconds: 1 })]));
    expect((await world.fetch('GET', '/')).body.toString()).to.equal('data: 1\n\ndata: 2\n\n');
  });
});

describe('the origin table', () => {
  const tableOf = (changes: Parameters<typeof originConfig>[1], internalUrl = 'http://inside.internal/') =>
    createOriginTable([originConfig(internalUrl, { externalUrl: 'https://one.example/', ...changes })]).get('app_one');

  it('leads every host of an app to its origin, with the host the user came by when headers are not translated', () => {
    const app = tableOf({ alternateHosts: ['two.example'], translateHeaders: false });
    for (const host of ['one.example', 'two.example', 'TWO.example:443']) {
      const target = app?.targetOf(head(host, '/x'));
      expect([target?.hostname, target?.hostHeader]).to.deep.equal([
        'inside.internal',
        host.toLowerCase().replace(':443', ''),
      ]);
    }
    expect(app?.targetOf(head('three.example', '/x'))).to.equal(undefined);
  });

  it('puts the labels of a wildcard host in place of the star, and remembers them', () => {
    const app = tableOf(
      { externalUrl: 'https://*.apps.example/', validateBackendCertificate: false },
      'https://*.corp.internal/',
    );
    const target = app?.targetOf(head('a.b.apps.example', '/'));
    expect([target?.hostname, target?.origin]).to.deep.equal(['a.b.corp.internal', 'https://a.b.corp.internal']);
    expect(app?.targetOf(head('a.b.apps.example:8443', '/other'))).to.equal(target);
    expect(app?.targetOf(head('apps.example', '/'))).to.equal(undefined);
  });

  it('never lets a Host field that is no host name into an address', () => {
    const app = tableOf({ externalUrl: 'https://*.apps.example/' }, 'https://*.corp.internal/');
    for (const host of [
      'evil.example/.apps.example',
      'a@b.apps.example',
      'a#.apps.example',
      'a b.apps.example',
      '',
      '%2e.apps.example',
      'a:1:2',
    ])
      expect(app?.targetOf(head(host, '/')), host).to.equal(undefined);
    expect(app?.targetOf({ method: 'GET', target: '/', fields: [] })).to.equal(undefined);
  });

  it('leads each published part of a wildcard app to its own origin and nothing else anywhere', () => {
    const app = tableOf({
      externalUrl: 'https://*.apps.example/',
      segments: [
        { externalUrl: 'https://hr.apps.example/', internalUrl: 'http://hr.internal/' },
        { externalUrl: 'https://hr.apps.example/pay/', internalUrl: 'http://pay.internal:8080/inner/' },
      ],
    });
    expect(app?.targetOf(head('hr.apps.example', '/x'))?.hostname).to.equal('hr.internal');
    const pay = app?.targetOf(head('hr.apps.example', '/pay/slip?a=/x'));
    expect([pay?.hostname, pay?.port, pay?.basePath]).to.deep.equal(['pay.internal', 8080, '/inner/']);
    expect(app?.targetOf(head('it.apps.example', '/'))).to.equal(undefined);
    expect(tableOf({ segments: [] })).to.equal(undefined);
  });

  it('shares connections between apps that reach an origin in the same way only', () => {
    const keyOf = (changes: Parameters<typeof originConfig>[1]) =>
      tableOf(changes, 'https://inside.internal/')?.targetOf(head('one.example', '/'))?.poolKey;
    const keys = [
      keyOf({}),
      keyOf({ validateBackendCertificate: false }),
      keyOf({ originCertificateAuthority: 'x' }),
      keyOf({ originCertificateAuthority: 'y' }),
      keyOf({ originClientCertificate: 'x' }),
      keyOf({ originProtocol: 'h2' }),
    ];
    expect(new Set(keys).size).to.equal(6);
    expect(keyOf({ backendTimeoutSeconds: 9 })).to.equal(keyOf({}));
  });
});
