import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { readCertificate, watchCertificate } from '../../../../services/ingress/src/listener/certificate-files.ts';
import { writeTlsCertificate } from '../../../support/tls-certificate.ts';
import { until } from '../../../support/until.ts';

describe('certificate files', () => {
  it('are read again when they change, and the last good pair stays when they cannot be used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificate-'));
    const log: string[] = [];
    const logger = createLogger({ service: 'spec', write: (line) => log.push(line) });
    const files = await writeTlsCertificate(folder, ['first.example']);
    const server = createServer(await readCertificate(files)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const watch = watchCertificate(server, files, logger);
    const subject = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on('error', reject);
      });
    try {
      await watch.check();
      expect(await subject()).to.equal('first.example');
      await writeTlsCertificate(folder, ['second.example']);
      await until(async () => {
        await watch.check();
        return (await subject()) === 'second.example';
      });
      writeFileSync(files.certFile, 'not a certificate at all');
      await watch.check();
      expect(await subject()).to.equal('second.example');
      expect(log.join()).to.contain('certificate not read again').and.to.contain('ERR_INGRESS_CERTIFICATE');
    } finally {
      watch.stop();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('must be a pair', async () => {
    const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'sallyport-certificate-')));
    const [one, other] = await Promise.all(folders.map((folder) => writeTlsCertificate(folder)));
    const failure = await readCertificate({ certFile: one?.certFile ?? '', keyFile: other?.keyFile ?? '' }).then(
      () => undefined,
      (error: Error & { code: string }) => error,
    );
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    expect(failure).to.include({ code: 'ERR_INGRESS_CERTIFICATE' });
  });
});
