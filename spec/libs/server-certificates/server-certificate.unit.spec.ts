import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { coversHost, readServerCertificate } from '#libs/server-certificates';
import { type PemCertificates, pemCertificates } from '../../support/certificates.ts';

const NOW_MS = Date.now();
const DAY_MS = 86_400_000;
const pemOf = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
  String(key.export({ type: 'pkcs8', format: 'pem' }));

describe('server certificates', () => {
  let good: PemCertificates;
  before(async () => {
    good = await pemCertificates({ names: ['Wiki.example.com', '*.apps.example.com'] });
  });
  const reasonOf = (chain: string, key: string, nowMs = NOW_MS) => {
    const verdict = readServerCertificate(chain, key, nowMs);
    return verdict.status === 'usable' ? 'usable' : verdict.fault.reason;
  };

  it('are read with hosts, dates and chain', () => {
    const verdict = readServerCertificate(`a note\n${good.leaf}\r\n${good.intermediate}`, good.key, NOW_MS);
    if (verdict.status !== 'usable') throw new Error(verdict.fault.detail);
    const { certificate } = verdict;
    expect(certificate.hosts).to.deep.equal(['wiki.example.com', '*.apps.example.com']);
    expect(certificate.thumbprint).to.match(/^[0-9a-f]{64}$/);
    expect(certificate.issuer).to.equal('CN=spec intermediate');
    expect(Date.parse(certificate.notAfter)).to.be.above(NOW_MS + 89 * DAY_MS);
    expect(certificate.chain.match(/BEGIN CERTIFICATE/g)).to.have.length(2);
  });

  it('are usable with and without the root', () => {
    expect(reasonOf(good.leaf, good.key)).to.equal('usable');
    expect(reasonOf(good.leaf + good.intermediate + good.authority, good.key)).to.equal('usable');
  });

  it('are refused when they cannot be read', () => {
    expect(reasonOf('nothing', good.key)).to.equal('certificate-unreadable');
    expect(reasonOf(good.leaf.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), good.key)).to.equal(
      'certificate-unreadable',
    );
    expect(reasonOf(good.leaf.repeat(11), good.key)).to.equal('certificate-unreadable');
    expect(reasonOf(good.leaf, 'nothing')).to.equal('key-unreadable');
    expect(reasonOf(good.leaf, good.leaf)).to.equal('key-unreadable');
  });

  it('are refused with the key of another certificate', async () => {
    const other = await pemCertificates({ names: ['other.example.com'] });
    expect(reasonOf(good.leaf, other.key)).to.equal('key-of-another-certificate');
  });

  it('are refused with a key behind a password, and say how to take it off', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sealed = String(privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }));
    const verdict = readServerCertificate(good.leaf, sealed, NOW_MS);
    expect(verdict).to.have.nested.property('fault.reason', 'key-encrypted');
    expect(verdict).to.have.nested.property('fault.remedy').that.contains('openssl pkey');
  });

  it('are refused with a key that is weak or that browsers do not take', () => {
    expect(reasonOf(good.leaf, pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey))).to.equal(
      'key-weak',
    );
    expect(reasonOf(good.leaf, pemOf(generateKeyPairSync('ed25519').privateKey))).to.equal('key-weak');
    expect(reasonOf(good.leaf, pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey))).to.equal(
      'key-weak',
    );
  });

  it('are refused out of order, and say which does not fit', () => {
    expect(reasonOf(good.intermediate + good.leaf, good.key)).to.equal('certificate-of-authority');
    const verdict = readServerCertificate(good.leaf + good.authority + good.intermediate, good.key, NOW_MS);
    expect(verdict).to.have.nested.property('fault.reason', 'chain-order');
    expect(verdict).to.have.nested.property('fault.detail').that.contains('certificate 2 of the chain did not sign');
  });

  it('are refused before and after their time', async () => {
    expect(reasonOf(good.leaf, good.key, NOW_MS + 100 * DAY_MS)).to.equal('certificate-expired');
    expect(reasonOf(good.leaf, good.key, NOW_MS - 100 * DAY_MS)).to.equal('certificate-not-yet-valid');
  });

  it('are refused when self-signed, and without host names', async () => {
    expect(reasonOf(good.authority, good.key)).to.equal('certificate-self-signed');
    const nameless = await pemCertificates({ names: [] });
    expect(reasonOf(nameless.leaf, nameless.key)).to.equal('certificate-without-hosts');
  });

  it('made by openssl with RSA are usable', function () {
    this.timeout(20_000);
    const run = (args: string, input = '') =>
      execFileSync('openssl', args.split(' '), { input, stdio: ['pipe', 'pipe', 'ignore'] }).toString();
    try {
      run('version');
    } catch {
      this.skip();
    }
    const key = run('genrsa -traditional 2048');
    expect(key).to.contain('BEGIN RSA PRIVATE KEY');
    expect(reasonOf(good.leaf, key), 'read, though of another certificate').to.equal('key-of-another-certificate');
  });

  it('cover exact hosts, and one name for a wildcard', () => {
    expect(coversHost('a.example.com', 'a.example.com')).to.equal(true);
    expect(coversHost('*.example.com', 'a.example.com')).to.equal(true);
    for (const host of ['example.com', 'a.b.example.com', 'aexample.com', '.example.com'])
      expect(coversHost('*.example.com', host), host).to.equal(false);
  });
});
