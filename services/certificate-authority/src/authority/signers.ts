import { readFile } from 'node:fs/promises';
import { SallyportError } from '#libs/errors';
import { loadSeedFile, type Nkey } from '#libs/nats-identity';
import { type Authority, readAuthority } from '#libs/pki';
import type { CertificateAuthorityConfig } from '../config.ts';

/** Everything this service signs with, and the certificates others trust. */
export type Signers = {
  readonly issuing: Authority;
  readonly rootCertificatePem: string;
  /** Signs users that the auth callout lets in. */
  readonly tenantSigner: Nkey;
  /** Signs users that connectors keep. */
  readonly connectorSigner: Nkey;
  readonly operatorSigner: Nkey;
};

/** @throws ERR_CA_KEY naming the file that cannot be used. */
export async function loadSigners(config: CertificateAuthorityConfig): Promise<Signers> {
  const { root, issuing } = config.authorities;
  const [rootCertificatePem, certificatePem, privateKeyPem] = await Promise.all([
    readText(root.certFile),
    readText(issuing.certFile),
    readText(issuing.keyFile),
  ]);
  return {
    issuing: await readAuthority({ certificatePem, privateKeyPem }).catch((cause: unknown) => {
      throw unusable(issuing.keyFile, `is no authority together with ${issuing.certFile}`, cause);
    }),
    rootCertificatePem,
    tenantSigner: await seed(config.tenantAccount.signingKeyFile, 'account'),
    connectorSigner: await seed(config.connectorSigner.keyFile, 'account'),
    operatorSigner: await seed(config.operator.signingKeyFile, 'operator'),
  };
}

async function seed(path: string, kind: 'account' | 'operator'): Promise<Nkey> {
  const key = await loadSeedFile(path, kind).catch((cause: unknown) => {
    throw unusable(path, `holds no ${kind} key`, cause);
  });
  if (!key) throw unusable(path, 'does not exist');
  return key;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw unusable(path, 'cannot be read', cause);
  });
}

function unusable(path: string, why: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_CA_KEY', `key file ${path} ${why}; provision the broker again`, {
    cause,
    expose: true,
    details: { path },
  });
}
