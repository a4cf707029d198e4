import { z } from 'zod';
import { tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

const certificateFiles = z.object({ certFile: z.string(), keyFile: z.string() });

export const certificateAuthorityConfig = z.object({
  tenant: tenantId,
  broker: brokerAccess,
  /** Users of the accounts BACKBONE, CORE, the tenant's own (auth callout) and SYS (revocation). */
  credentials: z.object({ backbone: z.string(), core: z.string(), tenant: z.string(), sys: z.string() }),
  /** Address the connector endpoint listens on. Default 127.0.0.1. */
  host: z.string().default('127.0.0.1'),
  /** Default 8444; 0 for any free one. */
  port: z.number().int().min(0).max(65_535).default(8444),
  tls: certificateFiles,
  /** `https://host:port` of the endpoint as connectors reach it. */
  publicUrl: z.url({ protocol: /^https$/ }),
  /** `tls://host:port` of every hub's leaf listener as connectors reach it. */
  leafAddresses: z
    .array(z.string().regex(/^tls:\/\/[^\s"/]+:\d{1,5}$/, 'expected tls://host:port'))
    .min(1)
    .max(32),
  /** The root needs no key here; the issuing authority signs connectors' certificates. */
  authorities: z.object({ root: z.object({ certFile: z.string() }), issuing: certificateFiles }),
  /** The tenant's account: its public key, and the signing key for users that the auth callout lets in. */
  tenantAccount: z.object({ publicKey: z.string(), signingKeyFile: z.string() }),
  /** The scoped key for users that connectors keep. */
  connectorSigner: z.object({ keyFile: z.string() }),
  /** Signs the account again when a connector is revoked. */
  operator: z.object({ signingKeyFile: z.string() }),
  /** Where an administrator's token for a registration comes from; told to connectors. */
  registration: z.object({
    /** Issuer of the identity provider. */
    issuer: z.url({ protocol: /^https$/ }),
    /** Public client (PKCE) of the command line. */
    clientId: z.string().min(1).max(200),
    /** For example `api://<client id>/Connector.Register`. */
    scope: z.string().min(1).max(400),
  }),
});
export type CertificateAuthorityConfig = z.infer<typeof certificateAuthorityConfig>;
