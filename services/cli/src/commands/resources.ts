import { z } from 'zod';
import { type ConnectorView, connectorGroupView, connectorView, type ShownApp, shownApp } from '#libs/contracts';
import { refused } from '../errors.ts';
import type { Api } from '../system/api-client.ts';

export type GroupView = z.infer<typeof connectorGroupView>;

const appPage = z.object({ apps: z.array(shownApp), next: z.string().nullable() });
const groupList = z.object({ groups: z.array(connectorGroupView) });
const connectorList = z.object({ connectors: z.array(connectorView) });

const PAGE_APPS = 200;

export async function listApps(api: Api, includeRetired = false): Promise<readonly ShownApp[]> {
  const all: ShownApp[] = [];
  let after: string | undefined;
  do {
    const query = { limit: PAGE_APPS, after, ...(includeRetired ? { includeRetired: true } : {}) };
    const page: z.infer<typeof appPage> = await api.call(appPage, 'GET', 'apps', { query });
    all.push(...page.apps);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return all;
}

export async function listGroups(api: Api): Promise<readonly GroupView[]> {
  return (await api.call(groupList, 'GET', 'connector-groups')).groups;
}

export async function listConnectors(api: Api): Promise<readonly ConnectorView[]> {
  return (await api.call(connectorList, 'GET', 'connectors')).connectors;
}

/** By id, name, external URL or its host. Errors: ERR_CLI_ABSENT, ERR_CLI_AMBIGUOUS. */
export async function resolveApp(api: Api, text: string): Promise<ShownApp> {
  const wanted = text.toLowerCase();
  const isMeant = (app: ShownApp) => {
    const { host, hostname } = new URL(app.externalUrl);
    const names = [app.id, app.name.toLowerCase(), app.externalUrl, app.externalUrl.replace(/\/$/, ''), host, hostname];
    return names.includes(wanted);
  };
  return pick('app', text, (await listApps(api)).filter(isMeant), 'sallyport apps list');
}

export async function resolveGroup(api: Api, text: string): Promise<GroupView> {
  const active = (await listGroups(api)).filter(({ status }) => status === 'active');
  const meant = active.filter(({ id, name }) => id === text || name.toLowerCase() === text.toLowerCase());
  return pick('connector group', text, meant, 'sallyport groups list');
}

export async function resolveConnector(api: Api, text: string): Promise<ConnectorView> {
  const live = (await listConnectors(api)).filter(({ status }) => status !== 'revoked');
  const meant = live.filter(({ id, name }) => id === text || name.toLowerCase() === text.toLowerCase());
  return pick('connector', text, meant, 'sallyport connectors list');
}

/** The one that is meant, by its exact id if one has it. Errors: ERR_CLI_ABSENT, ERR_CLI_AMBIGUOUS. */
export function pick<T extends { readonly id: string }>(
  what: string,
  text: string,
  found: readonly T[],
  list: string,
): T {
  const exact = found.find(({ id }) => id === text);
  const [first, second] = exact === undefined ? found : [exact];
  if (first === undefined)
    throw refused('ERR_CLI_ABSENT', `no ${what} is called ${JSON.stringify(text)}: see \`${list}\``);
  if (second === undefined) return first;
  const ids = found.map(({ id }) => id).join(', ');
  throw refused(
    'ERR_CLI_AMBIGUOUS',
    `${found.length} ${what}s are called ${JSON.stringify(text)}: name one by its id (${ids})`,
  );
}
