import { endSession, endSessions, sessions } from '#libs/contracts';
import type { Command, CommandContext, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import { resolveApp } from './resources.ts';

/** The most the API lists. */
const MAX_LISTED = 500;

const FILTERS: Readonly<Record<'user' | 'app', Option>> = {
  user: { type: 'string', value: 'user', summary: 'username or directory id, or a demo user' },
  app: { type: 'string', value: 'app', summary: 'sessions that opened this app: name or id' },
};

export const sessionCommands: readonly Command[] = [
  {
    name: 'sessions list',
    summary: 'List user sessions that are active',
    options: { ...FILTERS, all: { type: 'boolean', summary: 'with ended ones' } },
    run: async (context) => {
      const { api, args, out } = context;
      const activeOnly = args.has('all') ? {} : { activeOnly: true };
      const query = { ...(await filterOf(context)), ...activeOnly, limit: MAX_LISTED };
      const found = await (await api()).call(sessions.reply, 'GET', 'sessions', { query });
      out.result(found, () =>
        out.table(
          ['user', 'status', 'signed in', 'until', 'address', 'apps', 'id'],
          found.sessions.map((one) => [
            one.username,
            one.status,
            one.authenticatedAt,
            one.expiresAt,
            one.address,
            String(one.apps.length),
            one.id,
          ]),
          'no sessions',
        ),
      );
      return undefined;
    },
  },
  {
    name: 'sessions revoke',
    summary: 'End user sessions everywhere, at once',
    details:
      'One by its id; all of a user with --user; all that opened an app with --app; with both those of the user at\nthe app. Requests, WebSockets and streams that run are cut.\n\nExamples:\n  sallyport sessions revoke ses_4f2k\n  sallyport sessions revoke --user ada@example.com\n  sallyport sessions revoke --app wiki',
    positionals: [{ name: 'session-id', isOptional: true }],
    options: FILTERS,
    run: async (context) => {
      const { api, args, out } = context;
      const id = args.optional('session-id');
      const isFiltered = args.text('user') !== undefined || args.text('app') !== undefined;
      if ((id !== undefined) === isFiltered) throw usageError('name one session id, or --user, --app or both');
      if (id !== undefined) {
        const ended = await (await api()).call(endSession.reply, 'DELETE', `sessions/${encodeURIComponent(id)}`);
        out.result(ended, () => `session ${ended.sessionId} is ended\n`);
        return undefined;
      }
      const query = await filterOf(context);
      const ended = await (await api()).call(endSessions.reply, 'DELETE', 'sessions', { query });
      const count = ended.sessionIds.length;
      out.result(ended, () => `${count === 1 ? '1 session is' : `${count} sessions are`} ended\n`);
      return undefined;
    },
  },
];

/** As the API takes them: demo users by their directory ids, apps by their ids. */
async function filterOf(context: CommandContext): Promise<{ user?: string; appId?: string }> {
  const [user, app] = [context.args.text('user'), context.args.text('app')];
  const demo = (await context.connection()).developmentUsers ?? [];
  return {
    ...(user === undefined ? {} : { user: demo.find(({ username }) => username === user)?.userId ?? user }),
    ...(app === undefined ? {} : { appId: (await resolveApp(await context.api(), app)).id }),
  };
}
