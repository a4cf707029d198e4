import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import {
  type Authority,
  certificateThumbprint,
  createIssuingAuthority,
  createKeyAndRequest,
  createRootAuthority,
  issueConnectorCertificate,
  issueServerCertificate,
  parseCertificate,
  readAuthority,
  readCertificateRequest,
  readConnectorIdentity,
} from '#libs/pki';
import {
  pemOfRequest,
  requestWith,
  requestWithBrokenSignature,
  requestWithP384Key,
  requestWithRsaKey,
} from '#libs/pki/testing';
import type { x509 } from '../../../libs/pki/src/x509.ts';

const NOW = new Date('2026-11-22T05:00:00.000Z');
const DAY_MS = 86_400_000;

describe('certification authorities', () => {
  let root: Authority;
  let issuing: Authority;

  before(async () => {
    root = await createRootAuthority({ commonName: 'Sallyport Root CA', now: NOW });
    issuing = await createIssuingAuthority(root, { commonName: 'Sallyport Issuing CA', now: NOW });
  });

  it('a root signs an issuing authority, and each may only go as deep as it must', () => {
    const issuingCertificate = new X509Certificate(issuing.certificatePem);
    expect(issuingCertificate.checkIssued(new X509Certificate(root.certificatePem))).to.equal(true);
    expect(issuingCertificate.verify(new X509Certificate(root.certificatePem).publicKey)).to.equal(true);
    const lengths = [root, issuing].map(
      (one) => one.certificate.getExtension<x509.BasicConstraintsExtension>('2.5.29.19')?.pathLength,
    );
    expect(lengths).to.deep.equal([1, 0]);
  });

  it('come back from their PEM files', async () => {
    const again = await readAuthority({ certificatePem: root.certificatePem, privateKeyPem: root.privateKeyPem });
    const child = await createIssuingAuthority(again, { commonName: 'Second', now: NOW });
    expect(
      new X509Certificate(child.certificatePem).verify(new X509Certificate(root.certificatePem).publicKey),
    ).to.equal(true);
  });

  it('are refused with a key that is not their own, without a CA mark, or as garbage', async () => {
    const server = await issueServerCertificate(issuing, { dnsNames: ['hub.localhost'], now: NOW });
    const cases = [
      { certificatePem: root.certificatePem, privateKeyPem: issuing.privateKeyPem },
      { certificatePem: server.certificatePem, privateKeyPem: server.privateKeyPem },
      { certificatePem: 'garbage', privateKeyPem: root.privateKeyPem },
      { certificatePem: root.certificatePem, privateKeyPem: 'garbage' },
    ];
    for (const one of cases) {
      const error = await readAuthority(one).catch((failure: unknown) => failure);
      expect(isSallyportError(error, 'ERR_PKI_AUTHORITY')).to.equal(true);
    }
  });

  it('give a server a certificate for its names and 90 days', async () => {
    const server = await issueServerCertificate(issuing, {
      dnsNames: ['hub.localhost', '*.apps.localhost'],
      ips: ['127.0.0.1'],
      now: NOW,
    });
    const certificate = new X509Certificate(server.certificatePem);
    expect(certificate.checkHost('one.apps.localhost')).to.equal('*.apps.localhost');
    expect(certificate.checkIP('127.0.0.1')).to.equal('127.0.0.1');
    expect(certificate.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
    expect(server.notAfter.getTime()).to.equal(NOW.getTime() + 90 * DAY_MS);
    expect(server.chainPem.match(/BEGIN CERTIFICATE/g)).to.have.length(2);
  });

  it('take only the public key of a connector: subject, name and usage are theirs', async () => {
    const { requestPem } = await createKeyAndRequest({ commonName: 'con_evil' });
    const verdict = await readCertificateRequest(requestPem);
    if (verdict.status !== 'accepted') throw new Error(verdict.detail);
    expect(verdict.request.subject).to.equal('CN=con_evil');
    const issued = await issueConnectorCertificate(issuing, {
      publicKey: verdict.request.publicKey,
      tenant: 'default',
      connectorId: 'con_1',
      now: NOW,
    });
    const certificate = new X509Certificate(issued.certificatePem);
    expect(certificate.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.2']);
    expect(readConnectorIdentity(certificate)).to.deep.include({
      tenant: 'default',
      connectorId: 'con_1',
      thumbprint: certificateThumbprint(certificate),
      serialNumber: issued.serialNumber,
    });
    expect(certificate.ca).to.equal(false);
  });

  it('a certificate of another kind names no connector', async () => {
    const server = await issueServerCertificate(issuing, { dnsNames: ['hub.localhost'], now: NOW });
    expect(readConnectorIdentity(new X509Certificate(server.certificatePem))).to.equal(undefined);
    expect(parseCertificate('garbage')).to.equal(undefined);
  });
});

describe('certificate requests', () => {
  const refusals: readonly [string, () => Promise<string>, string][] = [
    ['text that is no PEM', async () => 'hello', 'csr-malformed'],
    [
      'a block of another kind',
      async () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'csr-malformed',
    ],
    ['PEM around garbage', async () => pemOfRequest(Buffer.from('not a request')), 'csr-malformed'],
    ['more than one block', async () => (await goodRequest()) + (await goodRequest()), 'csr-malformed'],
    ['an oversize text', async () => pemOfRequest(Buffer.alloc(10_000)), 'csr-oversize'],
    ['an RSA key', () => requestWithRsaKey('CN=con_1'), 'csr-key-type'],
    ['an ECDSA key on P-384', () => requestWithP384Key('CN=con_1'), 'csr-key-type'],
    ['a broken signature', () => requestWithBrokenSignature('CN=con_1'), 'csr-signature-wrong'],
  ];
  for (const [name, build, reason] of refusals) {
    it(`${name} is refused as ${reason}`, async () => {
      const verdict = await readCertificateRequest(await build());
      expect(verdict).to.deep.include({ status: 'refused', reason });
    });
  }

  it('the names that were asked for are shown, so that foreign ones can be refused', async () => {
    const verdict = await readCertificateRequest(await requestWith('CN=con_1,O=Evil', 'urn:evil:admin'));
    if (verdict.status !== 'accepted') throw new Error(verdict.detail);
    expect(verdict.request.subject).to.equal('CN=con_1, O=Evil');
    expect(verdict.request.alternativeNames).to.deep.equal(['url:urn:evil:admin']);
  });
});

async function goodRequest(): Promise<string> {
  return (await createKeyAndRequest({ commonName: 'con_1' })).requestPem;
}
