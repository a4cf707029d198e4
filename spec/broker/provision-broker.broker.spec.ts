import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type BrokerLayout, credentialsFile, localServerNames, provisionBroker } from '#broker';
import { isSallyportError } from '#libs/errors';
import { decodeJwt, encodeAccountJwt, loadSeedFile } from '#libs/nats-identity';

const DAY_MS = 86_400_000;
const START = new Date('2026-11-22T05:00:00.000Z');

describe('provisioning the broker', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sallyport-provision-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const provision = (now = START, domain = 'sallyport.localhost', tenant = 'default'): Promise<BrokerLayout> =>
    provisionBroker({
      dataDir: join(dataDir, 'data'),
      tenant,
      ports: { client: 4222, leaf: 7422, monitor: 8222 },
      serverNames: localServerNames(domain),
      now,
    });

  it('makes directories 0700 and files 0600, nothing else', async () => {
    const layout = await provision();
    const modes = new Set(filesIn(layout.dataDir).map((path) => statSync(path).mode & 0o777));
    expect([...modes]).to.deep.equal([0o600]);
    const directories = new Set(directoriesIn(layout.dataDir).map((path) => statSync(path).mode & 0o777));
    expect([...directories]).to.deep.equal([0o700]);
  });

  it('finds everything again and changes no byte', async () => {
    const first = await provision();
    const before = contents(first.dataDir);
    expect(await provision()).to.deep.equal(first);
    expect(contents(first.dataDir)).to.deep.equal(before);
  });

  it('issues server certificates again when less than 30 days are left, with the same authorities', async () => {
    const layout = await provision();
    const { certFile } = layout.certificates.ingress;
    const before = readFileSync(certFile, 'utf8');
    await provision(new Date(START.getTime() + 59 * DAY_MS));
    expect(readFileSync(certFile, 'utf8')).to.equal(before);
    await provision(new Date(START.getTime() + 61 * DAY_MS));
    expect(readFileSync(certFile, 'utf8')).to.not.equal(before);
    const issuing = new X509Certificate(readFileSync(layout.authorities.issuing.certFile));
    expect(new X509Certificate(readFileSync(certFile)).verify(issuing.publicKey)).to.equal(true);
  });

  it('issues the certificate of a server whose names changed again', async () => {
    await provision();
    const layout = await provision(START, 'apps.example.test');
    const certificate = new X509Certificate(readFileSync(layout.certificates.ingress.certFile));
    expect(certificate.checkHost('wiki.apps.example.test')).to.equal('*.apps.example.test');
    expect(certificate.checkHost('wiki.sallyport.localhost')).to.equal(undefined);
  });

  it('carries revocations that were pushed at run time into an account it issues again', async () => {
    const layout = await provision();
    const { tenant } = layout.accounts;
    const signer = await loadSeedFile(layout.operator.signingKeyFile, 'operator');
    if (!signer) throw new Error('no operator key');
    const revocations = { UABC: 1_700_000_000 };
    const pushed = await encodeAccountJwt({ name: 'x', publicKey: tenant.publicKey, signer, claims: { revocations } });
    writeFileSync(join(layout.hub.resolverDir, `${tenant.publicKey}.jwt`), pushed);
    unlinkSync(tenant.jwtFile);
    await provision();
    const decoded = decodeJwt(readFileSync(tenant.jwtFile, 'utf8'));
    if (decoded.status === 'refused') throw new Error(decoded.reason);
    expect(decoded.claims.nats.revocations).to.deep.equal(revocations);
  });

  const damages: readonly [string, (layout: BrokerLayout) => string][] = [
    ['a key file that holds garbage', (layout) => overwrite(layout.accounts.core.keyFile)],
    ['a key file that others may read', (layout) => exposed(layout.accounts.core.keyFile)],
    ['a key that is gone while its account is there', (layout) => removed(layout.accounts.tenant.keyFile)],
    ['an operator key that is gone', (layout) => removed(layout.operator.signingKeyFile)],
    ['an account JWT that does not verify', (layout) => overwrite(layout.accounts.siem.jwtFile)],
    ['credentials that are none', (layout) => overwrite(credentialsFile(layout, 'auth', 'core'))],
    ['a root certificate that is none', (layout) => overwrite(layout.authorities.root.certFile)],
    ['a root certificate that is gone', (layout) => removed(layout.authorities.root.certFile)],
    ['an authority key that is gone', (layout) => removed(layout.authorities.issuing.keyFile)],
    ['a server certificate that is none', (layout) => overwrite(layout.certificates.hub.certFile)],
    ['a server key that is not its own', (layout) => swapped(layout)],
  ];
  for (const [name, damage] of damages) {
    it(`${name} is an error naming file and remedy, and nothing is overwritten`, async () => {
      const layout = await provision();
      const path = damage(layout);
      const before = contents(layout.dataDir);
      const error = await provision().catch((failure: unknown) => failure);
      if (!isSallyportError(error, 'ERR_BROKER_CORRUPT')) throw error;
      expect(error.details.path).to.equal(path);
      expect(error.details.remedy).to.be.a('string').and.not.equal('');
      expect(contents(layout.dataDir)).to.deep.equal(before);
    });
  }

  it('a data directory that is a file is refused', async () => {
    writeFileSync(join(dataDir, 'data'), 'not a directory');
    const error = await provision().catch((failure: unknown) => failure);
    expect(isSallyportError(error, 'ERR_BROKER_DATA_DIR')).to.equal(true);
  });

  it('a tenant that could not stand in a subject is refused', async () => {
    const error = await provision(START, 'sallyport.localhost', 'Main.*').catch((failure: unknown) => failure);
    expect(isSallyportError(error, 'ERR_BROKER_TENANT')).to.equal(true);
  });

  it('a service without a user in an account is named', async () => {
    const layout = await provision();
    expect(() => credentialsFile(layout, 'ingress', 'core')).to.throw('service ingress has no user in account core');
  });
});

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function directoriesIn(directory: string): string[] {
  const inner = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  return [directory, ...inner];
}

function contents(directory: string): Record<string, string> {
  return Object.fromEntries(filesIn(directory).map((path) => [path, readFileSync(path, 'utf8')]));
}

function overwrite(path: string): string {
  writeFileSync(path, 'garbage\n');
  return path;
}

function removed(path: string): string {
  unlinkSync(path);
  return path;
}

function exposed(path: string): string {
  chmodSync(path, 0o644);
  return path;
}

function swapped(layout: BrokerLayout): string {
  const { hub, console } = layout.certificates;
  writeFileSync(hub.keyFile, readFileSync(console.keyFile));
  return hub.keyFile;
}
