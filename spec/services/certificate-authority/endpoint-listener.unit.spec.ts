import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { listenForConnectors } from '../../../services/certificate-authority/src/listener/endpoint-listener.ts';
import { writeTlsCertificate } from '../../support/tls-certificate.ts';

describe('the connector endpoint', () => {
  it('closes connections that begin no TLS, so that they keep nobody out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-endpoint-'));
    const tls = await writeTlsCertificate(folder, ['localhost']);
    const [certFile, keyFile] = [join(folder, 'server.crt'), join(folder, 'server.key')];
    writeFileSync(certFile, tls.cert);
    writeFileSync(keyFile, tls.key);
    const listener = await listenForConnectors({
      host: '127.0.0.1',
      port: 0,
      tls: { certFile, keyFile },
      clientAuthorities: [tls.cert],
      handler: () => Promise.resolve({ status: 200 }),
      logger: createLogger({ service: 'spec', write: () => undefined }),
      handshakeTimeoutMs: 100,
    });
    try {
      const silent = connect(listener.port, '127.0.0.1');
      silent.resume();
      await once(silent, 'close', { signal: AbortSignal.timeout(3_000) });
      expect(silent.destroyed).to.equal(true);
    } finally {
      await listener.drain();
      rmSync(folder, { recursive: true });
    }
  });
});
