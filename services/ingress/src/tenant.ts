import type { NatsConnection } from 'nats';
import { recordAccess } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { IngressLimits } from './config.ts';
import { Decisions } from './decisions/decision-cache.ts';
import { listenForRevocations } from './decisions/revocation-listener.ts';
import { AppDirectory } from './directory/app-directory.ts';
import { DirectoryFeed } from './directory/directory-feed.ts';
import { watchHub } from './hub/hub-link.ts';
import { watchPulse } from './hub/hub-pulse.ts';
import { AppWatch } from './pipeline/app-watch.ts';
import type { TenantServices } from './pipeline/services.ts';
import { AccessRecorder } from './records/access-recorder.ts';
import type { RecordBudget } from './records/record-budget.ts';
import { createAuthPort } from './sign-in/auth-port.ts';
import { Admission } from './throttling/admission.ts';
import { startDemandReports } from './throttling/demand-reporter.ts';
import { startTenantTunnel } from './tunnel/tenant-tunnel.ts';

const STORE_TIMEOUT_MS = 10_000;

export type RunningTenant = {
  readonly services: TenantServices;
  readonly whenDirectoryLoaded: Promise<void>;
  flushRecords(): Promise<void>;
  stop(): Promise<void>;
};

/** Wires what one tenant needs: `backbone` for commands, queries and feeds, `account` for its tunnel. */
export function startTenant(options: {
  readonly tenant: string;
  readonly backbone: NatsConnection;
  readonly account: NatsConnection;
  readonly ingressId: string;
  readonly limits: IngressLimits;
  readonly budget: RecordBudget;
  readonly logger: Logger;
}): RunningTenant {
  const { tenant, backbone, ingressId, limits } = options;
  const logger = options.logger.child({ tenant });
  const directory = new AppDirectory(tenant);
  const feed = new DirectoryFeed(backbone, directory, tenant, logger);
  const auth = createAuthPort(backbone, tenant);
  const pulse = watchPulse(backbone, logger);
  const hub = watchHub(backbone, { pulse, onBack: () => afterHubReturn(), logger });
  const decisions = new Decisions({
    authorize: (question) => hub.ask(() => auth.authorize(question)),
    maxDecisions: limits.maxDecisions,
    maxPending: limits.maxPendingDecisions,
    now: () => Date.now(),
    logger,
  });
  // Without the hub nobody can revoke, and nothing reaches an app: what was decided holds until it is back, not longer.
  const afterHubReturn = () => {
    decisions.dropAll();
    feed.reload();
  };
  const revocations = listenForRevocations(backbone, tenant, decisions, logger);
  const admission = new Admission(ingressId, () => performance.now());
  const demand = startDemandReports({ nc: backbone, tenant, ingressId, admission, logger });
  const recorder = new AccessRecorder({
    store: (batch) =>
      hub.ask(() =>
        callEndpoint(
          backbone,
          tenant,
          recordAccess,
          { ingressId, ...batch, records: [...batch.records] },
          { timeoutMs: STORE_TIMEOUT_MS },
        ),
      ),
    budget: options.budget,
    logger,
  });
  const tunnel = startTenantTunnel(options.account, ingressId, logger);
  return {
    services: {
      tenant,
      directory,
      isDirectoryLoaded: () => feed.isLoaded,
      isHubConnected: () => hub.isConnected,
      admission,
      decisions,
      appWatch: new AppWatch(directory),
      auth,
      tunnel: tunnel.client,
      recorder,
    },
    whenDirectoryLoaded: feed.whenLoaded,
    flushRecords: () => recorder.flush(),
    stop: async () => {
      feed.stop();
      decisions.stop();
      revocations.stop();
      demand.stop();
      recorder.stop();
      pulse.stop();
      await tunnel.stop();
    },
  };
}
