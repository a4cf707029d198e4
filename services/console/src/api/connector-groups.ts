import { z } from 'zod';
import { changeConnectorGroup, connectorGroupId, connectorGroups, connectorGroupView } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

type Command = z.input<typeof changeConnectorGroup.request>['command'];

const name = z.string().min(1).max(120);

export function connectorGroupRoutes(backbone: Backbone): readonly Route[] {
  const send = async (call: Call, command: Command): Promise<Answer> => {
    const { group } = await backbone.ask(changeConnectorGroup, { ...contextOf(call), command });
    return { body: group, revision: group.revision };
  };
  const path = '/connector-groups/:connectorGroupId';
  return [
    route({
      method: 'get',
      path: '/connector-groups',
      summary: 'List connector groups',
      reply: { schema: z.object({ groups: z.array(connectorGroupView) }) },
      handle: async () => ({ body: await backbone.ask(connectorGroups, {}) }),
    }),
    route({
      method: 'post',
      path: '/connector-groups',
      summary: 'Create a connector group',
      body: z.strictObject({ id: connectorGroupId.optional(), name }),
      reply: { status: 201, schema: connectorGroupView },
      handle: async ({ body, call }) => {
        const id = body.id === undefined ? {} : { connectorGroupId: body.id };
        return { ...(await send(call, { type: 'CreateConnectorGroup', name: body.name, ...id })), status: 201 };
      },
    }),
    route({
      method: 'get',
      path,
      summary: 'Read one connector group',
      reply: { schema: connectorGroupView },
      handle: async ({ call }) => {
        const id = param(call, 'connectorGroupId');
        const group = (await backbone.ask(connectorGroups, {})).groups.find((one) => one.id === id);
        if (group) return { body: group, revision: group.revision };
        throw refuseRequest('ERR_GROUP_ABSENT', `connector group ${JSON.stringify(id.slice(0, 64))} does not exist`);
      },
    }),
    route({
      method: 'patch',
      path,
      summary: 'Rename a connector group',
      takesIfMatch: true,
      body: z.strictObject({ name }),
      reply: { schema: connectorGroupView },
      handle: ({ body, call }) =>
        send(call, {
          type: 'RenameConnectorGroup',
          connectorGroupId: param(call, 'connectorGroupId'),
          name: body.name,
        }),
    }),
    route({
      method: 'delete',
      path,
      summary: 'Retire a connector group that serves no app and has no connector',
      takesIfMatch: true,
      reply: { schema: connectorGroupView },
      handle: ({ call }) =>
        send(call, { type: 'RetireConnectorGroup', connectorGroupId: param(call, 'connectorGroupId') }),
    }),
  ];
}
