import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  type Authority,
  createIssuingAuthority,
  createRootAuthority,
  issueServerCertificate,
  readAuthority,
} from '#libs/pki';
import { corrupt, readIfPresent, requirePrivate, writeSecretFile } from './data-files.ts';
import { type CertificateFiles, SERVER_CERTIFICATES, type ServerCertificateName } from './layout.ts';

/** A server certificate with less than this left is issued again at the next provisioning. */
export const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;

export type ServerNames = {
  readonly dnsNames: readonly [string, ...string[]];
  readonly ips?: readonly string[];
};

export type PkiFiles = {
  readonly root: CertificateFiles;
  readonly issuing: CertificateFiles;
  readonly servers: Readonly<Record<ServerCertificateName, CertificateFiles>>;
};

export function pkiFiles(directory: string): PkiFiles {
  const files = (name: string): CertificateFiles => ({
    certFile: join(directory, `${name}.pem`),
    keyFile: join(directory, `${name}.key`),
  });
  return {
    root: files('root'),
    issuing: files('issuing'),
    servers: {
      hub: files('hub'),
      ingress: files('ingress'),
      'connector-endpoint': files('connector-endpoint'),
      console: files('console'),
      'identity-provider': files('identity-provider'),
    },
  };
}

/** Authorities and server certificates, made or kept. @throws ERR_BROKER_CORRUPT for a file that is there and unusable. */
export async function ensurePki(
  files: PkiFiles,
  names: Readonly<Record<ServerCertificateName, ServerNames>>,
  now: Date,
): Promise<void> {
  const root = await ensureAuthority(files.root, files.issuing, () =>
    createRootAuthority({ commonName: 'Sallyport Root CA', now }),
  );
  const issuing = await ensureAuthority(files.issuing, undefined, () =>
    createIssuingAuthority(root, { commonName: 'Sallyport Issuing CA', now }),
  );
  if (!new X509Certificate(issuing.certificatePem).verify(new X509Certificate(root.certificatePem).publicKey))
    throw corrupt(files.issuing.certFile, 'is not signed by the root beside it', 'restore both from one backup');
  for (const name of SERVER_CERTIFICATES) await ensureServer(files.servers[name], names[name], issuing, now);
}

async function ensureAuthority(
  files: CertificateFiles,
  dependent: CertificateFiles | undefined,
  create: () => Promise<Authority>,
): Promise<Authority> {
  const [certificatePem, privateKeyPem] = await Promise.all([
    readIfPresent(files.certFile),
    readIfPresent(files.keyFile),
  ]);
  if (certificatePem === undefined && dependent && (await readIfPresent(dependent.certFile)) !== undefined)
    throw corrupt(
      files.certFile,
      `is missing while ${dependent.certFile} was signed by it`,
      'restore it from a backup',
    );
  if (certificatePem === undefined) {
    const created = await create();
    await writeSecretFile(files.keyFile, created.privateKeyPem);
    await writeSecretFile(files.certFile, created.certificatePem);
    return created;
  }
  if (privateKeyPem === undefined)
    throw corrupt(files.keyFile, 'is missing while its certificate is there', 'restore it from a backup');
  await requirePrivate(files.keyFile);
  try {
    return await readAuthority({ certificatePem, privateKeyPem });
  } catch (cause) {
    throw corrupt(files.certFile, `and ${files.keyFile} are no usable authority`, 'restore both from a backup', cause);
  }
}

async function ensureServer(files: CertificateFiles, names: ServerNames, issuing: Authority, now: Date): Promise<void> {
  const [certificatePem, keyPem] = await Promise.all([readIfPresent(files.certFile), readIfPresent(files.keyFile)]);
  if (certificatePem !== undefined && keyPem !== undefined) {
    await requirePrivate(files.keyFile);
    if (isStillGood(readCertificate(files.certFile, certificatePem), names, issuing, now)) {
      requirePair(files, certificatePem, keyPem);
      return;
    }
  }
  const issued = await issueServerCertificate(issuing, { ...names, now });
  await writeSecretFile(files.keyFile, issued.privateKeyPem);
  await writeSecretFile(files.certFile, issued.chainPem);
}

function isStillGood(certificate: X509Certificate, names: ServerNames, issuing: Authority, now: Date): boolean {
  const left = new Date(certificate.validTo).getTime() - now.getTime();
  const wanted = [...names.dnsNames.map((name) => `DNS:${name}`), ...(names.ips ?? []).map((ip) => `IP Address:${ip}`)];
  return (
    left >= RENEW_BEFORE_DAYS * DAY_MS &&
    certificate.subjectAltName === wanted.join(', ') &&
    certificate.verify(new X509Certificate(issuing.certificatePem).publicKey)
  );
}

function readCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw corrupt(path, 'is no certificate', 'delete it to have it issued again', cause);
  }
}

function requirePair(files: CertificateFiles, certificatePem: string, keyPem: string): void {
  let isPair = false;
  let problem: unknown;
  try {
    isPair = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch (cause) {
    problem = cause;
  }
  if (!isPair)
    throw corrupt(
      files.keyFile,
      `is not the key of ${files.certFile}`,
      'delete both to have them issued again',
      problem,
    );
}
