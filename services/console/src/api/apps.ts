import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  type AppCommand,
  type AppView,
  apps,
  changeApp,
  SETTINGS_SINCE_V2,
  shownApp,
  shownAppOf,
} from '#libs/contracts';
import { staleRevision } from '#libs/events';
import { refuseRequest } from '../errors.ts';
import { changeBody, DEFAULT_COOKIE_FLAGS, mergeFlags, publishBody } from './app-settings.ts';
import { completeSignOn, isPartialSignOn } from './app-sign-on.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

/** How often an app is read again while what is read lags behind the revision the caller has seen, beside the first time. */
const MAX_LOOKS = 20;
const LOOK_EVERY_MS = 50;

const listQuery = z.strictObject({
  after: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
  includeRetired: z.stringbool().optional(),
});
const appList = z.object({ apps: z.array(shownApp), next: z.string().nullable(), position: z.number() });

export function appRoutes(backbone: Backbone): readonly Route[] {
  const load = async (id: string): Promise<AppView> => {
    const found = await backbone.ask(apps, { id, includeRetired: true });
    const app = found.apps[0];
    if (app) return app;
    throw refuseRequest('ERR_APP_ABSENT', `app ${JSON.stringify(id.slice(0, 64))} does not exist`);
  };
  /** The app at the revision that If-Match names: a change is never completed from another, which the command would then take for it. */
  const loadAt = async (id: string, expected: number | undefined): Promise<AppView> => {
    for (let looks = 0; ; looks += 1) {
      const now = await load(id);
      if (expected === undefined || now.revision === expected) return now;
      if (now.revision > expected || looks === MAX_LOOKS) throw staleRevision(`app ${id}`, expected, now.revision);
      await delay(LOOK_EVERY_MS);
    }
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
      handle: async ({ query }) => {
        const page = await backbone.ask(apps, query);
        return { body: { ...page, apps: page.apps.map(shownAppOf) } };
      },
    }),
    route({
      method: 'post',
      path: '/apps',
      summary: 'Publish an app; everything but name and internal URL has a default',
      body: publishBody,
      reply: { status: 201, schema: shownApp },
      handle: async ({ body, call }) => {
        const { id, cookieFlags: flags, bearerTokens, identityProvider, singleSignOn, ...rest } = body;
        const signOn = { bearerTokens, identityProvider, singleSignOn };
        const input = {
          ...rest,
          ...(await completeSignOn({ backbone, call }, signOn, SETTINGS_SINCE_V2)),
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
      reply: { schema: shownApp },
      handle: async ({ call }) => shown(await load(param(call, 'appId'))),
    }),
    route({
      method: 'patch',
      path: '/apps/:appId',
      summary: 'Change settings; what is not named stays as it is',
      takesIfMatch: true,
      body: changeBody,
      reply: { schema: shownApp },
      handle: async ({ body, call }) => {
        const { cookieFlags: flags, bearerTokens, identityProvider, singleSignOn, ...rest } = body;
        const signOn = { bearerTokens, identityProvider, singleSignOn };
        const id = param(call, 'appId');
        // A part of a setting is a change against what stands now: hold on to that revision.
        const now =
          flags === undefined && !isPartialSignOn(signOn) ? undefined : await loadAt(id, call.expectedRevision);
        const changes = {
          ...rest,
          ...(await completeSignOn({ backbone, call }, signOn, now ?? SETTINGS_SINCE_V2)),
          ...(flags === undefined || now === undefined ? {} : { cookieFlags: mergeFlags(now.cookieFlags, flags) }),
        };
        const command = { type: 'ChangeApp', appId: id, changes } as const;
        return shown(await send(call, command, call.expectedRevision ?? now?.revision));
      },
    }),
    route({
      method: 'delete',
      path: '/apps/:appId',
      summary: 'Retire an app: its external URL is free at once',
      takesIfMatch: true,
      reply: { schema: shownApp },
      handle: async ({ call }) => shown(await send(call, { type: 'RetireApp', appId: param(call, 'appId') })),
    }),
    ...MEMBERS.flatMap((member) => assignmentRoutes(member, send)),
  ];
}

type Member = {
  readonly kind: string;
  readonly idName: string;
  readonly noun: string;
  readonly by: string;
  readonly named: (id: string) => Pick<Extract<AppCommand, { type: 'AssignToApp' }>, 'userIds' | 'groupIds' | 'roles'>;
};

/** What can be assigned to an app, and how a command names it. */
const MEMBERS: readonly Member[] = [
  {
    kind: 'users',
    idName: 'userId',
    noun: 'a user',
    by: 'its directory id',
    named: (id) => ({ userIds: [id], groupIds: [] }),
  },
  {
    kind: 'groups',
    idName: 'groupId',
    noun: 'a group',
    by: 'its directory id',
    named: (id) => ({ userIds: [], groupIds: [id] }),
  },
  {
    kind: 'roles',
    idName: 'role',
    noun: 'an app role',
    by: 'its value in tokens',
    named: (role) => ({ userIds: [], groupIds: [], roles: [role] }),
  },
];

function assignmentRoutes(
  { kind, idName, noun, by, named }: Member,
  send: (call: Call, command: AppCommand) => Promise<AppView>,
): readonly Route[] {
  const path = `/apps/:appId/assignments/${kind}/:${idName}`;
  const members = (call: Call) => named(param(call, idName));
  return [
    route({
      method: 'put',
      path,
      summary: `Assign ${noun} by ${by}`,
      takesIfMatch: true,
      reply: { schema: shownApp },
      handle: async ({ call }) =>
        shown(await send(call, { type: 'AssignToApp', appId: param(call, 'appId'), ...members(call) })),
    }),
    route({
      method: 'delete',
      path,
      summary: `Take the assignment of ${noun} back`,
      takesIfMatch: true,
      reply: { schema: shownApp },
      handle: async ({ call }) =>
        shown(await send(call, { type: 'UnassignFromApp', appId: param(call, 'appId'), ...members(call) })),
    }),
  ];
}

export function param(call: Call, name: string): string {
  return call.params[name] ?? '';
}

function shown(app: AppView): Answer {
  return { body: shownAppOf(app), revision: app.revision };
}
