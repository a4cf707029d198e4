import { appAggregate, connectorAggregate, connectorGroupAggregate, connectorPresenceAggregate } from '#libs/contracts';
import type { Commit, Projection } from '#libs/events';
import { type AppDirectory, emptyAppDirectory, projectAppDirectory } from './apps/app-directory.projection.ts';
import { type ConfigVersions, noConfigVersions, projectConfigVersions } from './config/config-versions.projection.ts';
import {
  type ConnectorGroups,
  noConnectorGroups,
  projectConnectorGroups,
} from './connector-groups/connector-groups.projection.ts';
import { type Connectors, noConnectors, projectConnectors } from './connectors/connectors.projection.ts';
import {
  noOnlineConnectors,
  type OnlineConnectors,
  projectOnlineConnectors,
} from './presence/online-connectors.projection.ts';

/** Everything routing answers from, at one position: one subscription, so that its parts never disagree. */
export type RoutingView = {
  readonly directory: AppDirectory;
  readonly groups: ConnectorGroups;
  readonly connectors: Connectors;
  readonly online: OnlineConnectors;
  readonly configVersions: ConfigVersions;
};

const AGGREGATES = [appAggregate, connectorGroupAggregate, connectorAggregate, connectorPresenceAggregate];

/** Rebuild: it is in memory only and starts from the first fact with every start of the service. */
export function routingProjection(tenant: string): Projection<RoutingView> {
  return {
    name: 'routing',
    version: 1,
    filters: AGGREGATES.map(({ context, thing }) => ({ tenant, context, thing })),
    initial: () => ({
      directory: emptyAppDirectory,
      groups: noConnectorGroups,
      connectors: noConnectors,
      online: noOnlineConnectors,
      configVersions: noConfigVersions,
    }),
    project: projectRouting,
  };
}

function projectRouting(view: RoutingView, commit: Commit): RoutingView {
  const directory = projectAppDirectory(view.directory, commit);
  return {
    directory,
    groups: projectConnectorGroups(view.groups, commit),
    connectors: projectConnectors(view.connectors, commit),
    online: projectOnlineConnectors(view.online, commit),
    configVersions: projectConfigVersions(view.configVersions, commit, {
      before: view.directory,
      after: directory,
    }),
  };
}
