import { z } from 'zod';
import {
  changeServiceToken,
  MAX_APPS_PER_SERVICE_TOKEN,
  MAX_OVERLAP_HOURS,
  MAX_SERVICE_TOKEN_DAYS,
  serviceTokens,
} from '#libs/contracts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

const lifetimeDays = z.number().int().min(1).max(MAX_SERVICE_TOKEN_DAYS).optional();
const appIds = z.array(z.string().min(1).max(64)).min(1).max(MAX_APPS_PER_SERVICE_TOKEN);
const path = '/service-tokens/:serviceTokenId';
type Change = z.input<typeof changeServiceToken.request>['command'];

/** Keys of programs without an identity of their own at the identity provider; `token` is told in the answer that made it, and never again. */
export function serviceTokenRoutes(backbone: Backbone): readonly Route[] {
  const send = async (call: Call, command: Change): Promise<Answer> => {
    const changed = await backbone.ask(changeServiceToken, { ...contextOf(call), command });
    return { body: changed, revision: changed.serviceToken.revision };
  };
  const idOf = (call: Call) => param(call, 'serviceTokenId');
  const reply = { schema: changeServiceToken.reply };
  return [
    route({
      method: 'get',
      path: '/service-tokens',
      summary: 'List service tokens, those that count first; their secrets are known to nobody',
      query: z.strictObject({ id: z.string().max(64).optional(), appId: z.string().max(64).optional() }),
      reply: { schema: serviceTokens.reply },
      handle: async ({ query }) => ({ body: await backbone.ask(serviceTokens, query) }),
    }),
    route({
      method: 'post',
      path: '/service-tokens',
      summary: 'Issue a service token for these apps; `token` is shown in this answer only',
      body: z.strictObject({ name: z.string().min(1).max(120), appIds, lifetimeDays }),
      reply: { ...reply, status: 201 },
      handle: async ({ body, call }) => {
        const answer = await send(call, { type: 'IssueServiceToken', ...body });
        return { ...answer, status: 201 };
      },
    }),
    route({
      method: 'post',
      path: `${path}/rotate`,
      summary: 'Make a new secret; the one before stays good for the overlap (24 h unless said)',
      takesIfMatch: true,
      body: z.strictObject({ lifetimeDays, overlapHours: z.number().int().min(0).max(MAX_OVERLAP_HOURS).optional() }),
      reply,
      handle: ({ body, call }) => send(call, { type: 'RotateServiceToken', id: idOf(call), ...body }),
    }),
    route({
      method: 'put',
      path: `${path}/apps`,
      summary: 'Replace the apps that a service token opens',
      takesIfMatch: true,
      body: z.strictObject({ appIds }),
      reply,
      handle: ({ body, call }) => send(call, { type: 'ChangeServiceTokenApps', id: idOf(call), ...body }),
    }),
    route({
      method: 'delete',
      path,
      summary: 'Revoke a service token for good; what runs on it is cut',
      takesIfMatch: true,
      query: z.strictObject({ reason: z.string().max(400).optional() }),
      reply,
      handle: ({ query, call }) => send(call, { type: 'RevokeServiceToken', id: idOf(call), ...query }),
    }),
  ];
}
