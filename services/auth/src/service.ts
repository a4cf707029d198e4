import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import {
  assertionKeys,
  authorize,
  beginSignIn,
  completeSignIn,
  continueSignIn,
  endOwnSessions,
  openAppAccess,
  portal,
  revocations,
  signOut,
  verifyToken,
} from '#libs/contracts';
import { publishFeed, serveEndpoint } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import type { Logger } from '#libs/telemetry';
import { createIdentifyBearer } from './bearer/identify-bearer.ts';
import { NO_COUNTRIES } from './conditional-access/countries/country-lookup.ts';
import {
  type WatchedCountryDatabase,
  watchCountryDatabase,
} from './conditional-access/countries/watched-country-database.ts';
import { createPolicyJudges } from './conditional-access/policy-judge.ts';
import { servePolicySet } from './conditional-access/policy-set.api.ts';
import { createPolicySetChecks } from './conditional-access/policy-set.checks.ts';
import { type LivePolicySet, startPolicySet } from './conditional-access/policy-set-view.ts';
import { type AuthConfig, authConfig } from './config.ts';
import { handleAuthorize } from './decisions/authorize.api.ts';
import { AccessDecider } from './decisions/decide-access.ts';
import type { IdentityProvider } from './identity-provider/identity-provider.ts';
import { serveIdentityProviders } from './identity-provider/identity-providers.api.ts';
import { createIdentityProviders } from './identity-provider/providers.ts';
import { type AuthPorts, openPorts } from './ports.ts';
import { handleBeginSignIn } from './preauth/begin-sign-in.ts';
import { handleCompleteSignIn, transactionOf } from './preauth/complete-sign-in.ts';
import { handleContinueSignIn } from './preauth/continue-sign-in.ts';
import { clear } from './preauth/cookies.ts';
import { handleOpenAppAccess } from './preauth/open-app-access.ts';
import { type TypedSealer, typeSealer } from './preauth/sealed-values.ts';
import { createFindSignInApp } from './preauth/sign-in-app.ts';
import { answerStep, type SignInContext } from './preauth/sign-in-context.ts';
import { handleSignOut } from './preauth/sign-out.ts';
import { RecentSignOuts } from './provider-logout/recent-sign-outs.ts';
import { unconfirmedSecondsOf } from './refresh/due.ts';
import { createSessionRefresher } from './refresh/session-refresher.ts';
import { createRefusalRecorder } from './refusal-recorder.ts';
import { cacheOpened } from './sealing/cached-sealer.ts';
import { createNodeCryptoSealer } from './sealing/node-crypto-sealer.ts';
import { createNodeJoseSealer } from './sealing/node-jose-sealer.ts';
import { loadSealingKeys } from './sealing/sealing-keys.ts';
import { serveServiceTokens } from './service-tokens/service-token.api.ts';
import { serveSealSecret } from './single-sign-on/seal-secret.api.ts';
import { createSignOn, type SignOn } from './single-sign-on/sign-on.ts';
import { type AssertionSigner, createAssertionSigner } from './tokens/assertion-signer.ts';
import { createLocalOperatorVerifier } from './tokens/local-operator.ts';
import { createVerifyToken, type VerifyToken } from './tokens/verify-token.ts';
import { LiveState, type Revocation } from './user-session/live-state.ts';
import { handleEndOwnSessions, handlePortal } from './user-session/own-sessions.api.ts';
import { createUserSessions } from './user-session/user-sessions.ts';
import { servePeople } from './users/serve-people.ts';

/** Milliseconds between beats of the revocations feed: one that got lost shows as a gap at the next. */
const BEAT_MS = 5_000;
/** Milliseconds for a change of the policy set, which one subscription has brought, to come by the other. */
const POLICIES_DEADLINE_MS = 2_000;

export type AuthOptions = {
  /** Default: connected as the configuration says. */
  readonly ports?: AuthPorts;
  /** In place of the first one; default: as the configuration says. */
  readonly identityProvider?: IdentityProvider;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly nowMs?: () => number;
};

/**
 * Errors: ERR_AUTH_FILE, ERR_AUTH_COUNTRY_DATABASE, ERR_MESSAGING_CREDENTIALS, ERR_MESSAGING_CONNECT, and what reading the event
 * stream throws.
 */
export async function startAuth(
  config: AuthConfig,
  { logger }: ServiceContext,
  options: AuthOptions = {},
): Promise<RunningService> {
  const nowMs = options.nowMs ?? Date.now;
  const files = await loadFiles(config, logger, nowMs);
  const ports = options.ports ?? (await openPorts(config, logger));
  const { backbone, store } = ports;
  const { tenant } = config;
  const signInOrigin = new URL(config.signInUrl).origin;
  const providers = createIdentityProviders(config, { signInOrigin, logger, first: options.identityProvider });
  const identityProvider = providers.first.port;
  const policies = await startPolicySet({ store, tenant, logger });
  const live = await LiveState.start({
    store,
    tenant,
    logger,
    nowMs,
    onRevocation: (revocation) => {
      void decideBy(policies, revocation).then(() => publish(backbone, tenant, revocation));
    },
  });
  const refusals = createRefusalRecorder({ store, tenant, logger, nowMs });
  const { sealer, assertions, localOperator, countries, signOn } = files;
  const { portalUrl, decisionCacheSeconds: cacheSeconds, administratorRoles } = config;
  const context: SignInContext = {
    sealer,
    live,
    userSessions: createUserSessions({ store, tenant, live, nowMs }),
    providers,
    findApp: createFindSignInApp(live, portalUrl),
    refusals,
    signOuts: new RecentSignOuts(nowMs),
    judge: createPolicyJudges(() => policies.current(), countries),
    logger,
    signInOrigin,
    sessionSeconds: Math.floor(config.sessionHours * 3600),
    trustsIssuedAt: config.trustIssuedAtOfFreshSignIn,
    keepsRefreshTokens: config.refreshMinutes !== null,
    unconfirmedSeconds: unconfirmedSecondsOf(config),
    nowMs,
  };
  const refresher = createSessionRefresher(config, context);
  const checks = createPolicySetChecks(administratorRoles, {
    isCountryKnown: config.countryDatabase !== null,
    isGuestKnown: config.expectGuestClaim,
    hasSeveralProviders: providers.all.length > 1,
  });
  const served = [
    ...servePeople(backbone, { ...context, store, tenant }),
    ...serveSealSecret(backbone, { tenant, secrets: signOn.secrets, logger }),
    ...serveServiceTokens(backbone, { store, tenant, live, nowMs }, logger),
    serveIdentityProviders(backbone, { tenant, providers, logger }),
    ...servePolicySet({ nc: backbone, tenant, store, live: policies, checks, nowMs, logger }),
    ...serve(backbone, config, context, {
      decider: new AccessDecider({
        store,
        tenant,
        live,
        policySet: () => policies.current(),
        isSessionOfApp: (session, app) => providers.isOfApp(session, app),
        countries,
        assertions,
        refreshSession: refresher.refreshSession,
        originFieldsOf: (app, person) => signOn.fieldsOf(app, person),
        portalUrl,
        cacheSeconds,
        nowMs,
      }),
      verify: createVerifyToken({ identityProvider, localOperator, administratorRoles, refusals, live, nowMs }),
      assertions,
    }),
  ];
  // What was decided by the countries of before is asked anew.
  countries.onReplaced(() =>
    publish(backbone, tenant, { position: live.revocationPosition, sessionIds: [], appIds: [], everything: true }),
  );
  const beat = () => publish(backbone, tenant, { position: live.revocationPosition, sessionIds: [], appIds: [] });
  beat();
  // Ready means that the hub knows our endpoints.
  await backbone.flush();
  const beating = setInterval(beat, BEAT_MS).unref();
  const drain = once(async () => {
    await Promise.all(served.map((endpoint) => endpoint.drain()));
  });
  const stop = once(async () => {
    clearInterval(beating);
    refusals.stop();
    await refresher.stop();
    await countries.stop();
    await policies.stop();
    await live.stop();
    await providers.close();
    await signOn.stop();
    await ports.close();
  });
  return { ready: { signInUrl: config.signInUrl, issuer: providers.first.issuer }, drain, stop };
}

export const authService: ServiceDefinition<AuthConfig> = { name: 'auth', config: authConfig, start: startAuth };

type Files = {
  readonly sealer: TypedSealer;
  readonly assertions: AssertionSigner;
  readonly localOperator: ReturnType<typeof createLocalOperatorVerifier> | null;
  readonly countries: WatchedCountryDatabase;
  readonly signOn: SignOn;
};

/** Everything from disk first: a damaged key must stop the start before anything is answered. */
async function loadFiles(config: AuthConfig, logger: Logger, nowMs: () => number): Promise<Files> {
  const { keyDirectory, sealingKeyDays, tokenServiceCaFile, localOperator, countryDatabase } = config;
  const keys = loadSealingKeys(join(keyDirectory, 'sealing-keys.json'), sealingKeyDays, new Date(nowMs()));
  const plain =
    config.sealer === 'node-jose' ? await createNodeJoseSealer(keys, nowMs) : createNodeCryptoSealer(keys, nowMs);
  const issuer = new URL(config.signInUrl).origin;
  return {
    sealer: typeSealer(cacheOpened(plain, nowMs)),
    assertions: createAssertionSigner({ keyFile: join(keyDirectory, 'assertion-key.pem'), issuer, nowMs }),
    localOperator: localOperator === null ? null : createLocalOperatorVerifier(localOperator.publicKeyFile, nowMs),
    signOn: createSignOn({ keyDirectory, tokenServiceCaFile, nowMs, logger }),
    // Last: it watches its file from now on.
    countries: await openCountries(countryDatabase, logger),
  };
}

async function openCountries(file: string | null, logger: Logger): Promise<WatchedCountryDatabase> {
  return file === null
    ? { ...NO_COUNTRIES, onReplaced: () => undefined, stop: async () => undefined }
    : watchCountryDatabase({ file, logger });
}

function serve(
  nc: NatsConnection,
  { tenant }: AuthConfig,
  context: SignInContext,
  parts: {
    readonly decider: AccessDecider;
    readonly verify: VerifyToken;
    readonly assertions: AssertionSigner;
  },
): readonly { drain(): Promise<void> }[] {
  const { logger, sealer, live, userSessions, judge, nowMs } = context;
  const options = { queue: 'auth', logger };
  const { decider, verify, assertions } = parts;
  const own = { sealer, live, userSessions, providers: context.providers, decider, judge, nowMs };
  const identifyBearer = createIdentifyBearer({ providerOf: (app) => context.providers.ofApp(app), nowMs });
  const asking = { sealer, live, decider, identifyBearer, refusals: context.refusals };
  return [
    serveEndpoint(nc, tenant, beginSignIn, (r) => answerStep(context, r, () => handleBeginSignIn(context, r)), options),
    serveEndpoint(
      nc,
      tenant,
      continueSignIn,
      (r) => answerStep(context, r, () => handleContinueSignIn(context, r)),
      options,
    ),
    serveEndpoint(
      nc,
      tenant,
      completeSignIn,
      (r) => {
        const cookieName = transactionOf(r);
        return answerStep(
          context,
          r,
          () => handleCompleteSignIn(context, r),
          cookieName === null ? [] : [clear(cookieName)],
        );
      },
      options,
    ),
    serveEndpoint(
      nc,
      tenant,
      openAppAccess,
      (r) => answerStep(context, r, () => handleOpenAppAccess(context, r)),
      options,
    ),
    serveEndpoint(nc, tenant, signOut, (r) => answerStep(context, r, () => handleSignOut(context, r)), options),
    serveEndpoint(nc, tenant, portal, (r) => handlePortal(own, r), options),
    serveEndpoint(nc, tenant, endOwnSessions, (r) => handleEndOwnSessions(own, r), options),
    serveEndpoint(nc, tenant, authorize, (r) => handleAuthorize(asking, r), options),
    serveEndpoint(nc, tenant, verifyToken, verify, options),
    serveEndpoint(nc, tenant, assertionKeys, () => assertions.published(), options),
  ];
}

/** A connection that is closing takes no more messages: the next position, or the missing beat, tells the ingress. */
function publish(nc: NatsConnection, tenant: string, revocation: Revocation): void {
  if (nc.isClosed() || nc.isDraining()) return;
  const { position, sessionIds, appIds, policySetRevision, everything } = revocation;
  publishFeed(nc, tenant, revocations, {
    position,
    sessionIds: [...sessionIds],
    appIds: [...appIds],
    ...(policySetRevision === undefined && everything === undefined ? {} : { everything: true }),
  });
}

/**
 * Before the ingress is told to ask again about everything, this instance decides by the new policies. In vain: it is told all
 * the same, and decisions fail as the policies do.
 */
async function decideBy(policies: LivePolicySet, { policySetRevision }: Revocation): Promise<void> {
  if (policySetRevision !== undefined)
    await policies.waitFor(policySetRevision, POLICIES_DEADLINE_MS).catch(() => undefined);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
