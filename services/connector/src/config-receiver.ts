import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ConnectorConfiguration } from '#libs/contracts';
import { connectorConfiguration } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { writeSecretFile } from '#libs/nats-identity';
import type { Logger } from '#libs/telemetry';
import { pullConfiguration } from './enrollment/registration-api.ts';
import { createServiceClient } from './service-client.ts';

/** Bounds of the refresh interval a service may ask for, seconds, and what holds when it asks for nothing usable. */
export const MIN_REFRESH_SECONDS = 5;
export const MAX_REFRESH_SECONDS = 3_600;
export const DEFAULT_REFRESH_SECONDS = 60;
/** Pause between pulls that were asked for by notices or by requests for unknown apps, milliseconds. */
export const MIN_PULL_INTERVAL_MS = 500;

/** Pause between pulls while there is no configuration at all, milliseconds. */
export const FIRST_RETRY_MS = 2_000;

/** How long a start that has a saved configuration waits for a newer one, milliseconds. */
export const FIRST_WAIT_MS = 3_000;

export type ConfigReceiverOptions = {
  readonly connectorId: string;
  readonly url: string;
  /** PEM texts for mutual TLS. */
  readonly trust: readonly string[];
  readonly identity: { readonly certificate: string; readonly privateKey: string };
  /** Where the last good configuration is kept. */
  readonly file: string;
  readonly saved: string | undefined;
  readonly logger: Logger;
  /** Called with every newer configuration, whole; must not throw. */
  onConfiguration(configuration: ConnectorConfiguration): void;
};

export type ConfigReceiver = {
  /** The configuration in force, undefined until the first. */
  readonly current: ConnectorConfiguration | undefined;
  /** Pulls now, or soon when it did so a moment ago. Never throws. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Pulls the connector's configuration and keeps the last good one, on disk too, so that a connector starts and serves
 * while the endpoint is away. A version that is not newer changes nothing; what does not parse changes nothing.
 * Resolves after the first attempt, or soon when a saved configuration can serve meanwhile.
 */
export async function startConfigReceiver(options: ConfigReceiverOptions): Promise<ConfigReceiver> {
  const receiver = new Receiver(options);
  receiver.restore();
  const first = receiver.refresh();
  await (receiver.current ? Promise.race([first, delay(FIRST_WAIT_MS, undefined, { ref: false })]) : first);
  return receiver;
}

class Receiver implements ConfigReceiver {
  readonly #options: ConfigReceiverOptions;
  readonly #client: ReturnType<typeof createServiceClient>;
  #current: ConnectorConfiguration | undefined;
  #etag: string | undefined;
  #pulling: Promise<void> | undefined;
  #isAskedAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;
  #isWaiting = false;
  #pulledAt = 0;
  readonly #stopping = new AbortController();

  constructor(options: ConfigReceiverOptions) {
    this.#options = options;
    this.#client = createServiceClient({ trust: options.trust, identity: options.identity });
  }

  get current(): ConnectorConfiguration | undefined {
    return this.#current;
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  restore(): void {
    const { saved, logger } = this.#options;
    if (saved === undefined) return;
    const result = connectorConfiguration.safeParse(parseJson(saved));
    if (result.success && result.data.connectorId === this.#options.connectorId) this.#apply(result.data);
    else logger.warn('saved configuration is not usable', { file: this.#options.file });
  }

  refresh(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    if (this.#pulling) {
      // One that has not begun yet will see what this call was about.
      this.#isAskedAgain ||= !this.#isWaiting;
      return this.#pulling;
    }
    this.#pulling = this.#pullWhenDue().finally(() => {
      this.#pulling = undefined;
      this.#schedule();
    });
    return this.#pulling;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#pulling;
    await this.#client.close();
  }

  async #pullWhenDue(): Promise<void> {
    const waitMs = this.#pulledAt + MIN_PULL_INTERVAL_MS - Date.now();
    if (waitMs > 0) {
      this.#isWaiting = true;
      // Ends early when the receiver stops, which the next line sees.
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      this.#isWaiting = false;
    }
    if (this.#isStopped) return;
    await this.#pull();
    this.#pulledAt = Date.now();
  }

  async #pull(): Promise<void> {
    const { url, logger } = this.#options;
    try {
      const pulled = await pullConfiguration(this.#client, url, this.#etag);
      if (this.#isFailing) logger.info('configuration endpoint answers again');
      this.#isFailing = false;
      if (!pulled || this.#isStopped) return;
      await this.#accept(pulled.configuration, pulled.etag);
    } catch (error) {
      const isRefused = isSallyportError(error, 'ERR_CONNECTOR_REFUSED');
      const text = isRefused ? 'configuration refused: this connector may be revoked' : 'configuration not pulled';
      if (!this.#isFailing || isRefused)
        logger.warn(text, { error, keeps: this.#current?.version ?? 'no configuration' });
      this.#isFailing = true;
    }
  }

  async #accept(offered: ConnectorConfiguration, etag: string | undefined): Promise<void> {
    const { logger, connectorId, file } = this.#options;
    const next = withKnownKeys(offered, this.#current);
    if (next.connectorId !== connectorId) return logger.error('configuration of another connector ignored', {});
    if (this.#current && next.version < this.#current.version)
      return logger.warn('older configuration ignored', { offered: next.version, keeps: this.#current.version });
    this.#etag = etag;
    if (this.#current && isSameConfiguration(this.#current, next)) return;
    this.#apply(next);
    await writeSecretFile(file, `${JSON.stringify(next, null, 2)}\n`).catch((error: unknown) =>
      logger.error('configuration not saved: the next start may serve an older one', { file, error }),
    );
  }

  #apply(configuration: ConnectorConfiguration): void {
    this.#current = configuration;
    this.#options.logger.info('configuration applied', {
      version: configuration.version,
      status: configuration.status,
      connectorGroupId: configuration.connectorGroupId,
      apps: configuration.apps.length,
    });
    this.#options.onConfiguration(configuration);
  }

  #schedule(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    const asked = this.#isAskedAgain;
    this.#isAskedAgain = false;
    const regularMs = this.#current ? refreshMs(this.#current.refreshSeconds) : FIRST_RETRY_MS;
    const waitMs = asked ? 0 : regularMs;
    this.#timer = setTimeout(() => void this.refresh(), waitMs);
    this.#timer.unref();
  }
}

/** Keys are missing where an app needs them when the endpoint could not ask auth yet: the ones known before serve meanwhile. */
function withKnownKeys(next: ConnectorConfiguration, now: ConnectorConfiguration | undefined): ConnectorConfiguration {
  const areNeeded = next.assertions === null && next.apps.some(({ kerberos }) => kerberos !== null);
  return areNeeded ? { ...next, assertions: now?.assertions ?? null } : next;
}

/** The keys of assertions are auth's: they change without the version, which is routing's. */
function isSameConfiguration(now: ConnectorConfiguration, next: ConnectorConfiguration): boolean {
  const isSameTrust = isDeepStrictEqual(now.assertions, next.assertions);
  return now.version === next.version && now.status === next.status && isSameTrust;
}

function refreshMs(seconds: number | undefined): number {
  const wanted = seconds !== undefined && seconds > 0 ? seconds : DEFAULT_REFRESH_SECONDS;
  return Math.min(Math.max(wanted, MIN_REFRESH_SECONDS), MAX_REFRESH_SECONDS) * 1000;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema check that follows reports it.
    return undefined;
  }
}
