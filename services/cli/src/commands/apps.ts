import { type ShownApp, shownApp } from '#libs/contracts';
import type { Command, CommandContext, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import { printable } from '../output/table.ts';
import { listApps, resolveApp, resolveGroup } from './resources.ts';
import { readChoice, readNumber } from './setting-values.ts';
import { readSettings, settingOptions } from './settings.ts';
import { showApp } from './show-app.ts';

const app = [{ name: 'app' }] as const;
const APP = '<app> is an id, a name, or an external URL.';

const revision: Option = {
  type: 'string',
  value: 'number',
  summary: 'refuse when the app is not at this revision any more',
};

export const appCommands: readonly Command[] = [
  {
    name: 'apps list',
    summary: 'List apps',
    options: { retired: { type: 'boolean', summary: 'with retired ones' } },
    run: async ({ api, args, out }) => {
      const apps = await listApps(await api(), args.has('retired'));
      out.result({ apps }, () =>
        out.table(
          ['name', 'external URL', 'internal URL', 'sign-in', 'group', 'assigned', 'id'],
          apps.map(rowOf),
          'no apps: publish one with `sallyport publish <internal-url>`',
        ),
      );
      return undefined;
    },
  },
  {
    name: 'apps show',
    summary: 'Show one app with all its settings',
    details: APP,
    positionals: app,
    run: async (context) => showApp(context, await resolveApp(await context.api(), context.args.required('app'))),
  },
  {
    name: 'apps change',
    summary: 'Change settings of an app; what is not named stays as it is',
    details: `${APP}\n\nExample:\n  sallyport apps change wiki --timeout long --validate-certificate off`,
    positionals: app,
    options: {
      name: { type: 'string', value: 'name', summary: 'what users see' },
      'internal-url': { type: 'string', value: 'url', summary: 'where the origin listens' },
      ...settingOptions,
      preauthentication: {
        type: 'string',
        value: 'oidc|passthrough',
        summary: 'sign-in before anything reaches the app, or none',
      },
      revision,
    },
    run: async (context) => {
      const { args } = context;
      const api = await context.api();
      const group = args.text('group');
      const [name, internalUrl] = [args.text('name'), args.text('internal-url')];
      const body = {
        ...(await readSettings(args, context.host)),
        ...(name === undefined ? {} : { name }),
        ...(internalUrl === undefined ? {} : { internalUrl }),
        ...preauthenticationOf(context),
        ...(group === undefined ? {} : { connectorGroupId: (await resolveGroup(api, group)).id }),
      };
      if (Object.keys(body).length === 0) throw usageError('nothing to change: name at least one setting, see --help');
      const { id } = await resolveApp(api, args.required('app'));
      const expected = readNumber('--revision', args.text('revision'));
      return showApp(context, await api.call(shownApp, 'PATCH', `apps/${id}`, { body, revision: expected }));
    },
  },
  {
    name: 'apps retire',
    summary: 'Take an app off the network; its external URL is free at once',
    details: APP,
    positionals: app,
    options: { revision },
    run: async ({ api: connect, args, out }) => {
      const api = await connect();
      const { id } = await resolveApp(api, args.required('app'));
      const expected = readNumber('--revision', args.text('revision'));
      const retired = await api.call(shownApp, 'DELETE', `apps/${id}`, { revision: expected });
      out.result(retired, () => `${printable(retired.name)} is retired\n`);
      return undefined;
    },
  },
  assignment('assign', 'PUT', 'Let users, groups or holders of app roles open an app'),
  assignment('unassign', 'DELETE', 'Take the right to open an app back'),
];

function assignment(verb: 'assign' | 'unassign', method: 'PUT' | 'DELETE', summary: string): Command {
  return {
    name: `apps ${verb}`,
    summary,
    details: `${APP} Users and groups are named by their directory ids; demo users also by their names. App\nroles are named by their values, as tokens bring them (claim roles).\n\nExamples:\n  sallyport apps ${verb} wiki --user ada\n  sallyport apps ${verb} wiki --role Wiki.Reader`,
    positionals: app,
    options: {
      user: { type: 'string', multiple: true, value: 'user', summary: 'directory id, or a demo user; may be repeated' },
      group: { type: 'string', multiple: true, value: 'id', summary: 'directory id of a group; may be repeated' },
      role: { type: 'string', multiple: true, value: 'value', summary: 'value of an app role; may be repeated' },
    },
    run: async (context) => {
      const { args } = context;
      const [users, groups, roles] = [args.texts('user'), args.texts('group'), args.texts('role')];
      if (users.length + groups.length + roles.length === 0)
        throw usageError('name at least one --user, --group or --role');
      const demo = (await context.connection()).developmentUsers ?? [];
      const api = await context.api();
      let latest = await resolveApp(api, args.required('app'));
      const path = (kind: string, id: string) => `apps/${latest.id}/assignments/${kind}/${encodeURIComponent(id)}`;
      for (const user of users) {
        const id = demo.find(({ username }) => username === user)?.userId ?? user;
        latest = await api.call(shownApp, method, path('users', id));
      }
      for (const id of groups) latest = await api.call(shownApp, method, path('groups', id));
      for (const role of roles) latest = await api.call(shownApp, method, path('roles', role));
      return showApp(context, latest);
    },
  };
}

function preauthenticationOf({ args }: CommandContext): { preauthentication?: string } {
  const preauthentication = readChoice(args, 'preauthentication', ['oidc', 'passthrough']);
  return preauthentication === undefined ? {} : { preauthentication };
}

function rowOf(view: ShownApp): readonly string[] {
  const { preauthentication, users, groups, roles, status } = view;
  const signIn = status === 'retired' ? 'retired' : preauthentication === 'oidc' ? 'required' : 'none';
  const assigned = preauthentication === 'oidc' ? String(users.length + groups.length + roles.length) : '-';
  return [view.name, view.externalUrl, view.internalUrl, signIn, view.connectorGroupId, assigned, view.id];
}
