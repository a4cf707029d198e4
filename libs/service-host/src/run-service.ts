import type { z } from 'zod';
import { parseConfig, readJsonFile } from '#libs/config';
import { SallyportError } from '#libs/errors';
import { createLogger, type Logger } from '#libs/telemetry';

/** The part of `process` a service needs; only main.ts hands it in. */
export type ProcessPort = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: { on(event: 'end' | 'error', listener: () => void): unknown; resume(): unknown };
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(event: string, listener: (...args: never[]) => void): unknown;
  exit(code?: number): void;
};

export type ServiceContext = { readonly logger: Logger };

export type RunningService = {
  /** What the ready line says besides the service's name: addresses, never secrets. */
  readonly ready?: Readonly<Record<string, unknown>>;
  /** Refuse new work, finish current. Safe to call twice. */
  drain(): Promise<void>;
  /** Let go of everything at once. Safe to call twice, also after drain. */
  stop(): Promise<void>;
};

export type ServiceDefinition<Config> = {
  readonly name: string;
  readonly config: z.ZodType<Config>;
  start(config: Config, context: ServiceContext): Promise<RunningService>;
  /** Milliseconds that a start under way has once the process was told to end. Default 15,000: beyond every start's own waits. */
  readonly startLimitMs?: number;
};

/** Exit codes by class (sysexits): bad configuration is not worth a restart, everything else is. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;
const EXIT_BUG = 70;
const DRAIN_LIMIT_MS = 30_000;
/** A service that is told to end while it starts is drained as soon as it has started; at the limit it is ended as it is. */
const DEFAULT_START_LIMIT_MS = 15_000;

/**
 * Frame of every service's main.ts: reads the JSON file named by `--config`, starts, prints one ready line on stdout,
 * drains on SIGTERM, SIGINT or when stdin (the supervisor's pipe) ends, stops, exits. A second signal stops at once. A signal
 * during the start is remembered: no ready line then, the drain follows the start, which has `startLimitMs` more.
 */
export async function runService<Config>(host: ProcessPort, definition: ServiceDefinition<Config>): Promise<void> {
  const logger = createLogger({
    service: definition.name,
    level: host.env.SALLYPORT_LOG_LEVEL === 'debug' ? 'debug' : 'info',
    write: (line) => host.stderr.write(line),
  });
  host.on('uncaughtException', (error: unknown) => fatal(host, logger, EXIT_BUG, error));
  host.on('unhandledRejection', (error: unknown) => fatal(host, logger, EXIT_BUG, error));
  let started: (running: RunningService) => void = () => undefined;
  const starting = new Promise<RunningService>((resolve) => {
    started = resolve;
  });
  let isEnding = false;
  const shutdown = onceThen(
    () => {
      isEnding = true;
      return drainAndStop(host, logger, starting, definition.startLimitMs);
    },
    () => host.exit(1),
  );
  listen(host, shutdown);
  try {
    const path = configPath(host);
    const config = parseConfig(definition.config, await readJsonFile(path), `configuration file ${path}`);
    const running = await definition.start(config, { logger });
    started(running);
    if (isEnding) return;
    host.stdout.write(`${JSON.stringify({ event: 'ready', service: definition.name, ...running.ready })}\n`);
  } catch (error) {
    const isConfig = error instanceof SallyportError && error.code.startsWith('ERR_CONFIG');
    fatal(host, logger, isConfig ? EXIT_CONFIG : EXIT_UNAVAILABLE, error);
  }
}

function listen(host: ProcessPort, shutdown: () => void): void {
  host.on('SIGTERM', shutdown);
  host.on('SIGINT', shutdown);
  if (host.env.SALLYPORT_SUPERVISED !== '1') return;
  host.stdin.on('end', shutdown);
  host.stdin.on('error', shutdown);
  host.stdin.resume();
}

function configPath(host: ProcessPort): string {
  const index = host.argv.indexOf('--config');
  const path = index >= 0 ? host.argv[index + 1] : host.env.SALLYPORT_CONFIG;
  if (path) return path;
  throw new SallyportError('ERR_CONFIG_MISSING', 'no configuration file: expected --config FILE or SALLYPORT_CONFIG', {
    expose: true,
  });
}

async function drainAndStop(
  host: ProcessPort,
  logger: Logger,
  starting: Promise<RunningService>,
  startLimitMs = DEFAULT_START_LIMIT_MS,
): Promise<void> {
  logger.info('draining');
  const exitAfter = (limitMs: number, message: string) =>
    setTimeout(() => {
      logger.error(message, { limitMs });
      host.exit(1);
    }, limitMs);
  let limit = exitAfter(startLimitMs, 'start took too long to be drained');
  try {
    const running = await starting;
    clearTimeout(limit);
    limit = exitAfter(DRAIN_LIMIT_MS, 'drain took too long');
    await running.drain();
    await running.stop();
    clearTimeout(limit);
    logger.info('stopped');
    host.exit(0);
  } catch (error) {
    fatal(host, logger, EXIT_BUG, error);
  }
}

function onceThen(first: () => Promise<void>, later: () => void): () => void {
  let isCalled = false;
  return () => {
    if (isCalled) return later();
    isCalled = true;
    void first();
  };
}

function fatal(host: ProcessPort, logger: Logger, code: number, error: unknown): void {
  logger.error('service ended', { error, exitCode: code });
  host.exit(code);
}
