import { z } from 'zod';
import { changeUser, riskLevel, users } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Backbone, type Call, type Route, route } from './route.ts';

type Command = z.input<typeof changeUser.request>['command'];
type Reply = z.infer<typeof changeUser.reply>;

const directoryTenant = z.string().min(1).max(128).optional();
const detail = z.string().max(400).optional();
/** Kept in the record. */
const why = { detail, directoryTenant };
const changeBody = z
  .strictObject({ status: z.enum(['enabled', 'disabled']).optional(), risk: riskLevel.optional(), ...why })
  .refine(({ status, risk }) => status !== undefined || risk !== undefined, 'name status, risk or both');
const signOutBody = z.strictObject(why);
const listQuery = z.strictObject({
  user: z.string().min(1).max(320).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
});

/** Milliseconds; a person may have hundreds of sessions. Asking again ends what is left. */
const END_ALL_TIMEOUT_MS = 20_000;

/** `:user` is a subject id, an id of the list, or the username of somebody with a session. */
export function userRoutes(backbone: Backbone): readonly Route[] {
  const send = (call: Call, command: Command, directory: string | undefined, suffix = ''): Promise<Reply> => {
    const { expectedRevision: _none, ...context } = contextOf(call, suffix);
    const whose = directory === undefined ? {} : { directoryTenant: directory };
    const request = { ...context, user: param(call, 'user'), ...whose, command };
    return backbone.ask(changeUser, request, { timeoutMs: END_ALL_TIMEOUT_MS });
  };
  return [
    route({
      method: 'get',
      path: '/users',
      summary: 'List people who have a session, or of whom something is recorded',
      query: listQuery,
      reply: { schema: users.reply },
      handle: async ({ query }) => ({ body: await backbone.ask(users, query) }),
    }),
    route({
      method: 'get',
      path: '/users/:user',
      summary: 'Read what is known of a person; several of the same name are all listed',
      reply: { schema: users.reply },
      handle: async ({ call }) => {
        const user = param(call, 'user');
        const found = await backbone.ask(users, { user: user.slice(0, 320) });
        if (found.users.length > 0) return { body: found };
        throw refuseRequest('ERR_USER_ABSENT', `nobody known goes by ${JSON.stringify(user.slice(0, 64))}`);
      },
    }),
    route({
      method: 'patch',
      path: '/users/:user',
      summary: 'Disable or enable a person, say how much at risk their account is, or both',
      body: changeBody,
      reply: { schema: changeUser.reply },
      handle: async ({ body, call }) => {
        const { status, risk, detail: words = '', directoryTenant: directory } = body;
        const type = status === 'disabled' ? 'DisableUser' : 'EnableUser';
        // The risk first: a person who is enabled again is then judged by it.
        const rated =
          risk === undefined
            ? undefined
            : await send(call, { type: 'SetUserRisk', level: risk, detail: words }, directory, '-risk');
        const changed = status === undefined ? undefined : await send(call, { type, detail: words }, directory);
        return { body: changed ?? rated };
      },
    }),
    route({
      method: 'post',
      path: '/users/:user/sign-out',
      summary: 'Sign a person out everywhere: all sessions end, access tokens from before count no more',
      body: signOutBody,
      reply: { schema: changeUser.reply },
      handle: async ({ body, call }) => {
        const { detail: words = '', directoryTenant: directory } = body;
        return { body: await send(call, { type: 'SignOutUserEverywhere', detail: words }, directory) };
      },
    }),
  ];
}
