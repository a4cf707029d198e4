import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { isSallyportError, toPublicError } from '#libs/errors';
import { type ProcessPort, runService } from '#libs/service-host';
import { parseCommand, type RunCommand, USAGE } from './arguments.ts';
import { connectorConfig } from './config.ts';
import { registerConnector } from './enrollment/register-command.ts';
import { startConnector } from './service.ts';
import { statePaths } from './state-directory.ts';

const DEFAULT_STATE_DIR = join(homedir(), '.sallyport-connector');

/** Exit codes by class (sysexits). */
const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const EXIT_BUG = 70;
const EXIT_REFUSED = 77;
const EXIT_CONFIG = 78;

function exitCodeOf(error: unknown): number {
  if (!isSallyportError(error)) return EXIT_BUG;
  if (error.code === 'ERR_CONNECTOR_USAGE') return EXIT_USAGE;
  if (error.code === 'ERR_CONNECTOR_REFUSED') return EXIT_REFUSED;
  if (error.code.startsWith('ERR_CONFIG')) return EXIT_CONFIG;
  return EXIT_UNAVAILABLE;
}

async function run(command: RunCommand): Promise<void> {
  const paths = statePaths(command.stateDir ?? DEFAULT_STATE_DIR);
  const host: ProcessPort = {
    argv: ['--config', paths.identity],
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    on: process.on.bind(process),
    exit: (code) => process.exit(code),
  };
  await runService(host, {
    name: 'connector',
    config: connectorConfig,
    start: (_identity, context) =>
      startConnector(
        {
          paths,
          platform: process.platform,
          natsServer: {
            named: process.env.SALLYPORT_NATS_SERVER || undefined,
            searchPath: process.env.PATH,
            programDir: import.meta.dirname,
          },
          environment: process.env,
          endProcess: (pid) => {
            try {
              process.kill(pid, 'SIGKILL');
            } catch {
              // Gone between the look and the signal: what was wanted.
            }
          },
        },
        context,
      ),
  });
}

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === 'run') return run(command);
  if (command.kind === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  await registerConnector(command, {
    hostname: hostname(),
    defaultStateDir: DEFAULT_STATE_DIR,
    stdin: process.stdin,
    say: (text) => process.stderr.write(`${text}\n`),
    print: (text) => process.stdout.write(text),
  });
}

main().catch((error: unknown) => {
  const code = exitCodeOf(error);
  const { code: name, message } = toPublicError(error);
  const detail = code === EXIT_BUG && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  process.stderr.write(`sallyport connector: ${message} (${name})${detail}\n`);
  process.exitCode = code;
});
