import type { AppView, ConnectorConfiguration, KerberosOrigin, OriginConfig } from '#libs/contracts';
import { appsOfGroup } from '../apps/app-directory.projection.ts';
import type { QueueSecrets } from '../connector-groups/queue-secrets.ts';
import { connectorAbsent } from '../errors.ts';
import { getEntry } from '../layered-map.ts';
import { CONFIG_REFRESH_SECONDS, MAX_REPLY_BYTES } from '../limits.ts';
import type { RoutingView } from '../routing.projection.ts';

type Source = {
  readonly connectorId: string;
  readonly tenant: string;
  readonly secrets: QueueSecrets;
  /** The last app of the page before. */
  readonly after?: string | undefined;
};

/**
 * What a connector pulls: a whole snapshot whose version is the position of the last fact that concerns it, so it only
 * grows; in pages of at most MAX_REPLY_BYTES, by id of the app. Pending and revoked connectors get no queue and no apps.
 * Error: ERR_CONNECTOR_ABSENT.
 */
export function buildConnectorConfig(
  view: RoutingView,
  source: Source,
): ConnectorConfiguration & { readonly next: string | null } {
  const { connectorId, tenant, secrets, after = '' } = source;
  const connector = getEntry(view.connectors, connectorId);
  if (connector === undefined) throw connectorAbsent(connectorId);
  const { status, connectorGroupId: group } = connector.state;
  const isServing = status === 'active' && group !== null;
  const page = pageOf(isServing ? appsOfGroup(view.directory, group) : [], after);
  return {
    version: Math.max(connector.revision, group === null ? 0 : (getEntry(view.configVersions, group) ?? 0)),
    connectorId,
    status,
    connectorGroupId: group,
    queue: isServing ? secrets.queueOf(tenant, group) : null,
    apps: page.apps,
    next: page.next,
    refreshSeconds: CONFIG_REFRESH_SECONDS,
    assertions: null,
  };
}

/** Bytes that an app is in the configuration of its group. */
export function configBytes(app: AppView): number {
  return Buffer.byteLength(JSON.stringify(toOriginConfig(app)));
}

function pageOf(sorted: readonly AppView[], after: string): { apps: OriginConfig[]; next: string | null } {
  const rest = sorted.filter((app) => app.id > after);
  const taken: OriginConfig[] = [];
  let bytes = 0;
  for (const app of rest) {
    bytes += configBytes(app);
    if (taken.length > 0 && bytes > MAX_REPLY_BYTES) break;
    taken.push(toOriginConfig(app));
  }
  return { apps: taken, next: taken.length < rest.length ? (taken.at(-1)?.appId ?? null) : null };
}

function toOriginConfig(app: AppView): OriginConfig {
  return {
    appId: app.id,
    internalUrl: app.internalUrl,
    externalUrl: app.externalUrl,
    alternateHosts: app.alternateHosts,
    segments: app.segments,
    backendTimeoutSeconds: app.backendTimeoutSeconds,
    idleTimeoutSeconds: app.idleTimeoutSeconds,
    translateHeaders: app.translateHeaders,
    validateBackendCertificate: app.validateBackendCertificate,
    originCertificateAuthority: app.originCertificateAuthority,
    originClientCertificate: app.originClientCertificate,
    originProtocol: app.originProtocol,
    kerberos: kerberosOf(app),
  };
}

function kerberosOf({ singleSignOn: { authorization } }: AppView): KerberosOrigin | null {
  if (authorization?.kind !== 'kerberos') return null;
  const { servicePrincipalName, realm, mechanism } = authorization;
  return { servicePrincipalName, realm, mechanism };
}
