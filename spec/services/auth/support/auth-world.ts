import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import { credentialsFile, ensureStreams } from '#broker';
import { type AppFact, appAggregate, connectorGroupId, newId, revocations, SETTINGS_SINCE_V2 } from '#libs/contracts';
import { type Commit, type EventStore, type Fact, openEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { subscribeFeed } from '#libs/messaging';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { authConfig } from '../../../../services/auth/src/config.ts';
import { AUTH_AGGREGATES, openPorts } from '../../../../services/auth/src/ports.ts';
import { startAuth } from '../../../../services/auth/src/service.ts';
import { type RunningBroker, startBroker } from '../../../support/broker.ts';
import { type RunningIdentityProvider, startIdentityProvider } from '../../../support/identity-provider.ts';

export const TENANT = 'default';
export const SIGN_IN_URL = 'https://login.sallyport.localhost:8443';
export const PORTAL_URL = 'https://portal.sallyport.localhost:8443/';
export const APP_URL = 'https://wiki.sallyport.localhost:8443/';

export type AuthWorld = {
  readonly broker: RunningBroker;
  readonly idp: RunningIdentityProvider;
  /** The ingress's and the console's connection to the backbone. */
  readonly ingress: NatsConnection;
  readonly console: NatsConnection;
  /** Reads every fact, with the rights of audit. */
  readonly store: EventStore;
  readonly operatorKey: KeyObject;
  readonly keyDirectory: string;
  readonly revocations: z.infer<typeof revocations.message>[];
  /** Log lines of auth so far. */
  readonly log: string[];
  readonly clock: { offsetMs: number };
  /** Milliseconds auth waits before each write to its event store. */
  readonly storeDelay: { ms: number };
  appendApp(id: string, facts: readonly AppFact[]): Promise<void>;
  /** Facts of one kind, by the name of the fact. */
  factsNamed(type: string): Promise<readonly (Fact & { readonly commit: Commit })[]>;
  restart(change?: Readonly<Record<string, unknown>>): Promise<void>;
  /** One more auth on the same event store, with the same keys, until the world stops. */
  startAnother(change?: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
};

/** auth with the real hub, its real credentials and the real development identity provider. `users`: default the demo users. */
export async function startAuthWorld(options: { readonly users?: readonly unknown[] } = {}): Promise<AuthWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-auth-'));
  const [broker, idp] = await Promise.all([
    startBroker({ tenant: TENANT }),
    startIdentityProvider({
      redirectUris: [`${SIGN_IN_URL}/.sallyport/callback`],
      postLogoutRedirectUris: [`${SIGN_IN_URL}/.sallyport/signed-out`],
      ...(options.users === undefined ? {} : { users: options.users }),
    }),
  ]);
  await ensureStreams(await jetstreamManager(await broker.connectAs('provisioner', 'core'), { checkAPI: false }));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyFile = join(folder, 'operator.pem');
  writeFileSync(publicKeyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const keyDirectory = join(folder, 'auth');
  const clock = { offsetMs: 0 };
  const log: string[] = [];
  const logger = createLogger({ service: 'auth', write: (line) => log.push(line) });
  const storeDelay = { ms: 0 };
  const start = async (change: Readonly<Record<string, unknown>>) => {
    const config = authConfig.parse({
      tenant: TENANT,
      broker: { servers: [...broker.servers], caFile: broker.layout.caFile },
      credentials: {
        backbone: credentialsFile(broker.layout, 'auth', 'backbone'),
        core: credentialsFile(broker.layout, 'auth', 'core'),
      },
      signInUrl: SIGN_IN_URL,
      portalUrl: PORTAL_URL,
      identityProvider: {
        issuer: idp.issuer,
        tenantId: idp.tenantId,
        clientId: idp.clientIds.web,
        clientSecretFile: idp.clientSecretFile,
        apiAudience: `api://${idp.clientIds.api}`,
        caFile: idp.caFile,
      },
      keyDirectory,
      localOperator: { publicKeyFile },
      ...change,
    });
    const ports = await openPorts(config, logger);
    const slow = { ...ports, store: slowed(ports.store, storeDelay) };
    const options = { nowMs: () => Date.now() + clock.offsetMs, ports: slow };
    return startAuth(config, { logger }, options).catch(async (error: unknown) => {
      await ports.close();
      throw error;
    });
  };
  let service: RunningService = await start({});
  const others: RunningService[] = [];
  const ingress = await broker.connectAs('ingress');
  const received: z.infer<typeof revocations.message>[] = [];
  subscribeFeed(ingress, TENANT, revocations, (message) => received.push(message), { logger });
  await ingress.flush();
  const routing = await openEventStore(await broker.connectAs('routing', 'core'), [appAggregate]);
  const store = await openEventStore(await broker.connectAs('audit', 'core'), AUTH_AGGREGATES);
  const end = async (running: RunningService) => {
    await running.drain();
    await running.stop();
  };
  return {
    broker,
    idp,
    ingress,
    console: await broker.connectAs('console'),
    store,
    operatorKey: privateKey,
    keyDirectory,
    revocations: received,
    log,
    clock,
    storeDelay,
    appendApp: async (id, facts) => {
      const ref = { tenant: TENANT, type: appAggregate, id };
      const { revision } = await routing.load(ref);
      const outcome = await routing.append(ref, revision, facts, metadataOf(newId('cmd')));
      if (outcome.status !== 'appended') throw new Error(`app not appended: ${outcome.status}`);
    },
    factsNamed: async (type) => {
      const found: (Fact & { commit: Commit })[] = [];
      for await (const commit of store.read({ filters: [{ tenant: TENANT }] }))
        for (const fact of commit.facts) if (fact.type === type) found.push({ ...fact, commit });
      return found;
    },
    restart: async (change = {}) => {
      await end(service);
      service = await start(change);
    },
    startAnother: async (change = {}) => {
      others.push(await start(change));
    },
    stop: async () => {
      await Promise.all([service, ...others].map(end));
      await Promise.all([broker.stop(), idp.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function slowed(store: EventStore, wait: { readonly ms: number }): EventStore {
  return {
    load: (ref) => store.load(ref),
    append: async (...given) => {
      if (wait.ms > 0) await delay(wait.ms);
      return store.append(...given);
    },
    read: (options) => store.read(options),
    follow: (options) => store.follow(options),
    head: () => store.head(),
  };
}

/** An app published at `url`, open to these users, groups and app roles. */
export function published(
  options: { url?: string; users?: readonly string[]; groups?: readonly string[]; roles?: readonly string[] } = {},
): AppFact[] {
  return [
    {
      type: 'AppPublished',
      data: {
        ...SETTINGS_SINCE_V2,
        name: 'Wiki',
        internalUrl: 'http://localhost:3000/',
        externalUrl: options.url ?? APP_URL,
        preauthentication: 'oidc',
        connectorGroupId: connectorGroupId.parse('grp_default'),
        backendTimeoutSeconds: 85,
        cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
        translateHeaders: true,
        validateBackendCertificate: true,
      },
    },
    ...(options.users ?? []).map((userId) => ({ type: 'AppUserAssigned' as const, data: { userId } })),
    ...(options.groups ?? []).map((groupId) => ({ type: 'AppGroupAssigned' as const, data: { groupId } })),
    ...(options.roles ?? []).map((role) => ({ type: 'AppRoleAssigned' as const, data: { role } })),
  ];
}
