import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { until } from '../../../support/until.ts';
import { open, openSocket, readAnswer, sendRaw } from '../support/http-client.ts';
import { appView, DOMAIN, startIngressRig } from '../support/ingress-rig.ts';
import { bulkOrigin } from '../support/origins.ts';

const HOST = `Host: wiki.${DOMAIN}\r\n`;

describe('ingress: the listener', () => {
  it('says which port is taken and what to do', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const failure = await startIngressRig({ config: { port } }).then(
      () => undefined,
      (error: Error & { code: string; expose: boolean }) => error,
    );
    blocker.close();
    expect(failure).to.include({ code: 'ERR_INGRESS_PORT_IN_USE', expose: true });
    expect(failure?.message).to.contain(String(port)).and.to.contain('set another port');
  });

  it('names certificate files that cannot be used', async () => {
    const failure = await startIngressRig({
      config: { tls: { certFile: '/nowhere.crt', keyFile: '/nowhere.key' } },
    }).then(
      () => undefined,
      (error: Error & { code: string }) => error,
    );
    expect(failure).to.include({ code: 'ERR_INGRESS_CERTIFICATE' });
    expect(failure?.message).to.contain('/nowhere.crt');
  });

  it('speaks TLS 1.3 and 1.2 with AEAD suites only', async () => {
    const rig = await startIngressRig();
    const handshake = (options: object) =>
      new Promise<string>((resolve) => {
        const socket = connectTls(
          { host: '127.0.0.1', port: rig.port, ca: rig.ca, servername: `a.${DOMAIN}`, ...options },
          () => {
            resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
            socket.destroy();
          },
        );
        socket.on('error', () => resolve('refused'));
      });
    try {
      expect(await handshake({})).to.match(/^TLSv1\.3 TLS_(AES|CHACHA20)/);
      expect(await handshake({ maxVersion: 'TLSv1.2' })).to.match(/^TLSv1\.2 ECDHE-.*(GCM|CHACHA20)/);
      expect(await handshake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' })).to.equal(
        'refused',
      );
      expect(
        await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA' }),
      ).to.equal('refused');
    } finally {
      await rig.stop();
    }
  });

  it('keeps a connection for several requests', async () => {
    const rig = await startIngressRig({ apps: [appView('wiki')] });
    try {
      const socket = await openSocket(rig);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.write(`GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`);
      await until(() => text.includes('GET /1') && text.includes('GET /2'), { what: 'both answers' });
      expect(text.indexOf('GET /1')).to.be.lessThan(text.indexOf('GET /2'));
      socket.destroy();
    } finally {
      await rig.stop();
    }
  });

  it('cuts a user who stops sending a body', async () => {
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      config: { limits: { bodyIdleTimeoutMs: 200 } },
      onRequest: (exchange) => {
        exchange.receiveBody({ onData: () => undefined, onEnd: () => undefined });
        return { onCancel: () => undefined };
      },
    });
    try {
      const text = await sendRaw(rig, `POST / HTTP/1.1\r\n${HOST}Content-Length: 900000\r\n\r\nabc`);
      expect(text).to.match(/^HTTP\/1\.1 408/);
    } finally {
      await rig.stop();
    }
  });

  it('cuts a user who stops taking an answer', async () => {
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      config: { limits: { bodyIdleTimeoutMs: 200 } },
      onRequest: bulkOrigin(64 * 1024 * 1024),
    });
    try {
      const socket = await openSocket(rig);
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(`GET /big HTTP/1.1\r\n${HOST}\r\n`);
      await until(() => rig.records.some((it) => it.reason === 'user-stalled' && it.outcome === 'failed'));
      socket.destroy();
    } finally {
      await rig.stop();
    }
  });

  it('drains: finishes what runs, takes nothing new, stores every record', async () => {
    let finish: (() => void) | undefined;
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      onRequest: (exchange) => {
        finish = () => {
          exchange.respondHead(200, []);
          exchange.write(Buffer.from('done'));
          exchange.end();
        };
        return { onCancel: () => undefined };
      },
    });
    const req = open(rig, '/slow');
    const answered = new Promise<{ text: string; connection: string | undefined; id: string | undefined }>(
      (resolve, reject) => {
        req.on('error', reject);
        req.on('response', (res) => {
          readAnswer(res).then(
            (it) => resolve({ text: it.text, connection: it.headers.connection, id: it.requestId }),
            reject,
          );
        });
      },
    );
    req.end();
    await until(() => finish !== undefined);
    const drained = rig.ingress.drain();
    const refused = await openSocket(rig).then(
      () => 'accepted',
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(refused).to.equal('ECONNREFUSED');
    finish?.();
    const answer = await answered;
    expect(answer).to.include({ text: 'done', connection: 'close' });
    await drained;
    expect(rig.records.map((it) => it.requestId)).to.deep.equal([answer.id]);
    expect(rig.log.some((line) => line.message === 'drained' && line.recordsStored === true)).to.equal(true);
    await rig.stop();
  });
});
