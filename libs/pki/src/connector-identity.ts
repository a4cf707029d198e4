import { createHash, X509Certificate } from 'node:crypto';

/** Lower case hex SHA-256 of a certificate's DER form. */
export function certificateThumbprint(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

export function connectorUri(tenant: string, connectorId: string): string {
  return `urn:sallyport:tenant:${tenant}:connector:${connectorId}`;
}

export type ConnectorIdentity = {
  readonly tenant: string;
  readonly connectorId: string;
  readonly thumbprint: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
};

/**
 * Who a connector's certificate names: common name and URI must agree. Does not verify the chain: the TLS server did, or
 * the caller does. `undefined` for any other certificate or text.
 */
export function readConnectorIdentity(certificate: X509Certificate): ConnectorIdentity | undefined {
  const uri = /^URI:urn:sallyport:tenant:([a-z0-9_-]{1,64}):connector:([a-z0-9_-]{1,64})$/.exec(
    certificate.subjectAltName ?? '',
  );
  const [, tenant, connectorId] = uri ?? [];
  if (tenant === undefined || connectorId === undefined || certificate.subject !== `CN=${connectorId}`)
    return undefined;
  return {
    tenant,
    connectorId,
    thumbprint: certificateThumbprint(certificate),
    serialNumber: certificate.serialNumber.toLowerCase(),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

/** `undefined` when the text is no certificate. */
export function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // Total parser: anything unreadable is no certificate.
    return undefined;
  }
}
