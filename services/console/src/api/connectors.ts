import { z } from 'zod';
import { type ConnectorView, changeConnector, connectorGroupId, connectors, connectorView } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

type Command = z.input<typeof changeConnector.request>['command'];

const changeBody = z.strictObject({
  name: z.string().min(1).max(120).optional(),
  connectorGroupId: connectorGroupId.optional(),
});

export function connectorRoutes(backbone: Backbone): readonly Route[] {
  const load = async (id: string): Promise<ConnectorView> => {
    const connector = (await backbone.ask(connectors, { id })).connectors[0];
    if (connector) return connector;
    throw refuseRequest('ERR_CONNECTOR_ABSENT', `connector ${JSON.stringify(id.slice(0, 64))} does not exist`);
  };
  const path = '/connectors/:connectorId';
  return [
    route({
      method: 'get',
      path: '/connectors',
      summary: 'List connectors with their presence',
      reply: { schema: z.object({ connectors: z.array(connectorView) }) },
      handle: async () => ({ body: await backbone.ask(connectors, {}) }),
    }),
    route({
      method: 'get',
      path,
      summary: 'Read one connector',
      reply: { schema: connectorView },
      handle: async ({ call }) => shown(await load(param(call, 'connectorId'))),
    }),
    route({
      method: 'patch',
      path,
      summary: 'Rename a connector, assign it to a connector group, or both',
      takesIfMatch: true,
      body: changeBody,
      reply: { schema: connectorView },
      handle: async ({ body, call }) => {
        const connectorId = param(call, 'connectorId');
        const commands: Command[] = [];
        if (body.name !== undefined) commands.push({ type: 'RenameConnector', connectorId, name: body.name });
        if (body.connectorGroupId !== undefined)
          commands.push({
            type: 'AssignConnectorToGroup',
            connectorId,
            connectorGroupId: body.connectorGroupId,
          });
        return shown((await sendAll(backbone, call, commands)) ?? (await load(connectorId)));
      },
    }),
    route({
      method: 'delete',
      path,
      summary: 'Revoke a connector for good: its link is cut, its certificate refused',
      takesIfMatch: true,
      query: z.strictObject({ reason: z.string().min(1).max(400).optional() }),
      reply: { schema: connectorView },
      handle: async ({ query, call }) => {
        const reason = query.reason ?? 'revoked by an administrator';
        const command = { type: 'RevokeConnector', connectorId: param(call, 'connectorId'), reason } as const;
        const { connector } = await backbone.ask(changeConnector, { ...contextOf(call), command });
        return shown(connector);
      },
    }),
  ];
}

/** One after the other, each on the revision the one before left; the first refusal ends it, what went before stands. */
async function sendAll(
  backbone: Backbone,
  call: Call,
  commands: readonly Command[],
): Promise<ConnectorView | undefined> {
  let expectedRevision = call.expectedRevision;
  let connector: ConnectorView | undefined;
  for (const [index, command] of commands.entries()) {
    const context = contextOf({ ...call, expectedRevision }, index === 0 ? '' : `-${index}`);
    connector = (await backbone.ask(changeConnector, { ...context, command })).connector;
    if (expectedRevision !== undefined) expectedRevision = connector.revision;
  }
  return connector;
}

function shown(connector: ConnectorView): Answer {
  return { body: connector, revision: connector.revision };
}
