import { parseArgs } from 'node:util';
import { parseUrl } from '#libs/urls';
import { badUsage } from './errors.ts';

export const USAGE = `Usage:
  sallyport connector register --service URL [options]   register this host as a connector
  sallyport connector run [--state-dir DIR]              connect and serve until stopped

Options of register:
  --service URL      https address of the service's connector endpoint
  --name NAME        name of the connector (default: the host's name)
  --group ID         connector group to join; without it the connector waits for an administrator
  --state-dir DIR    where key, certificate and configuration are kept (default: ~/.sallyport-connector)
  --ca-file FILE     authority of the service's certificate, PEM, when it is not a public one
  --token JWT        administrator's access token; visible to other users of this host, prefer --token-stdin
  --token-stdin      read the token from standard input; without either, sign in with a browser
  --force            replace an existing state directory
  --json             print one JSON line instead of a box

Exit codes: 0 done, 64 wrong usage, 77 refused, 69 unavailable (try again), 78 state or configuration, 70 bug
`;

export type RegisterCommand = {
  readonly kind: 'register';
  readonly service: string;
  readonly name: string | undefined;
  readonly group: string | null;
  readonly stateDir: string | undefined;
  readonly caFile: string | undefined;
  readonly token: string | undefined;
  readonly isTokenOnStdin: boolean;
  readonly force: boolean;
  readonly isJson: boolean;
};
export type RunCommand = { readonly kind: 'run'; readonly stateDir: string | undefined };
export type Command = RegisterCommand | RunCommand | { readonly kind: 'help' };

/** @throws ERR_CONNECTOR_USAGE naming the argument. */
export function parseCommand(argv: readonly string[]): Command {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || argv.includes('--help') || argv.includes('-h')) return { kind: 'help' };
  if (name === 'register') return parseRegister(rest);
  if (name === 'run') {
    const values = parse(rest, { 'state-dir': { type: 'string' } });
    return { kind: 'run', stateDir: textOf(values['state-dir']) };
  }
  throw badUsage(`unknown command ${name}; expected register or run`);
}

function parseRegister(rest: string[]): RegisterCommand {
  const values = parse(rest, {
    service: { type: 'string' },
    name: { type: 'string' },
    group: { type: 'string' },
    'state-dir': { type: 'string' },
    'ca-file': { type: 'string' },
    token: { type: 'string' },
    'token-stdin': { type: 'boolean' },
    force: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const service = textOf(values.service);
  if (service === undefined || parseUrl(service)?.protocol !== 'https:')
    throw badUsage('--service must be an https address, for example https://connect.example.com:8444');
  if (values.token !== undefined && values['token-stdin'] === true)
    throw badUsage('--token and --token-stdin exclude each other');
  return {
    kind: 'register',
    service,
    name: textOf(values.name),
    group: textOf(values.group) ?? null,
    stateDir: textOf(values['state-dir']),
    caFile: textOf(values['ca-file']),
    token: textOf(values.token),
    isTokenOnStdin: values['token-stdin'] === true,
    force: values.force === true,
    isJson: values.json === true,
  };
}

type OptionTypes = Record<string, { readonly type: 'string' | 'boolean' }>;

function parse(args: string[], options: OptionTypes): Record<string, unknown> {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw badUsage(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
