import { type ConnectorView, connectorView } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { Command, CommandContext } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../output/table.ts';
import type { Connection } from '../system/connection.ts';
import { listConnectors, resolveConnector, resolveGroup } from './resources.ts';

const connector = [{ name: 'connector' }] as const;
const CONNECTOR = '<connector> is an id or a name.';

export const connectorCommands: readonly Command[] = [
  {
    name: 'connectors list',
    summary: 'List connectors with their presence',
    options: { revoked: { type: 'boolean', summary: 'with revoked ones' } },
    run: async ({ api, args, out }) => {
      const all = await listConnectors(await api());
      const connectors = args.has('revoked') ? all : all.filter(({ status }) => status !== 'revoked');
      out.result({ connectors }, () =>
        out.table(
          ['name', 'status', 'presence', 'group', 'machine', 'version', 'last seen', 'id'],
          connectors.map((one) => [
            one.name,
            one.status,
            one.presence,
            one.connectorGroupId ?? 'none',
            one.machineName,
            one.version,
            one.lastSeenAt ?? '-',
            one.id,
          ]),
          'no connectors: register one with `sallyport connector register`',
        ),
      );
      return undefined;
    },
  },
  {
    name: 'connectors assign',
    summary: 'Put a connector into a group; a pending one begins to serve',
    details: CONNECTOR,
    positionals: [...connector, { name: 'group' }],
    run: async (context) => {
      const api = await context.api();
      const connectorGroupId = (await resolveGroup(api, context.args.required('group'))).id;
      return change(context, { connectorGroupId }, (one) => `serves group ${one.connectorGroupId}`);
    },
  },
  {
    name: 'connectors rename',
    summary: 'Rename a connector',
    details: CONNECTOR,
    positionals: [...connector, { name: 'new-name' }],
    run: (context) => change(context, { name: context.args.required('new-name') }, () => 'is its new name'),
  },
  {
    name: 'connectors revoke',
    summary: 'Revoke a connector for good: its link is cut and its certificate refused',
    details: CONNECTOR,
    positionals: connector,
    options: { reason: { type: 'string', value: 'text', summary: 'kept in the record' } },
    run: async (context) => {
      const api = await context.api();
      const { id } = await resolveConnector(api, context.args.required('connector'));
      const query = { reason: context.args.text('reason') };
      return done(context, await api.call(connectorView, 'DELETE', `connectors/${id}`, { query }), 'is revoked');
    },
  },
  passedOn('register', 'Register a connector on this machine with a token of an administrator'),
  passedOn('run', 'Run the connector that was registered on this machine'),
];

async function change(
  context: CommandContext,
  body: Readonly<Record<string, string>>,
  what: (connector: ConnectorView) => string,
): Promise<undefined> {
  const api = await context.api();
  const { id } = await resolveConnector(api, context.args.required('connector'));
  const changed = await api.call(connectorView, 'PATCH', `connectors/${id}`, { body });
  return done(context, changed, what(changed));
}

function done({ out }: CommandContext, one: ConnectorView, what: string): undefined {
  out.result(one, () => `${printable(one.name)} (${one.id}) ${what}\n`);
  return undefined;
}

/** The connector is a program of its own, installed where the origins are; these two commands run it from here. */
function passedOn(verb: 'register' | 'run', summary: string): Command {
  const about =
    verb === 'register'
      ? `
On the machine that runs Sallyport, --service and --ca-file are filled in. Without a token it signs in with the browser.

Examples:
  sallyport connector register --name east --group default
  sallyport token --for register | sallyport connector register --token-stdin --service https://sallyport.example:8444`
      : '';
  return {
    name: `connector ${verb}`,
    summary,
    details: `Every argument goes to the connector as it is; \`sallyport connector ${verb} -- --help\` shows them.${about}`,
    isPassedOn: true,
    run: async (context) => {
      const rest = context.args.raw[0] === '--' ? context.args.raw.slice(1) : context.args.raw;
      const known = verb === 'register' ? await knownService(context, rest) : [];
      return classOf(await context.host.runProgram('connector', [verb, ...known, ...rest]));
    },
  };
}

/** Where to register, when the arguments do not say and a system runs here. */
async function knownService(context: CommandContext, rest: readonly string[]): Promise<readonly string[]> {
  if (rest.some((one) => /^--(service|help)(=|$)/.test(one))) return [];
  let connection: Connection;
  try {
    connection = await context.connection();
  } catch (error) {
    // No system here: the connector itself says that --service is missing.
    if (isSallyportError(error, 'ERR_CLI_UNAVAILABLE')) return [];
    throw error;
  }
  const { connectorEndpointUrl: service, caFile } = connection;
  if (service === undefined) return [];
  const hasCa = rest.some((one) => /^--ca-file(=|$)/.test(one));
  return ['--service', service, ...(caFile === null || hasCa ? [] : ['--ca-file', caFile])];
}

/** The connector's own exit codes (sysexits) as our classes. */
function classOf(code: number): number {
  const classes: Readonly<Record<number, number>> = {
    64: EXIT.usage,
    69: EXIT.unavailable,
    77: EXIT.refused,
    78: EXIT.refused,
  };
  return classes[code] ?? code;
}
