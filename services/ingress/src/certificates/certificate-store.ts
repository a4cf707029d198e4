import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { readServerCertificate, type ServerCertificate } from '#libs/server-certificates';
import type { Logger } from '#libs/telemetry';
import { CIPHERS } from '../listener/certificate-files.ts';
import { findPairs, readPair } from './certificate-folder.ts';

/** Changes that the file system does not tell of are seen this late. */
const POLL_INTERVAL_MS = 30_000;
/** A pair is two files: wait until both are likely there. */
const SETTLE_MS = 200;
/** A certificate that expires sooner is warned of, once a day. */
const WARN_DAYS = 14;
const DAY_MS = 86_400_000;

/** A pair that serves now. */
export type ServingCertificate = ServerCertificate & { readonly name: string };

type Entry = {
  /** The files as last looked at, good or bad: a bad pair is reported once. */
  stamp: string;
  serving: { readonly certificate: ServingCertificate; readonly context: SecureContext } | undefined;
  warnedAtMs: number;
};

export type CertificateStoreOptions = {
  /** Holds `<name>.crt`, the PEM chain, and `<name>.key`, mode 0600. Made when it is not there. */
  readonly directory: string;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Default 30 s. */
  readonly pollIntervalMs?: number;
};

/**
 * Server certificates of a folder, chosen by the name a client asks for (SNI, RFC 6066). The folder is watched: new
 * handshakes get what it holds now, running connections keep theirs. A pair that cannot serve is logged once, and the last
 * good one of that name stays. ADR-0008.
 */
export class CertificateStore {
  readonly #options: CertificateStoreOptions;
  readonly #entries = new Map<string, Entry>();
  #byHost = new Map<string, Entry>();
  #loading: Promise<void> | undefined;
  #isAgain = false;
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  readonly #poll: NodeJS.Timeout;
  #isStopped = false;

  private constructor(options: CertificateStoreOptions) {
    this.#options = options;
    this.#poll = setInterval(() => void this.reload(), options.pollIntervalMs ?? POLL_INTERVAL_MS);
    this.#poll.unref();
  }

  /** Resolves when the folder was read. Never fails: what cannot be read is logged and tried again. */
  static async open(options: CertificateStoreOptions): Promise<CertificateStore> {
    const store = new CertificateStore(options);
    // A folder that is not there cannot be watched. Where it cannot be made either, the poll will find it.
    await mkdir(options.directory, { recursive: true, mode: 0o700 }).catch((error: unknown) =>
      options.logger.warn('folder of certificates not made', { directory: options.directory, error }),
    );
    await store.reload();
    return store;
  }

  /**
   * For the listener's `SNICallback`: the certificate that names the host, else one whose wildcard covers it; undefined
   * leaves the choice to the listener's own.
   */
  secureContextFor(servername: string): SecureContext | undefined {
    return this.#find(servername.toLowerCase())?.serving?.context;
  }

  /** The certificate a host is served with from here. */
  certificateFor(hostname: string): ServingCertificate | undefined {
    return this.#find(hostname)?.serving?.certificate;
  }

  /** All that serve, by name. */
  certificates(): readonly ServingCertificate[] {
    return [...this.#entries.values()].flatMap(({ serving }) => serving?.certificate ?? []);
  }

  /** Reads what changed. Calls that meet become one more reading. Never rejects. */
  reload(): Promise<void> {
    if (this.#loading) {
      this.#isAgain = true;
      return this.#loading;
    }
    this.#loading = this.#loadWhileAsked().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    this.#watcher?.close();
  }

  #find(hostname: string): Entry | undefined {
    const exact = this.#byHost.get(hostname);
    if (exact !== undefined) return exact;
    const dot = hostname.indexOf('.');
    return dot > 0 ? this.#byHost.get(`*${hostname.slice(dot)}`) : undefined;
  }

  async #loadWhileAsked(): Promise<void> {
    do {
      this.#isAgain = false;
      this.#watch();
      try {
        await this.#load();
      } catch (error) {
        this.#options.logger.error('certificates not read, the last ones stay', { error });
      }
    } while (this.#isAgain && !this.#isStopped);
  }

  async #load(): Promise<void> {
    const { directory, logger } = this.#options;
    const { pairs, left } = await findPairs(directory);
    if (left > 0) logger.error('more certificates than one folder may hold, the rest is left out', { directory, left });
    const gone = new Set(this.#entries.keys());
    for (const pair of pairs) {
      gone.delete(pair.name);
      const entry = this.#entries.get(pair.name) ?? { stamp: '', serving: undefined, warnedAtMs: 0 };
      if (entry.stamp !== pair.stamp) {
        entry.stamp = pair.stamp;
        this.#entries.set(pair.name, entry);
        await this.#take(entry, pair.name, pair.keyMode);
      }
      this.#warnOfExpiry(entry);
    }
    for (const name of gone) {
      this.#entries.delete(name);
      logger.info('certificate taken away', { name });
    }
    this.#byHost = indexByHost(this.#entries.values());
  }

  async #take(entry: Entry, name: string, keyMode: number): Promise<void> {
    const { directory, logger } = this.#options;
    const refuse = (reason: string, detail: string, remedy: string) =>
      logger.error(entry.serving ? 'certificate not taken, the last good one stays' : 'certificate not taken', {
        name,
        reason,
        detail,
        remedy,
      });
    if ((keyMode & 0o077) !== 0)
      return refuse('key-readable-by-others', `${name}.key has mode 0${keyMode.toString(8)}`, `chmod 600 ${name}.key`);
    try {
      const { chain, key } = await readPair(directory, name);
      const verdict = readServerCertificate(chain, key, this.#nowMs());
      if (verdict.status === 'refused') {
        const { reason, detail, remedy } = verdict.fault;
        return refuse(reason, detail, remedy);
      }
      const { certificate } = verdict;
      entry.serving = { certificate: { ...certificate, name }, context: contextOf(certificate.chain, key) };
      entry.warnedAtMs = 0;
      const { hosts, notAfter, issuer } = certificate;
      logger.info('certificate taken', { name, hosts, notAfter, issuer });
    } catch (error) {
      // Half-written files are read again when the other half comes.
      refuse('files-unreadable', error instanceof Error ? error.message : 'unknown', 'look at the two files');
    }
  }

  #warnOfExpiry(entry: Entry): void {
    const nowMs = this.#nowMs();
    if (!entry.serving || nowMs - entry.warnedAtMs < DAY_MS) return;
    const { name, hosts, notAfter } = entry.serving.certificate;
    const leftDays = Math.floor((Date.parse(notAfter) - nowMs) / DAY_MS);
    if (leftDays >= WARN_DAYS) return;
    entry.warnedAtMs = nowMs;
    const message = leftDays < 0 ? 'certificate expired' : 'certificate expires soon';
    this.#options.logger.warn(message, { name, hosts, notAfter, leftDays });
  }

  /** Watching is a help: where it cannot be had, the poll is what there is. */
  #watch(): void {
    if (this.#watcher || this.#isStopped) return;
    try {
      const watcher = watch(this.#options.directory, { persistent: false }, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => void this.reload(), SETTLE_MS);
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      // The folder may not be there yet; the next poll tries again.
    }
  }

  #nowMs(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/** For each host the certificate that lasts longest. */
function indexByHost(entries: Iterable<Entry>): Map<string, Entry> {
  const index = new Map<string, Entry>();
  for (const entry of entries) {
    if (!entry.serving) continue;
    const { hosts, notAfter } = entry.serving.certificate;
    for (const host of hosts) {
      const other = index.get(host)?.serving;
      if (!other || other.certificate.notAfter < notAfter) index.set(host, entry);
    }
  }
  return index;
}

function contextOf(cert: string, key: string): SecureContext {
  return createSecureContext({ cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS, honorCipherOrder: true });
}
