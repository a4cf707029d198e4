import { createHash } from 'node:crypto';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { challengeContext } from '../../../../../services/ingress/src/certificates/acme/challenge-certificate.ts';
import {
  answerChallenges,
  type PendingChallenges,
} from '../../../../../services/ingress/src/certificates/acme/challenge-gate.ts';
import { pemCertificates } from '../../../../support/certificates.ts';

const HOST = 'wiki.example.com';

describe('answers to TLS-ALPN-01', () => {
  const pending: PendingChallenges = new Map();
  let server: Server;
  let port: number;
  before(async () => {
    const pem = await pemCertificates({ names: [HOST] });
    server = createServer({ cert: pem.leaf, key: pem.key, ALPNProtocols: ['http/1.1'] }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello from the app');
    });
    answerChallenges(server, pending);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const dial = (servername: string, protocol: string) =>
    new Promise<{
      protocol: string | false | null;
      certificate: ReturnType<TLSSocket['getPeerX509Certificate']>;
      text: string;
    }>((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port, servername, ALPNProtocols: [protocol], rejectUnauthorized: false },
        () => {
          let text = '';
          const certificate = socket.getPeerX509Certificate();
          socket.on('data', (chunk) => (text += String(chunk)));
          socket.on('close', () => resolve({ protocol: socket.alpnProtocol, certificate, text }));
        },
      );
      socket.on('error', reject);
    });

  it('show the certificate of the challenge, with the hash of the key authorization, and nothing else', async () => {
    pending.set(HOST, await challengeContext(HOST, 'token.thumbprint'));
    const { protocol, certificate, text } = await dial(HOST, 'acme-tls/1');
    expect([protocol, text]).to.deep.equal(['acme-tls/1', '']);
    expect(certificate?.subjectAltName).to.equal(`DNS:${HOST}`);
    const hash = createHash('sha256').update('token.thumbprint').digest('hex');
    expect(certificate?.raw.toString('hex')).to.contain(`0420${hash}`);
  });

  it('leave users of the same host the app, meanwhile and afterwards', async () => {
    const pem = await challengeContext(HOST, 'token.thumbprint');
    pending.set(HOST, pem);
    const during = await dial(HOST, 'http/1.1');
    pending.delete(HOST);
    const later = await dial(HOST, 'http/1.1');
    for (const { protocol, certificate, text } of [during, later]) {
      expect([protocol, text]).to.deep.equal(['http/1.1', 'hello from the app']);
      expect(certificate?.issuer).to.equal('CN=spec intermediate');
    }
  });

  it('are none for a host without a challenge, nor for a hello in single bytes to it', async () => {
    pending.set(HOST, await challengeContext(HOST, 'token.thumbprint'));
    const [outcome] = await Promise.allSettled([dial('other.example.com', 'acme-tls/1')]);
    expect(outcome.status, 'the app speaks no such protocol').to.equal('rejected');
  });

  it('do not keep a connection that speaks no TLS or goes away', async () => {
    pending.set(HOST, await challengeContext(HOST, 'token.thumbprint'));
    const closed = (bytes: string, isEnding: boolean) =>
      new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => (isEnding ? socket.end(bytes) : socket.write(bytes)));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    await closed('GET / HTTP/1.1\r\n\r\n', false);
    await closed('\x16\x03', true);
    await closed('', true);
    pending.clear();
  });
});
