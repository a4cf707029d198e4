import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSallyportError } from '#libs/errors';
import { createLogger } from '#libs/telemetry';
import { renderBox } from './announce.ts';
import { openDataDir } from './data-dir.ts';
import { Launcher } from './launcher.ts';
import { endLeftovers } from './leftovers.ts';
import { parseLauncherOptions, USAGE } from './options.ts';

/** Exit codes by class: usage, refused (needs a change by the operator), unavailable and retryable, bug. */
const EXIT = { usage: 2, refused: 3, unavailable: 4, bug: 70 } as const;
const SAME_SIGNAL_MS = 1000;
const servicesDir = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function exitCodeOf(error: unknown): number {
  if (!isSallyportError(error)) return EXIT.bug;
  if (error.code === 'ERR_LAUNCHER_USAGE') return EXIT.usage;
  return error.retryable || error.code === 'ERR_LAUNCHER_NOT_READY' ? EXIT.unavailable : EXIT.refused;
}

function fail(error: unknown): void {
  const isKnown = isSallyportError(error) && error.expose;
  const text = isKnown
    ? `${error.message} (${error.code})`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`sallyport: ${text}\n`);
  process.exitCode = exitCodeOf(error);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function inheritedEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(kept);
}

async function main(): Promise<void> {
  const options = parseLauncherOptions(process.argv.slice(2));
  if ('help' in options) {
    process.stdout.write(USAGE);
    return;
  }
  const say = (event: unknown) => {
    if (options.isJson) process.stdout.write(`${JSON.stringify(event)}\n`);
  };
  const dataDir = await openDataDir(options.dataDir, isAlive, process.pid);
  const left = await endLeftovers(dataDir.path, (pid, signal) => process.kill(pid, signal));
  if (left.length > 0)
    process.stderr.write(`sallyport: ended what an earlier start left running: ${left.join(', ')}\n`);
  const launcher = new Launcher({
    options,
    isDefaultPort: !process.argv.includes('--port'),
    dataDir,
    natsServer: process.env.SALLYPORT_NATS_SERVER ?? 'nats-server',
    nodePath: process.execPath,
    servicesDir,
    env: inheritedEnv(),
    logger: createLogger({ service: 'launcher', write: (line) => process.stderr.write(line) }),
    onEvent: say,
  });
  let stoppingSince: number | undefined;
  const stop = () => {
    if (stoppingSince !== undefined) {
      // A terminal and npm may both pass the same Ctrl-C on; a later one means: do not wait.
      if (Date.now() - stoppingSince > SAME_SIGNAL_MS) launcher.kill();
      return;
    }
    stoppingSince = Date.now();
    if (!options.isJson) process.stderr.write('\nsallyport: draining, then stopping\n');
    launcher.stop().catch(fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  try {
    const announcement = await launcher.start();
    if (options.isJson) say(announcement);
    else
      process.stdout.write(
        renderBox(announcement, {
          isTerminal: process.stdout.isTTY === true,
          ...(options.dataDir === '.sallyport' ? {} : { dataDirOption: options.dataDir }),
        }),
      );
  } catch (error) {
    if (stoppingSince === undefined) fail(error);
    await launcher.stop();
  }
}

await main().catch(fail);
