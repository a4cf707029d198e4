import type { X509Certificate } from 'node:crypto';
import type { NatsConnection } from 'nats';
import { type ConnectorConfiguration, connectorConfig } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { callEndpoint } from '#libs/messaging';
import { readConnectorIdentity } from '#libs/pki';
import { certificateOf, connectorOf, type KnownIdentities } from '../connectors/known-identities.projection.ts';
import { refuse } from '../errors.ts';
import { type AssertionTrusts, thumbprintOf } from './assertion-trusts.ts';

export type ClientCertificate = {
  readonly certificate: X509Certificate | undefined;
  /** Whether the TLS library verified chain, dates and purpose against our authorities. */
  readonly isVerified: boolean;
};

/**
 * Which connector a client certificate is: verified by TLS, issued by us, not revoked, of a connector that is known and not
 * revoked. Pure. @throws ERR_CA_CERTIFICATE_MISSING (401), ERR_CA_CERTIFICATE_REFUSED (403).
 */
export function requireConnector(client: ClientCertificate, tenant: string, known: KnownIdentities): string {
  const { certificate, isVerified } = client;
  if (!certificate)
    throw refuse({
      status: 401,
      code: 'ERR_CA_CERTIFICATE_MISSING',
      detail: 'no client certificate was presented',
      remedy: "present the connector's certificate (mutual TLS)",
    });
  const identity = isVerified ? readConnectorIdentity(certificate) : undefined;
  if (!identity || identity.tenant !== tenant)
    throw refused('the client certificate is not of this authority, expired, or of another kind');
  const issued = certificateOf(known, identity.thumbprint);
  if (issued.status !== 'valid' || issued.connectorId !== identity.connectorId)
    throw refused(
      issued.status === 'revoked' ? 'the client certificate is revoked' : 'the client certificate is unknown',
    );
  const connector = connectorOf(known, identity.connectorId);
  if (connector.status === 'revoked') throw refused('the connector is revoked');
  if (connector.status === 'absent') throw refused('the connector is unknown');
  return identity.connectorId;
}

export type ConfigurationSources = {
  readonly backbone: NatsConnection;
  readonly tenant: string;
  readonly trusts: AssertionTrusts;
};

/** Times a configuration that changes between its pages is begun again. Beyond: ERR_CA_CONFIGURATION_CHANGING (retryable). */
const MAX_PULLS = 5;

/**
 * The whole configuration as routing has it, with auth's keys where an app needs them, and its entity tag. @throws ERR_CA_CONFIGURATION_CHANGING, ERR_MESSAGING_*.
 */
export async function pullConfiguration(
  { backbone, tenant, trusts }: ConfigurationSources,
  connectorId: string,
): Promise<{ readonly configuration: ConnectorConfiguration; readonly etag: string }> {
  for (let attempt = 1; attempt <= MAX_PULLS; attempt += 1) {
    const whole = await pullPages(backbone, tenant, connectorId);
    if (whole === undefined) continue;
    const isAsserted = whole.apps.some(({ kerberos }) => kerberos !== null);
    const configuration = isAsserted ? { ...whole, assertions: await trusts.current() } : whole;
    const { version, status, assertions } = configuration;
    const etag = `"${[version, status, ...(assertions === null ? [] : [thumbprintOf(assertions)])].join('-')}"`;
    return { configuration, etag };
  }
  throw new SallyportError(
    'ERR_CA_CONFIGURATION_CHANGING',
    `the configuration of connector ${connectorId} changed ${MAX_PULLS} times while it was read, try again`,
    { expose: true, retryable: true, details: { connectorId, attempts: MAX_PULLS } },
  );
}

/** Undefined when it changed between two pages. */
async function pullPages(
  backbone: NatsConnection,
  tenant: string,
  connectorId: string,
): Promise<ConnectorConfiguration | undefined> {
  const { next, ...first } = await callEndpoint(backbone, tenant, connectorConfig, { connectorId });
  const apps = [...first.apps];
  for (let after = next; after !== null; ) {
    const page = await callEndpoint(backbone, tenant, connectorConfig, { connectorId, after });
    if (page.version !== first.version || page.status !== first.status) return undefined;
    apps.push(...page.apps);
    after = page.next;
  }
  return { ...first, apps };
}

function refused(detail: string) {
  return refuse({
    status: 403,
    code: 'ERR_CA_CERTIFICATE_REFUSED',
    detail,
    remedy: 'register the connector again',
  });
}
