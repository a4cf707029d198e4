import { z } from 'zod';
import { assessSession, endSession, endSessions, riskLevel, sessions } from '#libs/contracts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Backbone, type Route, route } from './route.ts';

/** `user`: subject id, or username in whatever case. `appId`: sessions that opened the app. `deviceId`: of one browser. */
const who = {
  user: z.string().min(1).max(320).optional(),
  appId: z.string().min(1).max(128).optional(),
  deviceId: z.string().min(1).max(64).optional(),
};
const assessBody = z.strictObject({ risk: riskLevel, detail: z.string().max(400).optional() });
const endQuery = z
  .strictObject(who)
  .refine((named) => Object.values(named).some((value) => value !== undefined), 'name user, appId or deviceId');
const listQuery = z.strictObject({
  ...who,
  subject: z.string().max(128).optional(),
  activeOnly: z.stringbool().optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
});

/** Milliseconds; an app may have thousands of sessions. What was ended until then stays ended. */
const END_ALL_TIMEOUT_MS = 20_000;

export function sessionRoutes(backbone: Backbone): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/sessions',
      summary: 'List user sessions',
      query: listQuery,
      reply: { schema: sessions.reply },
      handle: async ({ query }) => ({ body: await backbone.ask(sessions, query) }),
    }),
    route({
      method: 'delete',
      path: '/sessions',
      summary: 'End all active sessions of a user, of a device, or those that opened an app, everywhere, at once',
      query: endQuery,
      reply: { schema: endSessions.reply },
      handle: async ({ query, call }) => {
        const { expectedRevision: _none, ...context } = contextOf(call);
        return { body: await backbone.ask(endSessions, { ...context, ...query }, { timeoutMs: END_ALL_TIMEOUT_MS }) };
      },
    }),
    route({
      method: 'delete',
      path: '/sessions/:sessionId',
      summary: 'End a user session everywhere, at once',
      reply: { schema: endSession.reply },
      handle: async ({ call }) => {
        const { expectedRevision: _none, ...context } = contextOf(call);
        const request = { ...context, sessionId: param(call, 'sessionId'), reason: 'revoked' } as const;
        return { body: await backbone.ask(endSession, request) };
      },
    }),
    route({
      method: 'patch',
      path: '/sessions/:sessionId',
      summary: 'Say how risky the sign-in of a session is; policies look at it from the next decision on',
      body: assessBody,
      reply: { schema: assessSession.reply },
      handle: async ({ body, call }) => {
        const { expectedRevision: _none, ...context } = contextOf(call);
        const { risk: level, detail = '' } = body;
        const request = { ...context, sessionId: param(call, 'sessionId').slice(0, 64), level, detail };
        return { body: await backbone.ask(assessSession, request) };
      },
    }),
  ];
}
