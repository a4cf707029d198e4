import { toPublicError } from '#libs/errors';
import type { Arguments, CommandContext } from './command.ts';
import { COMMANDS } from './command-table.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { renderHelp, renderOverview } from './help.ts';
import type { CliHost } from './host.ts';
import { createOutput } from './output/output.ts';
import { parseCommand } from './parse-command.ts';
import { type Api, createApi } from './system/api-client.ts';
import { findConnection } from './system/connection.ts';
import { findToken } from './system/tokens.ts';

/** Runs one command line. Resolves with the exit code; never rejects. */
export async function runCli(host: CliHost): Promise<number> {
  try {
    const parsed = parseCommand(host.argv, COMMANDS);
    if (parsed.kind === 'overview') host.print(renderOverview(COMMANDS));
    else if (parsed.kind === 'help') host.print(renderHelp(parsed.command));
    else return await runCommand(host, parsed.args, (context) => parsed.command.run(context));
    return EXIT.ok;
  } catch (error) {
    report(host, error);
    return exitCodeOf(error);
  }
}

async function runCommand(
  host: CliHost,
  args: Arguments,
  run: (context: CommandContext) => Promise<number | undefined>,
): Promise<number> {
  let api: Promise<Api> | undefined;
  const connection = () =>
    findConnection(host, {
      dataDir: args.text('data-dir'),
      apiUrl: args.text('api-url'),
      caFile: args.text('ca-file'),
    });
  const openApi = async () => {
    const found = await connection();
    return createApi(found, () => findToken(host, found, args.text('token')));
  };
  const context: CommandContext = {
    host,
    args,
    out: createOutput(host, args.has('json')),
    connection,
    api: () => {
      api ??= openApi();
      return api;
    },
  };
  try {
    return (await run(context)) ?? EXIT.ok;
  } finally {
    const opened = await api?.catch(() => undefined);
    await opened?.close();
  }
}

/** One line that says what is wrong and what to do; the inside of a bug is shown too, for this is its user's own machine. */
function report(host: CliHost, error: unknown): void {
  const shown = toPublicError(error);
  const isBug = exitCodeOf(error) === EXIT.bug;
  const message = error instanceof Error ? error.message : shown.message;
  if (host.argv.includes('--json')) {
    const { code, retryable, details } = shown;
    host.printError(`${JSON.stringify({ error: { code, message, retryable, details } })}\n`);
    return;
  }
  const suffix = isBug ? ' (this is a bug)' : '';
  host.printError(`sallyport: ${message} [${shown.code}]${suffix}\n`);
  if (isBug && host.env.SALLYPORT_LOG_LEVEL === 'debug' && error instanceof Error)
    host.printError(`${error.stack ?? ''}\n`);
}
