import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSallyportError } from '#libs/errors';
import { writeSecretFile } from '#libs/nats-identity';
import { readServerCertificate } from '#libs/server-certificates';
import type { Logger } from '#libs/telemetry';
import type { CertificateStore, ServingCertificate } from '../certificate-store.ts';
import { acmeFailed } from './errors.ts';

/** Hosts looked after; more are left out, in order of the alphabet. */
export const MAX_ACME_HOSTS = 1_000;
/** Orders of one hour, failed ones included: public servers count them. The rest waits. */
export const MAX_ORDERS_PER_HOUR = 20;
const CHECK_INTERVAL_MS = 30_000;
const HOUR_MS = 3_600_000;
/** After a failure 1 min, then double, up to a day; at once a day when the server says no for good. */
const RETRY_MIN_MS = 60_000;
const RETRY_MAX_MS = 24 * HOUR_MS;
/** Certificates of this kind belong to us: renewed, and removed when nobody wants them. */
const PREFIX = 'acme-';

export type AcmeRenewalsOptions = {
  /** The store's folder. */
  readonly directory: string;
  readonly store: CertificateStore;
  readonly issuer: {
    issue(host: string, signal: AbortSignal): Promise<{ readonly chain: string; readonly key: string }>;
  };
  /** Exact hosts that users come to now, in lower case. */
  readonly wantedHosts: () => Iterable<string>;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Default 30 s. */
  readonly checkIntervalMs?: number;
};

type Attempt = { readonly failures: number; readonly nextAtMs: number };

/**
 * Keeps a certificate for every wanted host: orders one where none covers it, and a new one when a third of its life is
 * left. A certificate that an admin installed comes first. One order at a time; what failed waits longer each time, in
 * memory only, so that a restart tries once more.
 */
export class AcmeRenewals {
  readonly #options: AcmeRenewalsOptions;
  readonly #attempts = new Map<string, Attempt>();
  /** Starts of orders within the last hour. */
  #orders: number[] = [];
  readonly #stopping = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #checking: Promise<void> | undefined;

  constructor(options: AcmeRenewalsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.check(), options.checkIntervalMs ?? CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Orders what is due, one after the other. Calls that meet are one. Never rejects. */
  check(): Promise<void> {
    this.#checking ??= this.#checkAll()
      .catch((error: unknown) => this.#options.logger.error('certificates not looked after', { error }))
      .finally(() => {
        this.#checking = undefined;
      });
    return this.#checking;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#checking;
  }

  async #checkAll(): Promise<void> {
    const hosts = [...new Set(this.#options.wantedHosts())].sort().slice(0, MAX_ACME_HOSTS);
    const wanted = new Set(hosts);
    for (const host of this.#attempts.keys()) if (!wanted.has(host)) this.#attempts.delete(host);
    // Hosts that keep failing must not use up the orders of those that never had one.
    const failuresOf = (host: string) => this.#attempts.get(host)?.failures ?? 0;
    for (const host of [...hosts].sort((a, b) => failuresOf(a) - failuresOf(b))) {
      if (this.#stopping.signal.aborted) return;
      if (this.#isDue(host)) await this.#order(host);
    }
    await this.#removeUnwanted(new Set(hosts.map(nameOf)));
  }

  #isDue(host: string): boolean {
    const nowMs = this.#nowMs();
    const serving = this.#options.store.certificateFor(host);
    if (serving !== undefined && (serving.name !== nameOf(host) || !isInLastThird(serving, nowMs))) return false;
    if ((this.#attempts.get(host)?.nextAtMs ?? 0) > nowMs) return false;
    this.#orders = this.#orders.filter((atMs) => atMs > nowMs - HOUR_MS);
    return this.#orders.length < MAX_ORDERS_PER_HOUR;
  }

  async #order(host: string): Promise<void> {
    const { logger, issuer, store, directory } = this.#options;
    this.#orders.push(this.#nowMs());
    try {
      const { chain, key } = await issuer.issue(host, this.#stopping.signal);
      const verdict = readServerCertificate(chain, key, this.#nowMs());
      if (verdict.status === 'refused') throw acmeFailed(verdict.fault.detail, { isRetryable: true });
      const name = nameOf(host);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeSecretFile(join(directory, `${name}.key`), key);
      await writeSecretFile(join(directory, `${name}.crt`), verdict.certificate.chain);
      await store.reload();
      this.#attempts.delete(host);
      logger.info('certificate issued', { host, name, notAfter: verdict.certificate.notAfter });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const waitMs = this.#putOff(host, error);
      logger.error('certificate not issued', { host, error, retryInSeconds: Math.ceil(waitMs / 1000) });
    }
  }

  /** How long this host waits now, milliseconds. */
  #putOff(host: string, error: unknown): number {
    const failures = (this.#attempts.get(host)?.failures ?? 0) + 1;
    const isFinal = isSallyportError(error) && !error.retryable;
    const asked = isSallyportError(error) ? Number(error.details.retryAfterSeconds ?? 0) * 1000 : 0;
    const doubled = Math.min(RETRY_MIN_MS * 2 ** (failures - 1), RETRY_MAX_MS);
    const waitMs = isFinal ? RETRY_MAX_MS : Math.max(doubled, Math.min(asked, RETRY_MAX_MS));
    this.#attempts.set(host, { failures, nextAtMs: this.#nowMs() + waitMs });
    return waitMs;
  }

  /** A host may come back tomorrow: its certificate goes only when it would be renewed. */
  async #removeUnwanted(wanted: ReadonlySet<string>): Promise<void> {
    const { store, directory, logger } = this.#options;
    const nowMs = this.#nowMs();
    const gone = store
      .certificates()
      .filter((one) => one.name.startsWith(PREFIX) && !wanted.has(one.name) && isInLastThird(one, nowMs));
    for (const { name } of gone) {
      await rm(join(directory, `${name}.crt`), { force: true });
      await rm(join(directory, `${name}.key`), { force: true });
      logger.info('certificate of a host that nobody uses any more removed', { name });
    }
    if (gone.length > 0) await store.reload();
  }

  #nowMs(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/** Readable, and different for hosts that read the same: `acme-wiki-example-com-1a2b3c4d`. */
function nameOf(host: string): string {
  const hash = createHash('sha256').update(host).digest('hex').slice(0, 8);
  return `${PREFIX}${host.replace(/[^a-z0-9]+/g, '-').slice(0, 48)}-${hash}`;
}

function isInLastThird({ notBefore, notAfter }: ServingCertificate, nowMs: number): boolean {
  const [fromMs, toMs] = [Date.parse(notBefore), Date.parse(notAfter)];
  return nowMs >= toMs - (toMs - fromMs) / 3;
}
