import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeSecretFile } from '#libs/nats-identity';
import type { Logger } from '#libs/telemetry';
import type { StatePaths } from '../state-directory.ts';
import { leafConfigText } from './leaf-config.ts';
import { type LeafProcess, startLeafProcess } from './leaf-process.ts';
import { createRestartPolicy, type RestartPolicy } from './restart-policy.ts';

/** Warnings of the leaf's own log that are passed on, per window; the rest is counted. */
export const MAX_LEAF_LINES = 10;
export const LEAF_LINES_WINDOW_MS = 10_000;

export type LeafSupervisorOptions = {
  readonly binary: string;
  readonly paths: StatePaths;
  readonly connectorId: string;
  readonly leafAddresses: readonly string[];
  readonly logger: Logger;
  /** After every successful restart; the port stays the same unless another process took it meanwhile. */
  onRestarted(port: number): void;
  /** Ends a process by its id, whatever it takes; must not throw. */
  endProcess(pid: number): void;
  readonly policy?: RestartPolicy;
};

export type LeafSupervisor = {
  readonly port: number;
  readonly pid: number;
  readonly password: string;
  readonly systemPassword: string;
  readonly restarts: number;
  /** Ends the leaf and does not start it again. Safe to call twice. */
  stop(): Promise<void>;
};

/** Keeps one nats-server leaf running. @throws ERR_CONNECTOR_LEAF_START when the first start fails. */
export async function startLeafSupervisor(options: LeafSupervisorOptions): Promise<LeafSupervisor> {
  const supervisor = new Supervisor(options);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements LeafSupervisor {
  readonly password = randomBytes(24).toString('base64url');
  readonly systemPassword = randomBytes(24).toString('base64url');
  readonly #options: LeafSupervisorOptions;
  readonly #policy: RestartPolicy;
  readonly #stopping = new AbortController();
  readonly #lines: (line: string) => void;
  #process: LeafProcess | undefined;
  #loop: Promise<void> = Promise.resolve();
  #port = -1;
  #restarts = 0;

  constructor(options: LeafSupervisorOptions) {
    this.#options = options;
    this.#policy = options.policy ?? createRestartPolicy();
    this.#lines = leafLogFilter(options.logger);
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get restarts(): number {
    return this.#restarts;
  }

  async start(): Promise<void> {
    await this.#endEarlierLeaf();
    const first = await this.#launch();
    this.#loop = this.#keepRunning(first);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop();
    await this.#loop;
  }

  async #keepRunning(first: LeafProcess): Promise<void> {
    let current: LeafProcess | undefined = first;
    let startedAt = first.startedAt;
    while (!this.#stopping.signal.aborted) {
      if (current) {
        const how = await current.ended;
        this.#process = undefined;
        if (this.#stopping.signal.aborted) return;
        this.#options.logger.error('leaf ended', { how, livedMs: Date.now() - startedAt });
      }
      const waitMs = this.#policy.nextDelayMs(Date.now() - startedAt);
      // Ends early when the supervisor stops, which the loop's condition sees.
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      startedAt = Date.now();
      current = await this.#tryRestart(waitMs);
    }
  }

  async #tryRestart(waitedMs: number): Promise<LeafProcess | undefined> {
    try {
      const started = await this.#launch();
      this.#restarts += 1;
      this.#options.logger.info('leaf restarted', { pid: started.pid, waitedMs, restarts: this.#restarts });
      this.#options.onRestarted(started.port);
      return started;
    } catch (error) {
      this.#options.logger.error('leaf did not start', { error });
      // Another process may hold the port by now.
      this.#port = -1;
      return undefined;
    }
  }

  async #launch(): Promise<LeafProcess> {
    const { paths, connectorId, leafAddresses, binary } = this.#options;
    const config = leafConfigText({
      serverName: `${connectorId}-${randomBytes(8).toString('hex')}`,
      port: this.#port,
      password: this.password,
      systemPassword: this.systemPassword,
      portsDirectory: paths.run,
      leafAddresses,
      credentialsFile: paths.credentials,
      certificateFile: paths.certificate,
      keyFile: paths.privateKey,
      trustFile: paths.trust,
    });
    await writeSecretFile(paths.leafConfig, config);
    const started = await startLeafProcess({
      binary,
      configFile: paths.leafConfig,
      portsDirectory: paths.run,
      onLine: this.#lines,
    });
    this.#process = started;
    this.#port = started.port;
    if (this.#stopping.signal.aborted) await started.stop();
    await writeFile(join(paths.run, 'leaf.pid'), `${started.pid}\n`, { mode: 0o600 });
    return started;
  }

  /** A connector that was killed leaves its leaf behind: it is recognized by its configuration file and ended. */
  async #endEarlierLeaf(): Promise<void> {
    const { run, leafConfig } = this.#options.paths;
    await mkdir(run, { recursive: true, mode: 0o700 });
    const pid = Number(await readFile(join(run, 'leaf.pid'), 'utf8').catch(() => '0'));
    if (pid > 1) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.split('\0').includes(leafConfig)) {
        this.#options.logger.warn('ending the leaf of an earlier run', { pid });
        this.#options.endProcess(pid);
      }
    }
  }
}

/** Passes on warnings and errors of the leaf, bounded; its information lines stay out of the connector's log. */
function leafLogFilter(logger: Logger): (line: string) => void {
  let windowEndsAt = 0;
  let count = 0;
  return (line) => {
    const match = /\[(WRN|ERR|FTL)\] (.*)$/.exec(line);
    if (!match) return;
    const now = Date.now();
    if (now > windowEndsAt) {
      if (count > MAX_LEAF_LINES) logger.warn('leaf log lines dropped', { count: count - MAX_LEAF_LINES });
      windowEndsAt = now + LEAF_LINES_WINDOW_MS;
      count = 0;
    }
    count += 1;
    if (count <= MAX_LEAF_LINES) logger.warn('leaf says', { text: (match[2] ?? '').slice(0, 500) });
  };
}
