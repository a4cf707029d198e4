import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { CertificateStore } from '../../../../services/ingress/src/certificates/certificate-store.ts';
import { type PemCertificates, pemCertificates } from '../../../support/certificates.ts';
import { until } from '../../../support/until.ts';

const DAY_MS = 86_400_000;

describe('certificate store', () => {
  let folder: string;
  let log: Record<string, unknown>[];
  let opened: { stop(): void }[];
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'sallyport-certificates-')), 'certificates');
    log = [];
    opened = [];
  });
  afterEach(() => {
    for (const one of opened) one.stop();
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });
  const write = (name: string, pem: Pick<PemCertificates, 'leaf' | 'intermediate' | 'key'>, mode = 0o600) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.key`), pem.key);
    chmodSync(join(folder, `${name}.key`), mode);
    writeFileSync(join(folder, `${name}.crt`), pem.leaf + pem.intermediate);
  };
  const open = async (more: { now?: () => number; pollIntervalMs?: number } = {}) => {
    const logger = createLogger({ service: 'spec', write: (line) => void log.push(JSON.parse(line)) });
    const store = await CertificateStore.open({ directory: folder, logger, ...more });
    opened.push(store);
    return store;
  };
  const logged = (message: string) => log.filter((line) => line.message === message);
  const nameFor = (store: CertificateStore, host: string) => store.certificateFor(host)?.name;

  it('chooses the exact host before the wildcard, and none for others', async () => {
    write('wild', await pemCertificates({ names: ['*.example.com'] }));
    write('wiki', await pemCertificates({ names: ['wiki.example.com', 'example.com'] }));
    const store = await open();
    const table = {
      'wiki.example.com': 'wiki',
      'example.com': 'wiki',
      'hr.example.com': 'wild',
      'a.b.example.com': undefined,
    };
    for (const [host, name] of Object.entries(table)) expect(nameFor(store, host), host).to.equal(name);
    expect(store.secureContextFor('WIKI.example.com')).to.be.an('object');
    for (const host of ['', 'localhost', '.', 'other.test'])
      expect(store.secureContextFor(host), host).to.equal(undefined);
  });

  it('chooses the one that lasts longer where two cover a host', async () => {
    const soon = new Date(Date.now() + 30 * DAY_MS);
    write('a-long', await pemCertificates({ names: ['wiki.example.com'] }));
    write('b-short', await pemCertificates({ names: ['wiki.example.com'], notAfter: soon }));
    expect(nameFor(await open(), 'wiki.example.com')).to.equal('a-long');
  });

  it('takes new, changed and removed pairs, also where the file system tells nothing', async () => {
    const store = await open({ pollIntervalMs: 20 });
    write('wiki', await pemCertificates({ names: ['wiki.example.com'] }));
    await until(() => nameFor(store, 'wiki.example.com') === 'wiki', { what: 'the new pair' });
    const before = store.secureContextFor('wiki.example.com');
    write('wiki', await pemCertificates({ names: ['wiki.example.com'] }));
    await until(() => store.secureContextFor('wiki.example.com') !== before, { what: 'the changed pair' });
    rmSync(join(folder, 'wiki.crt'));
    await until(() => nameFor(store, 'wiki.example.com') === undefined, { what: 'the removed pair' });
  });

  it('is told of changes by the file system, also of the first in a folder that was not there', async () => {
    const store = await open({ pollIntervalMs: 600_000 });
    write('second', await pemCertificates({ names: ['second.example.com'] }));
    await until(() => nameFor(store, 'second.example.com') === 'second', { what: 'the new pair' });
  });

  it('keeps the last good pair, and says once why a new one is not taken', async () => {
    const good = await pemCertificates({ names: ['wiki.example.com'] });
    const other = await pemCertificates({ names: ['wiki.example.com'] });
    write('wiki', good);
    const store = await open();
    const context = store.secureContextFor('wiki.example.com');
    write('wiki', { ...good, key: other.key });
    await store.reload();
    await store.reload();
    expect(store.secureContextFor('wiki.example.com')).to.equal(context);
    const [line, ...more] = logged('certificate not taken, the last good one stays');
    expect(line).to.include({ name: 'wiki', reason: 'key-of-another-certificate' });
    expect(more).to.deep.equal([]);
    expect(JSON.stringify(log)).not.to.contain('PRIVATE KEY');
    write('wiki', other);
    await store.reload();
    expect(store.secureContextFor('wiki.example.com')).not.to.equal(context);
  });

  it('refuses a key that others may read', async () => {
    write('wiki', await pemCertificates({ names: ['wiki.example.com'] }), 0o644);
    expect(nameFor(await open(), 'wiki.example.com')).to.equal(undefined);
    expect(logged('certificate not taken')[0]).to.include({ reason: 'key-readable-by-others' });
  });

  it('leaves alone what is no pair', async () => {
    const pem = await pemCertificates({ names: ['wiki.example.com'] });
    write('wiki', pem);
    writeFileSync(join(folder, 'alone.crt'), pem.leaf);
    writeFileSync(join(folder, 'NOTES.txt'), 'x');
    writeFileSync(join(folder, '.wiki.crt.tmp'), 'x');
    expect((await open()).certificates().map(({ name }) => name)).to.deep.equal(['wiki']);
    expect(logged('certificate not taken')).to.deep.equal([]);
  });

  it('warns of a certificate that expires soon, once a day', async () => {
    let nowMs = Date.now();
    write('wiki', await pemCertificates({ names: ['wiki.example.com'], notAfter: new Date(nowMs + 20 * DAY_MS) }));
    const store = await open({ now: () => nowMs });
    expect(logged('certificate expires soon')).to.have.length(0);
    nowMs += 7 * DAY_MS;
    await store.reload();
    await store.reload();
    expect(logged('certificate expires soon')).to.have.length(1);
    expect(logged('certificate expires soon')[0]).to.include({ name: 'wiki', leftDays: 12 });
    nowMs += 20 * DAY_MS;
    await store.reload();
    expect(logged('certificate expired')).to.have.length(1);
    expect(nameFor(store, 'wiki.example.com'), 'it goes on, for no better one is there').to.equal('wiki');
  });

  it('serves each name its own over TLS, and a reload cuts no connection', async () => {
    const one = await pemCertificates({ names: ['one.example.com'] });
    const fallback = await pemCertificates({ names: ['fallback.example.com'] });
    write('one', one);
    const store = await open();
    const server = createServer(
      {
        cert: fallback.leaf + fallback.intermediate,
        key: fallback.key,
        SNICallback: (name, done) => done(null, store.secureContextFor(name)),
      },
      (socket) => socket.pipe(socket),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const clients: TLSSocket[] = [];
    const dial = (servername: string) =>
      new Promise<TLSSocket>((resolve, reject) => {
        const client = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () =>
          resolve(client),
        );
        client.once('error', reject);
        clients.push(client);
      });
    const commonName = (client: TLSSocket) => client.getPeerCertificate().subject.CN;
    try {
      const running = await dial('one.example.com');
      expect(commonName(running)).to.equal('one.example.com');
      expect(commonName(await dial('two.example.com'))).to.equal('fallback.example.com');
      const thumbprint = running.getPeerCertificate().fingerprint256;
      write('one', await pemCertificates({ names: ['one.example.com'] }));
      await store.reload();
      expect((await dial('one.example.com')).getPeerCertificate().fingerprint256).not.to.equal(thumbprint);
      const echoed = new Promise<string>((resolve) => running.once('data', (chunk) => resolve(String(chunk))));
      running.write('still here');
      expect(await echoed).to.equal('still here');
    } finally {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
