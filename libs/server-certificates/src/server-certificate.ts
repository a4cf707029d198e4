import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

export const MAX_CHAIN_CERTIFICATES = 10;
/** Characters of a chain, and of a key, as PEM. */
export const MAX_PEM_CHARACTERS = 65_536;
const MIN_RSA_BITS = 2048;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const WIDEST = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** What a server certificate says; nothing secret. */
export type ServerCertificate = {
  /** DNS names in lower case, `*.` in front of wildcards. */
  readonly hosts: readonly string[];
  /** SHA-256 of the certificate, lower case hex. */
  readonly thumbprint: string;
  readonly issuer: string;
  /** ISO-8601 UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** The chain as PEM blocks alone, the server's certificate first. */
  readonly chain: string;
};

/** Why a pair cannot serve. `reason` for programs, `detail` names what is wrong, `remedy` what to do. */
export type ServerCertificateFault = {
  readonly reason:
    | 'certificate-unreadable'
    | 'certificate-of-authority'
    | 'certificate-self-signed'
    | 'certificate-expired'
    | 'certificate-not-yet-valid'
    | 'certificate-without-hosts'
    | 'chain-order'
    | 'key-unreadable'
    | 'key-encrypted'
    | 'key-weak'
    | 'key-of-another-certificate';
  readonly detail: string;
  readonly remedy: string;
};

export type ServerCertificateVerdict =
  | { readonly status: 'usable'; readonly certificate: ServerCertificate }
  | { readonly status: 'refused'; readonly fault: ServerCertificateFault };

/**
 * Whether a PEM chain and a PEM key can serve https now: both readable, made for one another, in order, within their time,
 * with host names in it. Whether clients trust the root is not judged: a private authority is fine. Pure.
 */
export function readServerCertificate(chainPem: string, keyPem: string, nowMs: number): ServerCertificateVerdict {
  const key = readKey(keyPem);
  if ('reason' in key) return { status: 'refused', fault: key };
  const chain = readChain(chainPem);
  if ('reason' in chain) return { status: 'refused', fault: chain };
  const [leaf, ...rest] = chain;
  if (leaf === undefined) throw new Error('a chain that was read has a certificate');
  const fault =
    faultOfLeaf(leaf, key.key) ?? faultOfOrder([leaf, ...rest]) ?? faultOfDates([leaf, ...rest], nowMs) ?? null;
  if (fault) return { status: 'refused', fault };
  const hosts = hostsOf(leaf);
  if (hosts.length > 0) return { status: 'usable', certificate: describe(leaf, hosts, chain) };
  return refused(
    'certificate-without-hosts',
    'the certificate names no DNS host in its subject alternative names, and browsers read no other',
    'have it issued again with the host names as subject alternative names',
  );
}

/** Whether a certificate's host, exact or `*.`, stands for a host name. A wildcard stands for one name only (RFC 6125, 6.4.3). */
export function coversHost(certificateHost: string, hostname: string): boolean {
  if (!certificateHost.startsWith('*.')) return certificateHost === hostname;
  const dot = hostname.indexOf('.');
  return dot > 0 && hostname.slice(dot) === certificateHost.slice(1);
}

function readKey(pem: string): { readonly key: KeyObject } | ServerCertificateFault {
  if (pem.length > MAX_PEM_CHARACTERS)
    return fault('key-unreadable', `the key has ${pem.length} characters`, `give at most ${MAX_PEM_CHARACTERS}`);
  if (pem.includes('ENCRYPTED'))
    return fault(
      'key-encrypted',
      'the key is protected by a password',
      'give it without: openssl pkey -in protected.key -out plain.key',
    );
  try {
    const key = createPrivateKey(pem);
    return isWeak(key) ?? { key };
  } catch {
    return fault('key-unreadable', 'the private key cannot be read', 'give PEM text (-----BEGIN PRIVATE KEY-----)');
  }
}

function isWeak(key: KeyObject): ServerCertificateFault | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType ?? 'unknown';
  const expected = 'use RSA of 2048 bits and more, or ECDSA on P-256, P-384 or P-521';
  if (kind === 'rsa')
    return modulusLength >= MIN_RSA_BITS
      ? undefined
      : fault('key-weak', `the RSA key has ${modulusLength} bits`, expected);
  if (kind === 'ec' && CURVES.has(namedCurve)) return undefined;
  return fault('key-weak', `browsers take no ${kind} key${namedCurve === '' ? '' : ` on ${namedCurve}`}`, expected);
}

function readChain(pem: string): readonly X509Certificate[] | ServerCertificateFault {
  const unreadable = (detail: string) =>
    fault('certificate-unreadable', detail, 'give PEM text: the certificate of the server first, then its issuers');
  if (pem.length > MAX_PEM_CHARACTERS) return unreadable(`the chain has ${pem.length} characters`);
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return unreadable('there is no certificate');
  if (blocks.length > MAX_CHAIN_CERTIFICATES)
    return unreadable(`the chain has ${blocks.length} certificates, expected at most ${MAX_CHAIN_CERTIFICATES}`);
  const chain: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      chain.push(new X509Certificate(block));
    } catch {
      return unreadable(`certificate ${index + 1} of the chain cannot be read`);
    }
  }
  return chain;
}

function faultOfLeaf(leaf: X509Certificate, key: KeyObject): ServerCertificateFault | undefined {
  const isSelfSigned = leaf.issuer === leaf.subject && leaf.verify(leaf.publicKey);
  if (isSelfSigned)
    return fault(
      'certificate-self-signed',
      'the certificate is signed by itself: no browser can tell it from a forged one',
      'have it signed by an authority, public or your own',
    );
  if (leaf.ca)
    return fault(
      'certificate-of-authority',
      'the first certificate is that of an authority',
      'put the certificate of the server first, then its issuers',
    );
  if (leaf.checkPrivateKey(key)) return undefined;
  return fault(
    'key-of-another-certificate',
    'the key does not belong to the first certificate',
    'give the key that the certificate was requested with, and put the certificate of the server first',
  );
}

function faultOfOrder(chain: readonly X509Certificate[]): ServerCertificateFault | undefined {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer === undefined || (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))) continue;
    return fault(
      'chain-order',
      `certificate ${index + 2} of the chain did not sign certificate ${index + 1}`,
      'order it from the server to the root, each certificate signed by the next',
    );
  }
  return undefined;
}

function faultOfDates(chain: readonly X509Certificate[], nowMs: number): ServerCertificateFault | undefined {
  for (const [index, { validFrom, validTo }] of chain.entries()) {
    const which = index === 0 ? 'the certificate' : `certificate ${index + 1} of the chain`;
    if (Date.parse(validTo) <= nowMs)
      return fault('certificate-expired', `${which} expired at ${instant(validTo)}`, 'renew it');
    if (Date.parse(validFrom) > nowMs)
      return fault(
        'certificate-not-yet-valid',
        `${which} is valid from ${instant(validFrom)} on`,
        'wait, or look at the clock of this machine',
      );
  }
  return undefined;
}

function hostsOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  const names = subjectAltName.split(', ').flatMap((entry) => {
    const name = entry.startsWith('DNS:') ? entry.slice(4).toLowerCase() : '';
    return WIDEST.test(name) ? [name] : [];
  });
  return [...new Set(names)];
}

function describe(
  leaf: X509Certificate,
  hosts: readonly string[],
  chain: readonly X509Certificate[],
): ServerCertificate {
  return {
    hosts,
    thumbprint: leaf.fingerprint256.replace(/:/g, '').toLowerCase(),
    issuer: leaf.issuer.replace(/\n/g, ', ').slice(0, 255),
    notBefore: instant(leaf.validFrom),
    notAfter: instant(leaf.validTo),
    chain: chain.map((certificate) => certificate.toString()).join(''),
  };
}

function instant(text: string): string {
  return new Date(Date.parse(text)).toISOString();
}

function fault(reason: ServerCertificateFault['reason'], detail: string, remedy: string): ServerCertificateFault {
  return { reason, detail, remedy };
}

function refused(reason: ServerCertificateFault['reason'], detail: string, remedy: string): ServerCertificateVerdict {
  return { status: 'refused', fault: fault(reason, detail, remedy) };
}
