import { SallyportError } from '#libs/errors';
import type { AccountRole, ServiceName } from './permissions/types.ts';

export const SERVER_CERTIFICATES = ['hub', 'ingress', 'connector-endpoint', 'console', 'identity-provider'] as const;
export type ServerCertificateName = (typeof SERVER_CERTIFICATES)[number];

export type BrokerPorts = {
  /** Client listener, 127.0.0.1. */
  readonly client: number;
  /** Leaf listener, the only one connectors reach. */
  readonly leaf: number;
  /** Monitoring, 127.0.0.1. */
  readonly monitor: number;
};

export type CertificateFiles = { readonly certFile: string; readonly keyFile: string };

export type AccountFiles = {
  readonly name: string;
  /** `A...` */
  readonly publicKey: string;
  readonly jwtFile: string;
  readonly keyFile: string;
  /** Signs user JWTs of services. */
  readonly signingKeyFile: string;
};

/** Everything the provisioned broker consists of: names, paths and public keys. Plain values, no secret among them. */
export type BrokerLayout = {
  readonly dataDir: string;
  readonly tenant: string;
  readonly ports: BrokerPorts;
  readonly operator: { readonly jwtFile: string; readonly signingKeyFile: string };
  readonly accounts: Readonly<Record<AccountRole, AccountFiles>>;
  /** The scoped key that signs connectors' user JWTs. */
  readonly connectorSigner: { readonly publicKey: string; readonly keyFile: string };
  /** By `<service>@<account>`: use `credentialsFile`. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly certificates: Readonly<Record<ServerCertificateName, CertificateFiles>>;
  readonly authorities: {
    readonly root: CertificateFiles;
    readonly issuing: CertificateFiles;
  };
  /** What everybody outside trusts: the root certificate, PEM. */
  readonly caFile: string;
  readonly hub: {
    readonly configFile: string;
    readonly jetstreamDir: string;
    readonly resolverDir: string;
  };
};

/** Path of the credentials of a service in an account. @throws ERR_BROKER_NO_USER when the service has no user there. */
export function credentialsFile(layout: BrokerLayout, service: ServiceName, account: AccountRole): string {
  const path = layout.credentials[`${service}@${account}`];
  if (path !== undefined) return path;
  throw new SallyportError('ERR_BROKER_NO_USER', `service ${service} has no user in account ${account}`, {
    details: { service, account },
  });
}
