import { z } from 'zod';
import { type AppCommand, type AppView, apps, appView, changeApp } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import { changeBody, DEFAULT_COOKIE_FLAGS, mergeFlags, publishBody } from './app-settings.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

const listQuery = z.strictObject({
  after: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
  includeRetired: z.stringbool().optional(),
});
const appList = z.object({ apps: z.array(appView), next: z.string().nullable(), position: z.number() });

export function appRoutes(backbone: Backbone): readonly Route[] {
  const load = async (id: string): Promise<AppView> => {
    const found = await backbone.ask(apps, { id, includeRetired: true });
    const app = found.apps[0];
    if (app) return app;
    throw refuseRequest('ERR_APP_ABSENT', `app ${JSON.stringify(id.slice(0, 64))} does not exist`);
  };
  const send = async (call: Call, command: AppCommand, expectedRevision?: number): Promise<AppView> => {
    const context = contextOf(call);
    const revision = expectedRevision ?? context.expectedRevision;
    const request = { ...context, command, ...(revision === undefined ? {} : { expectedRevision: revision }) };
    return (await backbone.ask(changeApp, request)).app;
  };
  return [
    route({
      method: 'get',
      path: '/apps',
      summary: 'List apps by id, in pages',
      query: listQuery,
      reply: { schema: appList },
      handle: async ({ query }) => ({ body: await backbone.ask(apps, query) }),
    }),
    route({
      method: 'post',
      path: '/apps',
      summary: 'Publish an app; everything but name and internal URL has a default',
      body: publishBody,
      reply: { status: 201, schema: appView },
      handle: async ({ body, call }) => {
        const { id, cookieFlags: flags, ...rest } = body;
        const input = {
          ...rest,
          ...(flags === undefined ? {} : { cookieFlags: mergeFlags(DEFAULT_COOKIE_FLAGS, flags) }),
        };
        const app = await send(call, {
          type: 'PublishApp',
          settings: input,
          ...(id === undefined ? {} : { appId: id }),
        });
        return { ...shown(app), status: 201, location: `/v1/apps/${app.id}` };
      },
    }),
    route({
      method: 'get',
      path: '/apps/:appId',
      summary: 'Read one app, retired or not',
      reply: { schema: appView },
      handle: async ({ call }) => shown(await load(param(call, 'appId'))),
    }),
    route({
      method: 'patch',
      path: '/apps/:appId',
      summary: 'Change settings; what is not named stays as it is',
      takesIfMatch: true,
      body: changeBody,
      reply: { schema: appView },
      handle: async ({ body, call }) => {
        const { cookieFlags: flags, ...changes } = body;
        const id = param(call, 'appId');
        if (flags === undefined) return shown(await send(call, { type: 'ChangeApp', appId: id, changes }));
        // A part of the flags is a change against what stands now: hold on to that revision.
        const now = await load(id);
        const merged = { ...changes, cookieFlags: mergeFlags(now.cookieFlags, flags) };
        const command = { type: 'ChangeApp', appId: id, changes: merged } as const;
        return shown(await send(call, command, call.expectedRevision ?? now.revision));
      },
    }),
    route({
      method: 'delete',
      path: '/apps/:appId',
      summary: 'Retire an app: its external URL is free at once',
      takesIfMatch: true,
      reply: { schema: appView },
      handle: async ({ call }) => shown(await send(call, { type: 'RetireApp', appId: param(call, 'appId') })),
    }),
    ...(['users', 'groups'] as const).flatMap((kind) => assignmentRoutes(kind, send)),
  ];
}

function assignmentRoutes(
  kind: 'users' | 'groups',
  send: (call: Call, command: AppCommand) => Promise<AppView>,
): readonly Route[] {
  const [noun, idName] = kind === 'users' ? ['user', 'userId'] : ['group', 'groupId'];
  const path = `/apps/:appId/assignments/${kind}/:${idName}`;
  const members = (call: Call) => {
    const id = param(call, idName);
    return kind === 'users' ? { userIds: [id], groupIds: [] } : { userIds: [], groupIds: [id] };
  };
  return [
    route({
      method: 'put',
      path,
      summary: `Assign a ${noun} by its directory id`,
      takesIfMatch: true,
      reply: { schema: appView },
      handle: async ({ call }) =>
        shown(await send(call, { type: 'AssignToApp', appId: param(call, 'appId'), ...members(call) })),
    }),
    route({
      method: 'delete',
      path,
      summary: `Take the assignment of a ${noun} back`,
      takesIfMatch: true,
      reply: { schema: appView },
      handle: async ({ call }) =>
        shown(await send(call, { type: 'UnassignFromApp', appId: param(call, 'appId'), ...members(call) })),
    }),
  ];
}

export function param(call: Call, name: string): string {
  return call.params[name] ?? '';
}

function shown(app: AppView): Answer {
  return { body: app, revision: app.revision };
}
