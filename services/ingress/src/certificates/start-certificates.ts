import { readFile } from 'node:fs/promises';
import type { Logger } from '#libs/telemetry';
import type { IngressConfig } from '../config.ts';
import type { AppDirectory } from '../directory/app-directory.ts';
import { certificateInvalid } from '../errors.ts';
import type { AcmeRenewals } from './acme/acme-renewals.ts';
import type { PendingChallenges } from './acme/challenge-gate.ts';
import { CertificateStore } from './certificate-store.ts';

export type RunningCertificates = {
  readonly store: CertificateStore;
  /** For answerChallenges; undefined when no ACME server is configured. */
  readonly challenges: PendingChallenges | undefined;
  /** To be called once the listener can be reached: orders are validated through it. */
  startOrders(): void;
  stop(): Promise<void>;
};

/**
 * Certificates by name, and where an ACME server is configured, the orders for them. Undefined without a folder.
 * Errors: ERR_INGRESS_ACME_ACCOUNT, ERR_INGRESS_CERTIFICATE (authority of the ACME server).
 */
export async function startCertificates(parts: {
  readonly config: IngressConfig;
  readonly directories: readonly AppDirectory[];
  /** Hosts of the gate itself. */
  readonly ownHosts: readonly string[];
  readonly logger: Logger;
}): Promise<RunningCertificates | undefined> {
  const { config, logger } = parts;
  const { certificatesDirectory: directory, acme } = config;
  if (directory === undefined) return undefined;
  const store = await CertificateStore.open({ directory, logger });
  if (acme === undefined)
    return { store, challenges: undefined, startOrders: () => undefined, stop: async () => store.stop() };
  // Loaded by those alone who use it: the client and its encodings weigh more than the rest of the ingress.
  const [{ openAccountKey }, { AcmeIssuer }, acmeRenewals] = await Promise.all([
    import('./acme/account-key.ts'),
    import('./acme/acme-issuer.ts'),
    import('./acme/acme-renewals.ts'),
  ]);
  const challenges: PendingChallenges = new Map();
  const issuer = new AcmeIssuer({
    directoryUrl: acme.directoryUrl,
    contact: acme.contact.map((address) => `mailto:${address}`),
    accountKey: await openAccountKey(directory),
    pending: challenges,
    ...(acme.caFile === undefined ? {} : { ca: await readAuthority(acme.caFile) }),
  });
  let renewals: AcmeRenewals | undefined;
  return {
    store,
    challenges,
    startOrders: () => {
      renewals ??= new acmeRenewals.AcmeRenewals({
        directory,
        store,
        issuer,
        logger,
        wantedHosts: () => wantedHosts(parts),
      });
      void renewals.check();
    },
    stop: async () => {
      await renewals?.stop();
      await issuer.stop();
      store.stop();
    },
  };
}

/** Hosts that users come to. No public authority knows names under `localhost`. */
function* wantedHosts(parts: {
  readonly directories: readonly AppDirectory[];
  readonly ownHosts: readonly string[];
}): Generator<string> {
  for (const host of parts.ownHosts) if (!host.endsWith('.localhost')) yield host;
  for (const directory of parts.directories)
    for (const host of directory.hosts()) if (!host.endsWith('.localhost')) yield host;
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw certificateInvalid(file, file, cause);
  }
}
