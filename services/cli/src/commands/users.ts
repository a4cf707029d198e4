import type { z } from 'zod';
import { changeUser, riskLevel, type UserView, users } from '#libs/contracts';
import type { Command, CommandContext, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import { printable } from '../output/table.ts';

/** The most the API lists. */
const MAX_LISTED = 500;
export const RISK_DETAIL: Readonly<Record<string, Option>> = {
  detail: { type: 'string', value: 'text', summary: 'kept in the record' },
};
const WHY: Readonly<Record<string, Option>> = {
  ...RISK_DETAIL,
  directory: {
    type: 'string',
    value: 'id',
    summary: 'directory of a subject nobody signed in with, or of one of several people',
  },
};
const user = [{ name: 'user' }] as const;
const USER =
  '<user> is the username of somebody with a session, a subject id (in Entra the object id), an id of `users list`,\nor a demo user.';

type Changed = z.infer<typeof changeUser.reply>;

export const userCommands: readonly Command[] = [
  {
    name: 'users list',
    summary: 'List people who have a session, or of whom something is recorded',
    options: { user: { type: 'string', value: 'user', summary: 'only people of this name or id' } },
    run: async (context) => {
      const { api, args, out } = context;
      const name = args.text('user');
      const query = { ...(name === undefined ? {} : { user: await userIdAsGiven(context, name) }), limit: MAX_LISTED };
      const found = await (await api()).call(users.reply, 'GET', 'users', { query });
      out.result(found, () => tableOf(context, found.users));
      return undefined;
    },
  },
  {
    name: 'users show',
    summary: 'Show what is known of a person',
    details: USER,
    positionals: user,
    run: async (context) => {
      const { api, out } = context;
      const found = await (await api()).call(users.reply, 'GET', await pathOf(context));
      out.result(found, () => tableOf(context, found.users));
      return undefined;
    },
  },
  {
    name: 'users disable',
    summary: 'Disable a person: sessions end, sign-ins and access tokens are refused, at once',
    details: `${USER}\nWhat runs is cut. It holds here, not at the identity provider, until \`users enable\`.\n\nExample:\n  sallyport users disable ada@example.com --detail "left the company"`,
    positionals: user,
    options: WHY,
    run: (context) => change(context, { status: 'disabled' }, (reply) => `is disabled; ${endedOf(reply)}`),
  },
  {
    name: 'users enable',
    summary: 'Enable a person again; they sign in anew',
    details: USER,
    positionals: user,
    options: WHY,
    run: (context) => change(context, { status: 'enabled' }, () => 'is enabled'),
  },
  {
    name: 'users risk',
    summary: 'Say how much at risk the account of a person is; policies look at it from the next decision on',
    details: `${USER}\n<level> is none, low, medium or high.\n\nExample:\n  sallyport users risk ada@example.com high --detail "password was leaked"`,
    positionals: [...user, { name: 'level' }],
    options: WHY,
    run: (context) => {
      const risk = readRiskLevel(context.args.required('level'));
      return change(context, { risk }, () => `has risk ${risk}`);
    },
  },
  {
    name: 'users sign-out',
    summary: 'Sign a person out everywhere: all sessions end, access tokens from before count no more',
    details: USER,
    positionals: user,
    options: WHY,
    run: async (context) => {
      const path = `${await pathOf(context)}/sign-out`;
      const reply = await (await context.api()).call(changeUser.reply, 'POST', path, { body: whyOf(context) });
      context.out.result(reply, () => `${nameOf(reply.user)} is signed out everywhere; ${endedOf(reply)}\n`);
      return undefined;
    },
  },
];

/** Demo users by their directory ids, everybody else as given. */
export async function userIdAsGiven(context: CommandContext, name: string): Promise<string> {
  const demo = (await context.connection()).developmentUsers ?? [];
  return demo.find(({ username }) => username === name)?.userId ?? name;
}

export function readRiskLevel(text: string): z.infer<typeof riskLevel> {
  const read = riskLevel.safeParse(text);
  if (read.success) return read.data;
  throw usageError(`${JSON.stringify(text)} is no risk level: expected ${riskLevel.options.join(', ')}`);
}

async function pathOf(context: CommandContext): Promise<string> {
  return `users/${encodeURIComponent(await userIdAsGiven(context, context.args.required('user')))}`;
}

function whyOf({ args }: CommandContext): Readonly<Record<string, string>> {
  const [detail, directoryTenant] = [args.text('detail'), args.text('directory')];
  return {
    ...(detail === undefined ? {} : { detail }),
    ...(directoryTenant === undefined ? {} : { directoryTenant }),
  };
}

async function change(
  context: CommandContext,
  what: Readonly<Record<string, string>>,
  words: (reply: Changed) => string,
): Promise<undefined> {
  const body = { ...what, ...whyOf(context) };
  const reply = await (await context.api()).call(changeUser.reply, 'PATCH', await pathOf(context), { body });
  context.out.result(reply, () => `${nameOf(reply.user)} ${words(reply)}\n`);
  return undefined;
}

function nameOf({ username, subject }: UserView): string {
  return printable(username === null ? subject : `${username} (${subject})`);
}

function endedOf({ endedSessionIds }: Changed): string {
  const count = endedSessionIds.length;
  return `${count === 1 ? '1 session is' : `${count} sessions are`} ended`;
}

function tableOf({ out }: CommandContext, found: readonly UserView[]): string {
  return out.table(
    ['user', 'status', 'risk', 'active sessions', 'signed out before', 'subject', 'directory', 'id'],
    found.map((one) => [
      one.username ?? '-',
      one.status,
      one.risk ?? '-',
      String(one.activeSessions),
      one.signedOutBefore ?? '-',
      one.subject,
      one.directoryTenant,
      one.id,
    ]),
    'nobody',
  );
}
