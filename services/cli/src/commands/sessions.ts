import { assessSession, endSession, endSessions, sessions } from '#libs/contracts';
import type { Command, CommandContext, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import { resolveApp } from './resources.ts';
import { RISK_DETAIL, readRiskLevel, userIdAsGiven } from './users.ts';

/** The most the API lists. */
const MAX_LISTED = 500;

const FILTERS: Readonly<Record<'user' | 'app' | 'device', Option>> = {
  user: { type: 'string', value: 'user', summary: 'username or directory id, or a demo user' },
  app: { type: 'string', value: 'app', summary: 'sessions that opened this app: name or id' },
  device: { type: 'string', value: 'id', summary: 'sessions of this browser, as `sessions list` shows it' },
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
          ['user', 'status', 'signed in', 'until', 'address', 'apps', 'risk', 'device', 'id'],
          found.sessions.map((one) => [
            one.username,
            one.status,
            one.authenticatedAt,
            one.expiresAt,
            one.address,
            String(one.apps.length),
            one.signInRisk ?? '-',
            one.deviceId ?? '-',
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
      'One by its id; all of a user with --user; all that opened an app with --app; all of a\nbrowser with --device; with several, those that all of them name. Requests, WebSockets and streams that run are cut.\n\nExamples:\n  sallyport sessions revoke ses_4f2k\n  sallyport sessions revoke --user ada@example.com\n  sallyport sessions revoke --app wiki\n  sallyport sessions revoke --device dev_k3vd',
    positionals: [{ name: 'session-id', isOptional: true }],
    options: FILTERS,
    run: async (context) => {
      const { api, args, out } = context;
      const id = args.optional('session-id');
      const isFiltered = Object.keys(FILTERS).some((name) => args.text(name) !== undefined);
      if ((id !== undefined) === isFiltered) throw usageError('name one session id, or --user, --app or --device');
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
  {
    name: 'sessions risk',
    summary: 'Say how risky the sign-in of a session is; policies look at it from the next decision on',
    details:
      '<level> is none, low, medium or high.\n\nExample:\n  sallyport sessions risk ses_4f2k high --detail "impossible travel"',
    positionals: [{ name: 'session-id' }, { name: 'level' }],
    options: RISK_DETAIL,
    run: async ({ api, args, out }) => {
      const risk = readRiskLevel(args.required('level'));
      const path = `sessions/${encodeURIComponent(args.required('session-id'))}`;
      const detail = args.text('detail');
      const body = { risk, ...(detail === undefined ? {} : { detail }) };
      const rated = await (await api()).call(assessSession.reply, 'PATCH', path, { body });
      out.result(rated, () => `the sign-in of session ${rated.sessionId} has risk ${risk}\n`);
      return undefined;
    },
  },
];

/** As the API takes them: demo users by their directory ids, apps by their ids. */
async function filterOf(context: CommandContext): Promise<{ user?: string; appId?: string; deviceId?: string }> {
  const [user, app, deviceId] = (['user', 'app', 'device'] as const).map((name) => context.args.text(name));
  return {
    ...(user === undefined ? {} : { user: await userIdAsGiven(context, user) }),
    ...(app === undefined ? {} : { appId: (await resolveApp(await context.api(), app)).id }),
    ...(deviceId === undefined ? {} : { deviceId }),
  };
}
