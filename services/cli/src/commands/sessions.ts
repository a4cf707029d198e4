import { endSession, sessions } from '#libs/contracts';
import type { Command } from '../command.ts';

export const sessionCommands: readonly Command[] = [
  {
    name: 'sessions list',
    summary: 'List user sessions that are active',
    options: { all: { type: 'boolean', summary: 'with ended ones' } },
    run: async ({ api, args, out }) => {
      const query = args.has('all') ? {} : { activeOnly: true };
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
    name: 'sessions end',
    summary: 'End a user session everywhere, at once',
    positionals: [{ name: 'session-id' }],
    run: async ({ api, args, out }) => {
      const id = args.required('session-id');
      const ended = await (await api()).call(endSession.reply, 'DELETE', `sessions/${encodeURIComponent(id)}`);
      out.result(ended, () => `session ${ended.sessionId} is ended\n`);
      return undefined;
    },
  },
];
