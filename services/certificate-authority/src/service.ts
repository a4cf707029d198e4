import { isLeafStanding } from '#broker';
import { trust } from '#libs/contracts';
import { type RunningProjection, runProjection } from '#libs/events';
import { serveEndpoint } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import { loadSigners, type Signers } from './authority/signers.ts';
import { type CertificateAuthorityConfig, certificateAuthorityConfig } from './config.ts';
import { createAssertionTrusts } from './configuration/assertion-trusts.ts';
import { serveAuthCallout } from './connections/auth-callout.ts';
import { LiveLinks } from './connections/live-links.ts';
import { ConnectorEnforcer } from './connectors/enforce-changes.ts';
import { type KnownIdentities, knownIdentitiesProjection } from './connectors/known-identities.projection.ts';
import { createRequireAdministrator } from './enrollment/administrator.ts';
import { createRefusalRecorder } from './enrollment/refusal-recorder.ts';
import { Registrations } from './enrollment/registrations.ts';
import { connectorApi } from './listener/connector.api.ts';
import { type EndpointListener, listenForConnectors } from './listener/endpoint-listener.ts';
import { openPorts, type Ports } from './ports.ts';

/** An answer waits this long until this service's own read model shows the new connector, then goes out all the same. */
const VISIBLE_WITHIN_MS = 3_000;

/**
 * Starts in this order: keys, connections, read model caught up, revocations known to the hub, auth callout, endpoint.
 * Until the callout serves, the hub lets no connector in.
 */
export async function startCertificateAuthority(
  config: CertificateAuthorityConfig,
  { logger }: ServiceContext,
): Promise<RunningService> {
  const signers = await loadSigners(config);
  const ports = await openPorts(config, logger);
  const identities = runProjection<KnownIdentities>(ports.store, knownIdentitiesProjection(config.tenant), {
    onError: (error) => logger.error('read model ended: nobody is let in', { error }),
  });
  const links = new LiveLinks();
  const known = () => identities.state();
  const { tenant } = config;
  const account = config.tenantAccount.publicKey;
  const enforcer = new ConnectorEnforcer({
    tenant,
    account,
    links,
    known,
    logger,
    now: Date.now,
    operatorSigner: signers.operatorSigner,
    sys: ports.sys,
    store: ports.store,
  });
  const release = async () => {
    await enforcer.stop();
    await identities.stop();
    await ports.close();
  };
  try {
    await identities.ready;
    await enforcer.reconcile();
    identities.changes.subscribe({ next: ({ commit }) => enforcer.onCommit(commit), error: () => undefined });
    const refusals = createRefusalRecorder({ tenant, store: ports.store, logger, now: Date.now });
    const callout = serveAuthCallout({
      tenant,
      account,
      signers,
      links,
      known,
      refusals,
      logger,
      now: Date.now,
      tenantConnection: ports.tenant,
      isStanding: (link) => isLeafStanding(ports.sys, account, link),
    });
    const trusted = serveTrust(config, ports, signers, logger);
    const listener = await listen(config, ports, { signers, identities, refusals, logger });
    await Promise.all([ports.backbone.flush(), ports.tenant.flush()]);
    let draining: Promise<void> | undefined;
    const drain = async () => {
      await listener.drain();
      await Promise.all([callout.drain(), trusted.drain()]);
    };
    let stopping: Promise<void> | undefined;
    const drainOnce = () => (draining ??= drain());
    return {
      ready: { port: listener.port },
      drain: drainOnce,
      stop: () => (stopping ??= drainOnce().then(release)),
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function serveTrust(
  config: CertificateAuthorityConfig,
  ports: Ports,
  signers: Signers,
  logger: ServiceContext['logger'],
): { drain(): Promise<void> } {
  const answer = {
    rootCertificate: signers.rootCertificatePem,
    issuingCertificate: signers.issuing.certificatePem,
  };
  return serveEndpoint(ports.backbone, config.tenant, trust, () => answer, { queue: 'certificate-authority', logger });
}

function listen(
  config: CertificateAuthorityConfig,
  ports: Ports,
  parts: {
    readonly signers: Signers;
    readonly identities: RunningProjection<KnownIdentities>;
    readonly refusals: ReturnType<typeof createRefusalRecorder>;
    readonly logger: ServiceContext['logger'];
  },
): Promise<EndpointListener> {
  const { tenant } = config;
  const { signers, identities, refusals, logger } = parts;
  const handler = connectorApi({
    tenant,
    known: () => identities.state(),
    backbone: ports.backbone,
    trusts: createAssertionTrusts({ backbone: ports.backbone, tenant, logger, nowMs: Date.now }),
    registration: config.registration,
    registrations: new Registrations(Date.now),
    requireAdministrator: createRequireAdministrator({ backbone: ports.backbone, tenant, refusals }),
    issueContext: {
      tenant,
      signers,
      store: ports.store,
      backbone: ports.backbone,
      tenantAccount: config.tenantAccount.publicKey,
      leafAddresses: config.leafAddresses,
      configurationUrl: `${config.publicUrl.replace(/\/+$/, '')}/v1/configuration`,
      now: () => new Date(),
      visible: (position) => identities.waitFor(position, VISIBLE_WITHIN_MS),
    },
  });
  return listenForConnectors({
    host: config.host,
    port: config.port,
    tls: config.tls,
    handler,
    logger,
    clientAuthorities: [signers.rootCertificatePem, signers.issuing.certificatePem],
  });
}

export const certificateAuthority: ServiceDefinition<CertificateAuthorityConfig> = {
  name: 'certificate-authority',
  config: certificateAuthorityConfig,
  start: startCertificateAuthority,
};
