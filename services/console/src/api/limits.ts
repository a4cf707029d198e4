import { z } from 'zod';
import { changeLimit, limits, MAX_LIMIT } from '#libs/contracts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

export function limitRoutes(backbone: Backbone): readonly Route[] {
  const send = async (call: Call, requestsPerSecond: number | null): Promise<Answer> => {
    const request = { ...contextOf(call), scope: param(call, 'scope'), requestsPerSecond };
    const limit = await backbone.ask(changeLimit, request);
    return { body: limit, revision: limit.revision };
  };
  const path = '/limits/:scope';
  return [
    route({
      method: 'get',
      path: '/limits',
      summary: 'List limits that differ from the defaults or are exceeded, and the defaults',
      reply: { schema: limits.reply },
      handle: async () => ({ body: await backbone.ask(limits, {}) }),
    }),
    route({
      method: 'put',
      path,
      summary: 'Set the requests per second of the tenant (scope `tenant`) or of an app (scope: its id)',
      takesIfMatch: true,
      body: z.strictObject({ requestsPerSecond: z.number().int().min(1).max(MAX_LIMIT) }),
      reply: { schema: changeLimit.reply },
      handle: ({ body, call }) => send(call, body.requestsPerSecond),
    }),
    route({
      method: 'delete',
      path,
      summary: 'Return to the default',
      takesIfMatch: true,
      reply: { schema: changeLimit.reply },
      handle: ({ call }) => send(call, null),
    }),
  ];
}
