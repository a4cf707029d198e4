import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { Subject } from 'rxjs';
import {
  appDirectory,
  apps,
  changeApp,
  changeConnector,
  changeConnectorGroup,
  changeServerCertificate,
  connectorConfig,
  connectorGroups,
  connectors,
} from '#libs/contracts';
import { publishFeed, serveEndpoint } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import { handleAppCommand, queryApps } from './apps/app.api.ts';
import { appDirectoryMessages } from './apps/app-directory.feed.ts';
import { configNotices } from './config/config-notices.ts';
import { publishConfigNotice } from './config/config-publisher.ts';
import { buildConnectorConfig } from './config/connector-config.ts';
import { type RoutingConfig, routingConfig } from './config.ts';
import {
  ensureDefaultConnectorGroup,
  handleConnectorGroupCommand,
  queryConnectorGroups,
} from './connector-groups/connector-group.api.ts';
import { openQueueSecrets, type QueueSecrets } from './connector-groups/queue-secrets.ts';
import { handleConnectorCommand, queryConnectors } from './connectors/connector.api.ts';
import { openPorts, type RoutingPorts } from './ports.ts';
import { type Presence, startPresence } from './presence/presence.ts';
import { followReadModel } from './read-model.ts';
import type { RoutingContext } from './routing-context.ts';
import { handleServerCertificateCommand } from './server-certificates/server-certificate.api.ts';

const QUEUE_KEY_FILE = 'queue.key';

/**
 * Starts in this order: read model caught up, default group, presence, feeds, endpoints. An answer is never older than
 * the event stream was at the start.
 */
export async function startRouting(
  config: RoutingConfig,
  { logger }: ServiceContext,
  given?: RoutingPorts,
): Promise<RunningService> {
  const secrets = await openQueueSecrets(join(config.keyDirectory, QUEUE_KEY_FILE));
  const ports = given ?? (await openPorts(config, logger));
  try {
    const readModel = await followReadModel(ports.store, config.tenant, logger);
    const context: RoutingContext = {
      tenant: config.tenant,
      store: ports.store,
      readModel,
      policy: { domain: config.domain, externalPort: config.externalPort, reservedHosts: config.reservedHosts },
      now: Date.now,
      logger,
    };
    await ensureDefaultConnectorGroup(context);
    const running = run(context, ports, secrets);
    // Ready means that the hub knows the subscriptions.
    await Promise.all([ports.backbone.flush(), ports.tenant.flush()]);
    return running;
  } catch (error) {
    await ports.close();
    throw error;
  }
}

function run(context: RoutingContext, ports: RoutingPorts, secrets: QueueSecrets): RunningService {
  const presence = startPresence(context, ports.tenant);
  const stopFeeds = startFeeds(context, ports);
  const served = serve(context, ports.backbone, { presence, secrets });
  let draining: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  const drain = async () => {
    await Promise.all(served.map((endpoint) => endpoint.drain()));
    stopFeeds();
    await presence.stop();
  };
  const stop = async () => {
    stopFeeds();
    await presence.stop();
    await context.readModel.stop();
    await ports.close();
  };
  return {
    drain: () => (draining ??= drain()),
    stop: () => (stopping ??= stop()),
  };
}

function startFeeds(context: RoutingContext, ports: RoutingPorts): () => void {
  const { tenant, readModel, logger } = context;
  const stopped$ = new Subject<void>();
  const failed = (error: unknown) => logger.error('feed ended', { error });
  appDirectoryMessages(readModel.changes$, () => readModel.view(), { stopped$ }).subscribe({
    next: (message) => publishFeed(ports.backbone, tenant, appDirectory, message),
    error: failed,
  });
  configNotices(readModel.changes$, () => readModel.view(), { stopped$ }).subscribe({
    next: (connectorId) => publishConfigNotice(ports.tenant, connectorId),
    error: failed,
  });
  return () => {
    stopped$.next();
    stopped$.complete();
  };
}

function serve(
  context: RoutingContext,
  nc: NatsConnection,
  parts: { readonly presence: Presence; readonly secrets: QueueSecrets },
): readonly { drain(): Promise<void> }[] {
  const { tenant, logger, readModel } = context;
  const { presence, secrets } = parts;
  const options = { queue: 'routing', logger };
  return [
    serveEndpoint(nc, tenant, changeApp, (request) => handleAppCommand(context, request), options),
    serveEndpoint(nc, tenant, apps, (request) => queryApps(readModel.view(), request), options),
    serveEndpoint(
      nc,
      tenant,
      changeConnectorGroup,
      (request) => handleConnectorGroupCommand(context, request),
      options,
    ),
    serveEndpoint(nc, tenant, changeServerCertificate, (r) => handleServerCertificateCommand(context, r), options),
    serveEndpoint(nc, tenant, connectorGroups, () => queryConnectorGroups(context), options),
    serveEndpoint(nc, tenant, changeConnector, (r) => handleConnectorCommand(context, presence.leases, r), options),
    serveEndpoint(nc, tenant, connectors, (request) => queryConnectors(context, presence.leases, request), options),
    serveEndpoint(
      nc,
      tenant,
      connectorConfig,
      (asked) => buildConnectorConfig(readModel.view(), { ...asked, tenant, secrets }),
      options,
    ),
  ];
}

export const routingService: ServiceDefinition<RoutingConfig> = {
  name: 'routing',
  config: routingConfig,
  start: startRouting,
};
