import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { kickConnection, listLeafs, revokeUsers } from '#broker';
import { certificateAggregate, connectorAggregate, newId } from '#libs/contracts';
import { type Commit, type EventStore, factsOf, handleCommand } from '#libs/events';
import type { Nkey } from '#libs/nats-identity';
import type { Logger } from '#libs/telemetry';
import { certificateDecider } from '../certificates/certificate.decider.ts';
import type { LiveLinks } from '../connections/live-links.ts';
import {
  connectorOf,
  type KnownIdentities,
  revokedConnectors,
  validCertificatesOf,
} from './known-identities.projection.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

export type EnforcerOptions = {
  readonly tenant: string;
  /** Public key of the tenant's account. */
  readonly account: string;
  readonly operatorSigner: Nkey;
  readonly sys: NatsConnection;
  readonly store: EventStore;
  readonly links: LiveLinks;
  readonly known: () => KnownIdentities;
  readonly logger: Logger;
  readonly now: () => number;
};

/**
 * Makes facts about connectors true at the hub. Revoked: certificates revoked, user revoked, link cut. Assigned to another
 * group: link cut, so that it comes back with its new rights. Work is keyed by connector, tried until it succeeds, and done
 * again at every start, when it finds nothing left to do.
 */
export class ConnectorEnforcer {
  readonly #options: EnforcerOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: EnforcerOptions) {
    this.#options = options;
  }

  /** Everything that was revoked while this service was away; resolves when the hub knows it. */
  async reconcile(): Promise<void> {
    const revoked = revokedConnectors(this.#options.known());
    if (revoked.length === 0) return;
    const isNew = await this.#revokeUsers(revoked.map(({ userPublicKey }) => userPublicKey));
    if (isNew) await this.#cut(revoked.map(({ id }) => id));
    for (const { id } of revoked) await this.#revokeCertificates(id);
  }

  onCommit(commit: Commit): void {
    for (const fact of factsOf(connectorAggregate, commit)) {
      if (fact.type === 'ConnectorRevoked') this.#enqueue(commit.id, () => this.#revoke(commit.id));
      if (fact.type === 'ConnectorAssignedToGroup') this.#enqueue(commit.id, () => this.#cut([commit.id]));
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#running.values());
  }

  /** One after another per connector: the last fact wins. */
  #enqueue(connectorId: string, work: () => Promise<void>): void {
    const previous = this.#running.get(connectorId) ?? Promise.resolve();
    const next = previous.then(() => this.#persist(connectorId, work));
    const tracked = next.finally(() => {
      if (this.#running.get(connectorId) === tracked) this.#running.delete(connectorId);
    });
    this.#running.set(connectorId, tracked);
  }

  async #persist(connectorId: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopped;
    for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(LONGEST_RETRY_MS, waitMs * 2)) {
      try {
        return await work();
      } catch (error) {
        this.#options.logger.error('connector change not enforced yet, trying again', { connectorId, waitMs, error });
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #revoke(connectorId: string): Promise<void> {
    const connector = connectorOf(this.#options.known(), connectorId);
    if (connector.status === 'absent') return;
    await this.#cutKnown(connectorId);
    await this.#revokeUsers([connector.userPublicKey]);
    await this.#cut([connectorId]);
    await this.#revokeCertificates(connectorId);
    this.#options.logger.info('connector revoked at the hub', { connectorId });
  }

  /** The link this service let in last, at once: the way back is closed already, for the callout knows of the revocation. */
  async #cutKnown(connectorId: string): Promise<void> {
    const link = this.#options.links.of(connectorId);
    if (link) await kickConnection(this.#options.sys, link);
  }

  /** Whether the hub did not know yet. */
  async #revokeUsers(userPublicKeys: readonly string[]): Promise<boolean> {
    const untilSeconds = Math.ceil(this.#options.now() / 1000);
    return revokeUsers(this.#options.sys, {
      account: this.#options.account,
      signer: this.#options.operatorSigner,
      users: Object.fromEntries(userPublicKeys.map((key) => [key, untilSeconds])),
    });
  }

  async #revokeCertificates(connectorId: string): Promise<void> {
    const { store, tenant, known, now } = this.#options;
    for (const thumbprint of validCertificatesOf(known(), connectorId)) {
      await handleCommand(
        store,
        certificateDecider,
        { tenant, type: certificateAggregate, id: thumbprint },
        { type: 'RevokeCertificate', reason: 'connector revoked' },
        {
          commandId: newId('cmd'),
          at: new Date(now()).toISOString(),
          actor: { kind: 'service', id: 'certificate-authority' },
          correlationId: connectorId,
        },
      );
    }
  }

  /**
   * Cuts the links of these connectors. The hub does not tell whose a link is: those that this service did not let in itself
   * (it was restarted since) are cut too. They come back within a second when they may.
   */
  async #cut(connectorIds: readonly string[]): Promise<void> {
    const { sys, links, account } = this.#options;
    const wanted = new Set(connectorIds);
    const standing = await listLeafs(sys, account);
    await Promise.all(
      standing.filter((link) => links.mayBelongTo(link, wanted)).map((link) => kickConnection(sys, link)),
    );
  }
}
