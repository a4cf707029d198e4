import { connectorGroupView } from '#libs/contracts';
import type { Command, CommandContext } from '../command.ts';
import { printable } from '../output/table.ts';
import { type GroupView, listApps, listConnectors, listGroups, resolveGroup } from './resources.ts';

export const groupCommands: readonly Command[] = [
  {
    name: 'groups list',
    summary: 'List connector groups',
    run: async (context) => {
      const api = await context.api();
      const [groups, apps, connectors] = await Promise.all([listGroups(api), listApps(api), listConnectors(api)]);
      const countIn = (items: readonly { connectorGroupId: string | null }[], id: string) =>
        String(items.filter(({ connectorGroupId }) => connectorGroupId === id).length);
      const live = connectors.filter(({ status }) => status === 'active');
      const online = live.filter(({ presence }) => presence === 'online');
      context.out.result({ groups }, () =>
        context.out.table(
          ['name', 'id', 'status', 'apps', 'connectors', 'online'],
          groups.map(({ id, name, status }) => [
            name,
            id,
            status,
            countIn(apps, id),
            countIn(live, id),
            countIn(online, id),
          ]),
          'no connector groups',
        ),
      );
      return undefined;
    },
  },
  {
    name: 'groups create',
    summary: 'Create a connector group',
    positionals: [{ name: 'name' }],
    options: { id: { type: 'string', value: 'id', summary: 'of a-z 0-9 _ - (default: a new one)' } },
    run: async (context) => {
      const id = context.args.text('id');
      const body = { name: context.args.required('name'), ...(id === undefined ? {} : { id }) };
      const api = await context.api();
      return done(context, await api.call(connectorGroupView, 'POST', 'connector-groups', { body }), 'is created');
    },
  },
  {
    name: 'groups rename',
    summary: 'Rename a connector group',
    positionals: [{ name: 'group' }, { name: 'new-name' }],
    run: async (context) => {
      const api = await context.api();
      const { id } = await resolveGroup(api, context.args.required('group'));
      const body = { name: context.args.required('new-name') };
      return done(
        context,
        await api.call(connectorGroupView, 'PATCH', `connector-groups/${id}`, { body }),
        'is its new name',
      );
    },
  },
  {
    name: 'groups retire',
    summary: 'Retire a connector group that serves no app and has no connector',
    positionals: [{ name: 'group' }],
    run: async (context) => {
      const api = await context.api();
      const { id } = await resolveGroup(api, context.args.required('group'));
      return done(context, await api.call(connectorGroupView, 'DELETE', `connector-groups/${id}`), 'is retired');
    },
  },
];

function done({ out }: CommandContext, group: GroupView, what: string): undefined {
  out.result(group, () => `${printable(group.name)} (${group.id}) ${what}\n`);
  return undefined;
}
