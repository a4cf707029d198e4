import { readFile } from 'node:fs/promises';
import { Secret } from '#libs/config';
import type { RegisterCommand } from '../arguments.ts';
import { badUsage } from '../errors.ts';
import { acquireTokenInBrowser } from './acquire-token.ts';
import { type Enrollment, enroll } from './enroll.ts';

const MAX_TOKEN_CHARACTERS = 16_384;

export type RegisterPorts = {
  readonly hostname: string;
  readonly defaultStateDir: string;
  readonly stdin: AsyncIterable<Buffer | string>;
  /** For people: progress and the address to open. */
  say(text: string): void;
  /** The result, on standard output. */
  print(text: string): void;
};

/** `connector register`: see USAGE. Errors carry the class of the exit code. */
export async function registerConnector(command: RegisterCommand, ports: RegisterPorts): Promise<void> {
  const endpointTrust = command.caFile === undefined ? undefined : await readPem(command.caFile);
  const enrollment = await enroll({
    service: command.service,
    name: command.name ?? ports.hostname,
    machineName: ports.hostname,
    connectorGroupId: command.group,
    stateDir: command.stateDir ?? ports.defaultStateDir,
    endpointTrust,
    force: command.force,
    acquireToken: async (options) => {
      if (command.token !== undefined) return tokenOf(command.token);
      if (command.isTokenOnStdin) return tokenOf(await readAll(ports.stdin));
      return acquireTokenInBrowser({
        issuer: await options(),
        trust: endpointTrust === undefined ? [] : [endpointTrust],
        showAddress: (url) =>
          ports.say(`\nOpen this address and sign in as an administrator:\n\n  ${url}\n\nWaiting...\n`),
      });
    },
  });
  ports.print(command.isJson ? `${JSON.stringify(summary(enrollment))}\n` : boxed(enrollment));
}

function summary(enrollment: Enrollment) {
  const { connectorId, tenant, name } = enrollment.identity;
  return {
    event: 'registered',
    connectorId,
    tenant,
    name,
    status: enrollment.status,
    connectorGroupId: enrollment.connectorGroupId,
    apps: enrollment.appCount,
    certificateExpiresAt: enrollment.certificateExpiresAt,
    stateDir: enrollment.paths.directory,
  };
}

function boxed(enrollment: Enrollment): string {
  const { identity, connectorGroupId, paths } = enrollment;
  const group = connectorGroupId ?? 'none yet: an administrator must assign one';
  const lines = [
    'Connector registered',
    '',
    `  Name         ${identity.name}`,
    `  Id           ${identity.connectorId}`,
    `  Tenant       ${identity.tenant}`,
    `  Group        ${group}`,
    `  Apps         ${enrollment.appCount}`,
    `  Certificate  until ${enrollment.certificateExpiresAt.slice(0, 10)}`,
    `  State        ${paths.directory}`,
    '',
    'Start it with:',
    `  sallyport connector run --state-dir ${paths.directory}`,
  ];
  const width = Math.max(...lines.map((line) => line.length));
  const row = (line: string) => `│ ${line.padEnd(width)} │`;
  return [`┌${'─'.repeat(width + 2)}┐`, ...lines.map(row), `└${'─'.repeat(width + 2)}┘`, ''].join('\n');
}

function tokenOf(text: string): Secret<string> {
  const token = text.trim();
  if (token === '' || token.length > MAX_TOKEN_CHARACTERS || /[^\x21-\x7e]/.test(token))
    throw badUsage('the token is empty or not a token');
  return new Secret(token);
}

async function readAll(stdin: RegisterPorts['stdin']): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (text.length > MAX_TOKEN_CHARACTERS * 2) throw badUsage('standard input holds more than a token');
  }
  return text;
}

async function readPem(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw badUsage(`--ca-file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw badUsage(`--ca-file ${path} holds no PEM certificate`);
  return text;
}
