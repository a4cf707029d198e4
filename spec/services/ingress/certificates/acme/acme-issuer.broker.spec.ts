import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { readServerCertificate } from '#libs/server-certificates';
import { AcmeIssuer } from '../../../../../services/ingress/src/certificates/acme/acme-issuer.ts';
import {
  answerChallenges,
  type PendingChallenges,
} from '../../../../../services/ingress/src/certificates/acme/challenge-gate.ts';
import { pemCertificates } from '../../../../support/certificates.ts';
import { findPebble, type RunningPebble, startPebble } from '../../../../support/pebble.ts';

describe('certificates from an ACME server (pebble)', function () {
  this.timeout(60_000);
  const pending: PendingChallenges = new Map();
  const { privateKey: accountKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let pebble: RunningPebble;
  let server: Server;
  let issuer: AcmeIssuer;
  before(async function () {
    const program = findPebble();
    if (program === undefined) this.skip();
    const pem = await pemCertificates({ names: ['fallback.example.com'] });
    server = createServer({ cert: pem.leaf, key: pem.key, ALPNProtocols: ['http/1.1'] });
    answerChallenges(server, pending);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    pebble = await startPebble(program, (server.address() as AddressInfo).port);
    issuer = newIssuer();
  });
  after(async () => {
    await issuer?.stop();
    await pebble?.stop();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  });
  const newIssuer = (changes: Partial<ConstructorParameters<typeof AcmeIssuer>[0]> = {}) =>
    new AcmeIssuer({
      directoryUrl: pebble.directoryUrl,
      ca: pebble.ca,
      accountKey,
      contact: ['mailto:admin@example.com'],
      pending,
      ...changes,
    });
  const signal = () => new AbortController().signal;

  it('are issued by TLS-ALPN-01 on the one port, for a new key, and chain to its root', async () => {
    const { chain, key } = await issuer.issue('wiki.example.com', signal());
    const verdict = readServerCertificate(chain, key, Date.now());
    if (verdict.status !== 'usable') throw new Error(verdict.fault.detail);
    expect(verdict.certificate.hosts).to.deep.equal(['wiki.example.com']);
    const last = new X509Certificate(verdict.certificate.chain.split(/(?<=END CERTIFICATE-----\n)/).at(-1) ?? '');
    expect(last.verify(new X509Certificate(await pebble.root()).publicKey)).to.equal(true);
    expect(pending.size, 'no challenge stays open').to.equal(0);
  });

  it('are issued again for the same account after a restart', async () => {
    const again = newIssuer();
    const { chain } = await again.issue('wiki.example.com', signal());
    await again.stop();
    expect(chain).to.contain('BEGIN CERTIFICATE');
    expect(pebble.log().match(/There are now \d+ accounts/g)?.length ?? 1, 'accounts made').to.be.at.most(1);
  });

  it('are not issued when the challenge is answered wrongly, and say why', async () => {
    const wrong = newIssuer({ pending: new Map() });
    const [outcome] = await Promise.allSettled([wrong.issue('other.example.com', signal())]);
    await wrong.stop();
    expect(outcome).to.have.nested.property('reason.code', 'ERR_INGRESS_ACME');
    expect(outcome).to.have.nested.property('reason.retryable', true);
    expect(outcome).to.have.nested.property('reason.message').that.contains('was not validated over acme-tls/1');
  });

  it('are not issued for a name the server refuses', async () => {
    const [outcome] = await Promise.allSettled([issuer.issue('not_a_name', signal())]);
    expect(outcome).to.have.nested.property('reason.code', 'ERR_INGRESS_ACME');
    expect(outcome).to.have.nested.property('reason.retryable', false);
  });

  it('are given up at once when the ingress stops', async () => {
    const stopped = new AbortController();
    stopped.abort();
    const [outcome] = await Promise.allSettled([issuer.issue('late.example.com', stopped.signal)]);
    expect(outcome.status).to.equal('rejected');
    expect(pending.size).to.equal(0);
  });

  it('need a server that answers', async () => {
    const lost = newIssuer({ directoryUrl: 'https://127.0.0.1:9/dir' });
    const [outcome] = await Promise.allSettled([lost.issue('wiki.example.com', signal())]);
    await lost.stop();
    expect(outcome).to.have.nested.property('reason.retryable', true);
  });
});
