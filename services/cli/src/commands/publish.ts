import { type ShownApp, shownApp } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { parseUrl } from '#libs/urls';
import type { Command, CommandContext } from '../command.ts';
import { usageError } from '../errors.ts';
import { renderBox } from '../output/box.ts';
import { printable } from '../output/table.ts';
import type { Api } from '../system/api-client.ts';
import type { Connection } from '../system/connection.ts';
import { listApps, listConnectors, resolveGroup } from './resources.ts';
import { readSettings, settingOptions } from './settings.ts';

export const publish: Command = {
  name: 'publish',
  summary: 'Publish an internal web app and print its external URL',
  details: `The name is made from the address when --name does not give one, the external URL from the name.

With sign-in (the default) only assigned people may open the app. A development system assigns all its
demo users unless --assign, --assign-group or --assign-nobody says otherwise.

Examples:
  sallyport publish http://localhost:3000
  sallyport publish localhost:8080 --name Wiki --assign ada
  sallyport publish https://10.0.0.5/status/ --name "Status page" --passthrough`,
  positionals: [{ name: 'internal-url' }],
  options: {
    name: { type: 'string', value: 'name', summary: 'what users see' },
    ...settingOptions,
    passthrough: { type: 'boolean', summary: 'no sign-in: the app looks after itself' },
    assign: { type: 'string', multiple: true, value: 'user', summary: 'directory id, or a demo user; may be repeated' },
    'assign-group': {
      type: 'string',
      multiple: true,
      value: 'id',
      summary: 'directory id of a group; may be repeated',
    },
    'assign-nobody': { type: 'boolean', summary: 'assign nobody now' },
  },
  run: async (context) => {
    const { args, out } = context;
    const internalUrl = completeUrl(args.required('internal-url'));
    const [connection, api] = await Promise.all([context.connection(), context.api()]);
    const group = args.text('group');
    const body = {
      name: args.text('name') ?? nameOf(internalUrl),
      internalUrl,
      ...(await readSettings(args, context.host)),
      ...(args.has('passthrough') ? { preauthentication: 'passthrough' } : {}),
      ...(group === undefined ? {} : { connectorGroupId: (await resolveGroup(api, group)).id }),
    };
    const members = membersOf(context, connection);
    const { app: published, isNew } = await publishOnce(api, body);
    const app = await assign(api, published, members);
    const warning = await connectorWarning(api, app);
    out.result(app, () => renderBox(describe(context, { app, isNew, members, warning })));
    return undefined;
  },
};

/** `localhost:3000` and `3000` mean http; everything else is for routing to judge. */
export function completeUrl(text: string): string {
  if (/^\d{1,5}$/.test(text)) return `http://localhost:${text}/`;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (parseUrl(url) !== undefined) return url;
  throw usageError(`${JSON.stringify(text)} is no address: expected something like http://localhost:3000`);
}

/** `localhost-3000`, `wiki` for wiki.corp.example, `10-0-0-5-8080`. */
export function nameOf(internalUrl: string): string {
  const { hostname, port } = new URL(internalUrl);
  const host = /^[\d.]+$|^\[/.test(hostname) ? hostname.replace(/\[|\]/g, '') : (hostname.split('.')[0] ?? hostname);
  const plain = host.replace(/[^a-z0-9]+/gi, '-').replace(/^-+|-+$/g, '');
  return [plain || 'app', port].filter((part) => part !== '').join('-');
}

type Members = {
  readonly users: readonly { readonly id: string; readonly name: string }[];
  readonly groups: readonly string[];
  /** All demo users, because nobody was named. */
  readonly isEverybody: boolean;
};

function membersOf({ args }: CommandContext, connection: Connection): Members {
  const demo = connection.developmentUsers ?? [];
  const named = args.texts('assign').map((text) => {
    const user = demo.find(({ username, userId }) => username === text || userId === text);
    return user === undefined ? { id: text, name: text } : { id: user.userId, name: user.username };
  });
  const groups = args.texts('assign-group');
  const isChosen = named.length + groups.length > 0;
  if (args.has('assign-nobody') && isChosen) throw usageError('--assign-nobody contradicts --assign');
  if (isChosen || args.has('assign-nobody') || args.has('passthrough') || demo.length === 0)
    return { users: named, groups, isEverybody: false };
  return { users: demo.map(({ username, userId }) => ({ id: userId, name: username })), groups, isEverybody: true };
}

/** The same address under the same name again is not an error: it is there already. */
async function publishOnce(
  api: Api,
  body: { readonly name: string; readonly internalUrl: string },
): Promise<{ app: ShownApp; isNew: boolean }> {
  try {
    return { app: await api.call(shownApp, 'POST', 'apps', { body }), isNew: true };
  } catch (error) {
    if (!isSallyportError(error, 'ERR_APP_DUPLICATE_URL') || Object.keys(body).length > 2) throw error;
    const { href } = new URL(body.internalUrl);
    const same = (await listApps(api)).find(
      (app) => app.name === body.name && (app.internalUrl === href || app.internalUrl === `${href}/`),
    );
    if (same === undefined) throw error;
    return { app: same, isNew: false };
  }
}

async function assign(api: Api, app: ShownApp, members: Members): Promise<ShownApp> {
  let latest = app;
  for (const { id } of members.users)
    if (!latest.users.includes(id))
      latest = await api.call(shownApp, 'PUT', `apps/${app.id}/assignments/users/${encodeURIComponent(id)}`);
  for (const id of members.groups)
    if (!latest.groups.includes(id))
      latest = await api.call(shownApp, 'PUT', `apps/${app.id}/assignments/groups/${encodeURIComponent(id)}`);
  return latest;
}

async function connectorWarning(api: Api, app: ShownApp): Promise<string | undefined> {
  const serving = (await listConnectors(api)).filter(
    ({ status, presence, connectorGroupId }) =>
      status === 'active' && presence === 'online' && connectorGroupId === app.connectorGroupId,
  );
  if (serving.length > 0) return undefined;
  return `No connector of group ${app.connectorGroupId} is online: the app cannot be reached yet.`;
}

function describe(
  { out }: CommandContext,
  what: {
    readonly app: ShownApp;
    readonly isNew: boolean;
    readonly members: Members;
    readonly warning: string | undefined;
  },
): readonly string[] {
  const { app, isNew, members, warning } = what;
  return [
    `${printable(app.name)} ${isNew ? 'is published' : 'was published before'}`,
    '',
    out.bold(app.externalUrl),
    '',
    `leads to  ${app.internalUrl}`,
    ...describeAccess(app, members),
    ...(warning === undefined ? [] : ['', warning]),
  ];
}

function describeAccess(app: ShownApp, members: Members): readonly string[] {
  if (app.preauthentication === 'passthrough') return ['sign-in   none: everybody who knows the URL reaches it'];
  const signIn = 'sign-in   required';
  if (members.isEverybody)
    return [signIn, `may open  ${names(members)} (all demo users, for this is a development system)`];
  if (members.users.length + members.groups.length > 0) return [signIn, `may open  ${names(members)}`];
  const count = app.users.length + app.groups.length + app.roles.length;
  if (count > 0) return [signIn, `may open  ${count} assigned users, groups and app roles`];
  return [signIn, `may open  nobody yet: sallyport apps assign ${app.id} --user <id>`];
}

function names({ users, groups }: Members): string {
  return [...users.map(({ name }) => printable(name)), ...groups.map((id) => `group ${printable(id)}`)].join(', ');
}
