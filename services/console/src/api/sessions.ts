import { z } from 'zod';
import { endSession, sessions } from '#libs/contracts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Backbone, type Route, route } from './route.ts';

const listQuery = z.strictObject({
  subject: z.string().max(128).optional(),
  activeOnly: z.stringbool().optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
});

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
      path: '/sessions/:sessionId',
      summary: 'End a user session everywhere, at once',
      reply: { schema: endSession.reply },
      handle: async ({ call }) => {
        const { expectedRevision: _none, ...context } = contextOf(call);
        const request = { ...context, sessionId: param(call, 'sessionId'), reason: 'revoked' } as const;
        return { body: await backbone.ask(endSession, request) };
      },
    }),
  ];
}
