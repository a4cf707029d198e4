import { z } from 'zod';
import type { Command } from '../command.ts';
import { listApps, listConnectors } from './resources.ts';

const health = z.object({ status: z.string() });

export const status: Command = {
  name: 'status',
  summary: 'Say whether Sallyport runs, where, and what is connected',
  details: 'Exit code 4 when it does not answer.',
  run: async (context) => {
    const connection = await context.connection();
    const api = await context.api();
    const { status: state } = await api.call(health, 'GET', 'health');
    const [apps, connectors] = await Promise.all([listApps(api), listConnectors(api)]);
    const online = connectors.filter(({ presence }) => presence === 'online').length;
    const pending = connectors.filter((one) => one.status === 'pending').length;
    const live = connectors.filter((one) => one.status !== 'revoked').length;
    const shown = {
      status: state,
      apiUrl: connection.apiUrl,
      portalUrl: connection.portalUrl ?? null,
      ingressUrl: connection.ingressUrl ?? null,
      dataDir: connection.dataDir,
      apps: apps.length,
      connectors: { online, pending, all: live },
    };
    const rows = [
      ['status', state],
      ['API', connection.apiUrl],
      ...(connection.portalUrl === undefined ? [] : [['my apps', connection.portalUrl]]),
      ...(connection.dataDir === null ? [] : [['data directory', connection.dataDir]]),
      ['apps', String(apps.length)],
      ['connectors', `${online} of ${live} online${pending > 0 ? `, ${pending} pending` : ''}`],
    ];
    context.out.result(shown, () => context.out.table(['what', 'value'], rows, ''));
    return undefined;
  },
};
