export {
  coversHost,
  MAX_CHAIN_CERTIFICATES,
  MAX_PEM_CHARACTERS,
  readServerCertificate,
  type ServerCertificate,
  type ServerCertificateFault,
  type ServerCertificateVerdict,
} from './server-certificate.ts';
