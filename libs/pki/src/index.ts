export {
  type Authority,
  type AuthorityInput,
  createIssuingAuthority,
  createRootAuthority,
  ISSUING_DAYS,
  ROOT_DAYS,
  readAuthority,
} from './authority.ts';
export {
  type CertificateRequest,
  type CertificateRequestVerdict,
  createKeyAndRequest,
  MAX_REQUEST_CHARACTERS,
  type RequestedKey,
  readCertificateRequest,
} from './certificate-request.ts';
export {
  type ConnectorIdentity,
  certificateThumbprint,
  connectorUri,
  parseCertificate,
  readConnectorIdentity,
} from './connector-identity.ts';
export {
  CONNECTOR_DAYS,
  type IssuedCertificate,
  issueConnectorCertificate,
  issueServerCertificate,
  SERVER_DAYS,
} from './issue-certificate.ts';
