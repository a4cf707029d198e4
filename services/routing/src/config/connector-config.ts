import type { AppView, ConnectorConfiguration, OriginConfig } from '#libs/contracts';
import { appsOfGroup } from '../apps/app-directory.projection.ts';
import type { QueueSecrets } from '../connector-groups/queue-secrets.ts';
import { connectorAbsent } from '../errors.ts';
import { getEntry } from '../layered-map.ts';
import { CONFIG_REFRESH_SECONDS } from '../limits.ts';
import type { RoutingView } from '../routing.projection.ts';

/**
 * What a connector pulls: a whole snapshot whose version is the position of the last fact that concerns it, so it only
 * grows. Pending and revoked connectors get no queue and no apps. Error: ERR_CONNECTOR_ABSENT.
 */
export function buildConnectorConfig(
  view: RoutingView,
  source: { readonly connectorId: string; readonly tenant: string; readonly secrets: QueueSecrets },
): ConnectorConfiguration {
  const { connectorId, tenant, secrets } = source;
  const connector = getEntry(view.connectors, connectorId);
  if (connector === undefined) throw connectorAbsent(connectorId);
  const { status, connectorGroupId: group } = connector.state;
  const isServing = status === 'active' && group !== null;
  return {
    version: Math.max(connector.revision, group === null ? 0 : (getEntry(view.configVersions, group) ?? 0)),
    connectorId,
    status,
    connectorGroupId: group,
    queue: isServing ? secrets.queueOf(tenant, group) : null,
    apps: isServing ? appsOfGroup(view.directory, group).map(toOriginConfig) : [],
    refreshSeconds: CONFIG_REFRESH_SECONDS,
  };
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
  };
}
