// long because what every process is told stands in one table, where it can be compared
import { join } from 'node:path';
import { type BrokerLayout, credentialsFile } from '#broker';
import { demoDirectory } from '#libs/demo-directory';
import { HOST, type Ports } from './ports.ts';

/** The one tenant of an all-in-one system. */
export const TENANT = 'main';
/** Group the embedded connector serves. */
export const EMBEDDED_GROUP = 'default';
export const EMBEDDED_CONNECTOR = 'embedded';

export type PlanInput = {
  readonly dataDir: string;
  readonly domain: string;
  /** Absolute; null: none. */
  readonly countryDatabase: string | null;
  readonly hasSecondIdentityProvider: boolean;
  readonly ports: Ports;
  readonly layout: BrokerLayout;
  readonly secrets: SecretFiles;
};

/** Files the launcher makes once; every path lies in the data directory, mode 0600. */
export type SecretFiles = {
  readonly clientSecretFile: string;
  readonly operatorKeyFile: string;
  readonly operatorPublicKeyFile: string;
};

export type ServicePlan = {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Folder of the service. Default: `name`. */
  readonly main?: string;
};

export type Addresses = {
  readonly ingressUrl: string;
  readonly portalUrl: string;
  readonly signInUrl: string;
  readonly apiUrl: string;
  readonly connectorEndpointUrl: string;
  readonly issuer: string;
};

export function addressesOf({ domain, ports }: Pick<PlanInput, 'domain' | 'ports'>): Addresses {
  return {
    ingressUrl: `https://localhost:${ports.ingress}`,
    portalUrl: `https://portal.${domain}:${ports.ingress}/`,
    signInUrl: `https://login.${domain}:${ports.ingress}`,
    apiUrl: `https://localhost:${ports.console}/v1/`,
    connectorEndpointUrl: `https://localhost:${ports.connectorEndpoint}`,
    issuer: `https://localhost:${ports.identityProvider}/${demoDirectory.tenantId}/v2.0`,
  };
}

/** Configuration of every service but the connector, which is registered first. Pure. */
export function planServices(input: PlanInput): readonly ServicePlan[] {
  return [
    identityProvider(input),
    ...partners(input).map(({ plan }) => plan),
    sampleApps(input),
    auth(input),
    routing(input),
    throttling(input),
    certificateAuthority(input),
    audit(input),
    console(input),
    ingress(input),
  ];
}

function common({ ports, layout }: PlanInput) {
  return {
    tenant: TENANT,
    broker: { servers: [`${HOST}:${ports.hubClient}`], caFile: layout.caFile, plaintext: true },
  };
}

function identityProvider({ dataDir, ports, layout, secrets, ...rest }: PlanInput): ServicePlan {
  const { signInUrl, portalUrl } = addressesOf({ ports, ...rest });
  return {
    name: 'dev-identity-provider',
    config: {
      host: HOST,
      port: ports.identityProvider,
      tls: layout.certificates['identity-provider'],
      tenantId: demoDirectory.tenantId,
      clients: {
        web: {
          clientId: demoDirectory.clientIds.web,
          clientSecretFile: secrets.clientSecretFile,
          redirectUris: [`${signInUrl}/.sallyport/callback`],
          postLogoutRedirectUris: [portalUrl, `${signInUrl}/.sallyport/signed-out`],
          backChannelLogout: { uri: `${signInUrl}/.sallyport/back-channel-logout`, caFile: layout.caFile },
        },
        cli: { clientId: demoDirectory.clientIds.cli },
        api: { clientId: demoDirectory.clientIds.api },
      },
      users: demoDirectory.users,
      keyFile: join(dataDir, 'identity-provider', 'signing-key.pem'),
    },
  };
}

/** Path of everything at the second development identity provider. */
const PARTNERS_PATH = '8a4b2d0f-6b1c-4d1f-8e63-1e7b4c2d3f50';
export const PARTNERS_ID = 'partners';

/** The second identity provider and what auth is told of it; none unless it was asked for. */
function partners(input: PlanInput): readonly { readonly plan: ServicePlan; readonly known: object }[] {
  const { dataDir, ports, layout, secrets } = input;
  const port = ports.partnersIdentityProvider;
  if (!input.hasSecondIdentityProvider || port === undefined) return [];
  const { signInUrl } = addressesOf(input);
  const plan: ServicePlan = {
    name: 'partners-identity-provider',
    main: 'dev-identity-provider',
    config: {
      host: HOST,
      port,
      shape: 'openid',
      tls: layout.certificates['identity-provider'],
      tenantId: PARTNERS_PATH,
      clients: {
        web: {
          clientSecretFile: secrets.clientSecretFile,
          redirectUris: [`${signInUrl}/.sallyport/callback/${PARTNERS_ID}`],
          postLogoutRedirectUris: [`${signInUrl}/.sallyport/signed-out`],
          backChannelLogout: {
            uri: `${signInUrl}/.sallyport/back-channel-logout/${PARTNERS_ID}`,
            caFile: layout.caFile,
          },
        },
      },
      users: demoDirectory.users,
      keyFile: join(dataDir, 'identity-provider', 'partners-signing-key.pem'),
    },
  };
  const known = {
    kind: 'openid',
    id: PARTNERS_ID,
    name: 'Partners',
    issuer: `https://localhost:${port}/${PARTNERS_PATH}`,
    clientId: demoDirectory.clientIds.web,
    clientSecretFile: secrets.clientSecretFile,
    clientAuthentication: 'client_secret_post',
    caFile: layout.caFile,
    userInfo: true,
    authenticationContexts: { acr: { 'urn:sallyport:development:mfa': 'c1' }, amr: { mfa: 'c1' } },
  };
  return [{ plan, known }];
}

function sampleApps(input: PlanInput): ServicePlan {
  const { signInUrl } = addressesOf(input);
  return {
    name: 'sample-apps',
    config: {
      dumper: { port: input.ports.dumper },
      status: { port: input.ports.status },
      assertion: {
        keysUrl: `https://localhost:${input.ports.ingress}/.sallyport/jwks.json`,
        caFile: input.layout.caFile,
        issuer: signInUrl,
      },
    },
  };
}

function auth(input: PlanInput): ServicePlan {
  const { signInUrl, portalUrl, issuer } = addressesOf(input);
  return {
    name: 'auth',
    config: {
      ...common(input),
      credentials: {
        backbone: credentialsFile(input.layout, 'auth', 'backbone'),
        core: credentialsFile(input.layout, 'auth', 'core'),
      },
      signInUrl,
      portalUrl,
      identityProvider: {
        issuer,
        tenantId: demoDirectory.tenantId,
        clientId: demoDirectory.clientIds.web,
        clientSecretFile: input.secrets.clientSecretFile,
        apiAudience: `api://${demoDirectory.clientIds.api}`,
        caFile: input.layout.caFile,
      },
      // What the demo people have besides (docs/single-sign-on.md).
      keepClaims: ['department'],
      furtherIdentityProviders: partners(input).map(({ known }) => known),
      keyDirectory: join(input.dataDir, 'auth'),
      localOperator: { publicKeyFile: input.secrets.operatorPublicKeyFile },
      countryDatabase: input.countryDatabase,
    },
  };
}

function routing(input: PlanInput): ServicePlan {
  return {
    name: 'routing',
    config: {
      ...common(input),
      credentials: {
        backbone: credentialsFile(input.layout, 'routing', 'backbone'),
        core: credentialsFile(input.layout, 'routing', 'core'),
        tenant: credentialsFile(input.layout, 'routing', 'tenant'),
      },
      domain: input.domain,
      externalPort: input.ports.ingress,
      keyDirectory: join(input.dataDir, 'routing'),
    },
  };
}

function throttling(input: PlanInput): ServicePlan {
  return {
    name: 'throttling',
    config: {
      ...common(input),
      credentials: {
        backbone: credentialsFile(input.layout, 'throttling', 'backbone'),
        core: credentialsFile(input.layout, 'throttling', 'core'),
      },
    },
  };
}

function certificateAuthority(input: PlanInput): ServicePlan {
  const { layout, ports } = input;
  const { connectorEndpointUrl, issuer } = addressesOf(input);
  return {
    name: 'certificate-authority',
    config: {
      ...common(input),
      credentials: {
        backbone: credentialsFile(layout, 'certificate-authority', 'backbone'),
        core: credentialsFile(layout, 'certificate-authority', 'core'),
        tenant: credentialsFile(layout, 'certificate-authority', 'tenant'),
        sys: credentialsFile(layout, 'certificate-authority', 'sys'),
      },
      host: HOST,
      port: ports.connectorEndpoint,
      tls: layout.certificates['connector-endpoint'],
      publicUrl: connectorEndpointUrl,
      leafAddresses: [`tls://localhost:${ports.hubLeaf}`],
      authorities: { root: { certFile: layout.authorities.root.certFile }, issuing: layout.authorities.issuing },
      tenantAccount: {
        publicKey: layout.accounts.tenant.publicKey,
        signingKeyFile: layout.accounts.tenant.signingKeyFile,
      },
      connectorSigner: { keyFile: layout.connectorSigner.keyFile },
      operator: { signingKeyFile: layout.operator.signingKeyFile },
      registration: {
        issuer,
        clientId: demoDirectory.clientIds.cli,
        scope: `api://${demoDirectory.clientIds.api}/Connector.Register`,
      },
    },
  };
}

function audit(input: PlanInput): ServicePlan {
  return {
    name: 'audit',
    config: {
      ...common(input),
      credentials: {
        backbone: credentialsFile(input.layout, 'audit', 'backbone'),
        core: credentialsFile(input.layout, 'audit', 'core'),
      },
    },
  };
}

function console(input: PlanInput): ServicePlan {
  return {
    name: 'console',
    config: {
      ...common(input),
      credentials: { backbone: credentialsFile(input.layout, 'console', 'backbone') },
      host: HOST,
      port: input.ports.console,
      tls: input.layout.certificates.console,
      certificatesDirectory: certificatesDirectory(input),
    },
  };
}

/** Where the console writes certificates of custom domains and the ingress finds them. */
function certificatesDirectory({ dataDir }: PlanInput): string {
  return join(dataDir, 'certificates');
}

function ingress(input: PlanInput): ServicePlan {
  return {
    name: 'ingress',
    config: {
      broker: common(input).broker,
      credentials: { backbone: credentialsFile(input.layout, 'ingress', 'backbone') },
      host: HOST,
      port: input.ports.ingress,
      tls: input.layout.certificates.ingress,
      certificatesDirectory: certificatesDirectory(input),
      domain: input.domain,
      tenants: [{ tenant: TENANT, credsFile: credentialsFile(input.layout, 'ingress', 'tenant') }],
    },
  };
}
