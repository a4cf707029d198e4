import type { z } from 'zod';
import {
  type AppFact,
  type AppId,
  type AppState,
  type AppView,
  appAggregate,
  type apps,
  type changeApp,
  claimedUrlsOf,
  evolveApp,
  initialAppState,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { LoadedAggregate } from '#libs/events';
import { configBytes } from '../config/connector-config.ts';
import { requireActiveGroup } from '../connector-groups/require-active-group.ts';
import { appAbsent, tooMany } from '../errors.ts';
import { getEntry } from '../layered-map.ts';
import { CLAIM_USE_WITHIN_MS, MAX_APPS, MAX_APPS_PER_GROUP, MAX_GROUP_CONFIG_BYTES } from '../limits.ts';
import type { RoutingView } from '../routing.projection.ts';
import { execute, idFromCommand, type RoutingContext, requireId } from '../routing-context.ts';
import { appDecider, type DecideAppCommand, decideApp } from './app.decide.ts';
import { appsOfGroup, sortedApps, toAppView } from './app-directory.projection.ts';
import { pageOfApps } from './app-pages.ts';
import type { AppChanges } from './app-settings.ts';
import { normalizeCertificateAuthority } from './certificate-authority.ts';
import { type ClaimRevision, claimExternalUrl, currentClaim, releaseExternalUrl } from './external-url-claims.ts';

type ChangeRequest = z.infer<typeof changeApp.request>;
type Loaded = { readonly loaded: LoadedAggregate<AppFact>; readonly state: AppState };

/**
 * Commands of apps. Everything that can be refused is refused before the claim on the external URL; then claim, decide and
 * append, release (ADR-0005).
 */
export async function handleAppCommand(context: RoutingContext, request: ChangeRequest): Promise<{ app: AppView }> {
  const command = toDecideCommand(context, request);
  const appId = command.appId as AppId;
  const before = await loadApp(context, appId);
  const earlier = outcomeOf(request.commandId, before.loaded);
  if (earlier) return { app: requireView(appId, earlier.revision, earlier.state) };
  requireRevision(request, appId, before.loaded.revision);
  const rehearsed = decideApp(command, before.state);
  if (rehearsed.length === 0 && before.state.status !== 'absent')
    return { app: requireView(appId, before.loaded.revision, before.state) };
  await requireRoom(context, rehearsed);
  requireConfigRoom(context, appId, rehearsed.reduce(evolveApp, before.state));

  const change = urlsChanged(before.state, rehearsed);
  const given = { startedAtMs: context.now(), claims: [] as ClaimRevision[] };
  const leftClaims = await Promise.all(change.left.map((url) => currentClaim(context, url)));
  const result = await orRelease(context, request, { appId, claims: given.claims }, async () => {
    for (const externalUrl of change.wanted)
      given.claims.push(await claimExternalUrl(context, request, { externalUrl, appId }));
    return append(context, request, { command, appId, ...given });
  });
  const held = urlsOf(result.state);
  for (const claim of leftClaims)
    if (!held.includes(claim.externalUrl)) await releaseExternalUrl(context, request, { claim, appId });
  return { app: requireView(appId, result.revision, result.state) };
}

/** Pages of the directory by id, or one app. */
export function queryApps(view: RoutingView, request: z.infer<typeof apps.request>): z.infer<typeof apps.reply> {
  const { directory } = view;
  const isShown = (app: AppView) => app.status === 'published' || request.includeRetired === true;
  if (request.id === undefined) return pageOfApps(directory.position, sortedApps(directory).filter(isShown), request);
  const app = getEntry(directory.apps, request.id);
  return { position: directory.position, apps: app !== undefined && isShown(app) ? [app] : [], next: null };
}

function toDecideCommand(context: RoutingContext, { command, commandId }: ChangeRequest): DecideAppCommand {
  const { policy } = context;
  if (command.type === 'PublishApp') {
    const appId = requireId(command.appId ?? idFromCommand('app', commandId));
    return { ...command, policy, appId, settings: withReadAuthority(command.settings) };
  }
  if (command.type === 'ChangeApp')
    return { ...command, policy, appId: requireId(command.appId), changes: withReadAuthority(command.changes) };
  return { ...command, appId: requireId(command.appId) };
}

/** Certificates are read ahead of the decider, which is pure. */
function withReadAuthority<T extends AppChanges>(settings: T): T {
  const pem = settings.originCertificateAuthority;
  if (pem === undefined || pem === null) return settings;
  return { ...settings, originCertificateAuthority: normalizeCertificateAuthority(pem) };
}

async function loadApp(context: RoutingContext, appId: string): Promise<Loaded> {
  const loaded = await context.store.load({ tenant: context.tenant, type: appAggregate, id: appId });
  return { loaded, state: loaded.facts.reduce(evolveApp, initialAppState) };
}

/** What a command came to that was committed before, as it was then. */
function outcomeOf(commandId: string, { commits }: LoadedAggregate<AppFact>) {
  const index = commits.findIndex(({ metadata }) => metadata.commandId === commandId);
  const commit = commits[index];
  if (commit === undefined) return undefined;
  const facts = commits.slice(0, index + 1).flatMap((one) => one.facts);
  return { revision: commit.position, state: facts.reduce(evolveApp, initialAppState) };
}

/** Ahead of the claim; handleCommand checks it again when it appends. */
function requireRevision(request: ChangeRequest, appId: string, revision: number): void {
  if (request.expectedRevision === undefined || request.expectedRevision === revision) return;
  throw new SallyportError(
    'ERR_EVENTS_STALE_REVISION',
    `app ${appId} is at revision ${revision}, not ${request.expectedRevision}: read it again and repeat the change`,
    { expose: true, details: { appId, revision, expectedRevision: request.expectedRevision } },
  );
}

/** The connector group must exist and the maxima must hold. */
async function requireRoom(context: RoutingContext, facts: readonly AppFact[]): Promise<void> {
  const { directory } = context.readModel.view();
  for (const fact of facts) {
    if (fact.type !== 'AppPublished' && fact.type !== 'AppMovedToConnectorGroup') continue;
    await requireActiveGroup(context, fact.data.connectorGroupId);
    if (appsOfGroup(directory, fact.data.connectorGroupId).length >= MAX_APPS_PER_GROUP)
      throw tooMany('ERR_APP_TOO_MANY', 'apps in one connector group', MAX_APPS_PER_GROUP, 'choose another group');
    if (fact.type !== 'AppPublished') continue;
    if (sortedApps(directory).filter(({ status }) => status === 'published').length >= MAX_APPS)
      throw tooMany('ERR_APP_TOO_MANY', 'published apps', MAX_APPS, 'retire one first');
  }
}

/** What an app's group is told, with this app as it will be. The limit may be passed by changes that meet at once: it is not tight. */
function requireConfigRoom(context: RoutingContext, appId: string, state: AppState): void {
  const view = toAppView(appId, 0, state);
  if (view?.status !== 'published') return;
  const others = appsOfGroup(context.readModel.view().directory, view.connectorGroupId).filter(
    ({ id }) => id !== appId,
  );
  const bytes = others.reduce((sum, app) => sum + configBytes(app), configBytes(view));
  if (bytes <= MAX_GROUP_CONFIG_BYTES) return;
  throw tooMany(
    'ERR_APP_TOO_MANY',
    'bytes of configuration in one connector group',
    MAX_GROUP_CONFIG_BYTES,
    'choose another group, or give fewer certificate authorities and segments',
  );
}

/** Which external URLs the facts take and give up. */
function urlsChanged(
  before: AppState,
  facts: readonly AppFact[],
): { readonly wanted: readonly string[]; readonly left: readonly string[] } {
  const [had, has] = [urlsOf(before), urlsOf(facts.reduce(evolveApp, before))];
  return { wanted: has.filter((url) => !had.includes(url)), left: had.filter((url) => !has.includes(url)) };
}

function urlsOf(state: AppState): readonly string[] {
  return state.status === 'published' ? claimedUrlsOf(state) : [];
}

function append(
  context: RoutingContext,
  request: ChangeRequest,
  step: {
    readonly command: DecideAppCommand;
    readonly appId: AppId;
    readonly claims: readonly ClaimRevision[];
    readonly startedAtMs: number;
  },
) {
  const { command, appId, claims } = step;
  const [first] = claims;
  // A claim is safe from others for CLAIM_GRACE_MS only: a process that was held up here must not go on with it.
  if (first !== undefined && context.now() - step.startedAtMs > CLAIM_USE_WITHIN_MS) throw tooSlow(first.externalUrl);
  return execute(context, request, { type: appAggregate, id: appId, decider: appDecider, command });
}

/** Claims that were made for nothing are given back, where it is certain that they were. */
async function orRelease<T>(
  context: RoutingContext,
  request: ChangeRequest,
  step: { readonly appId: AppId; readonly claims: readonly ClaimRevision[] },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error) && step.claims.length > 0) await releaseUnused(context, request, step);
    throw error;
  }
}

/** Nothing was written for certain; after any other failure the append may still have happened. */
function isRefusal(error: unknown): boolean {
  return error instanceof SallyportError && (!error.retryable || error.code === 'ERR_APP_DUPLICATE_URL');
}

async function releaseUnused(
  context: RoutingContext,
  request: ChangeRequest,
  { claims, appId }: { readonly claims: readonly ClaimRevision[]; readonly appId: AppId },
): Promise<void> {
  const held = urlsOf((await loadApp(context, appId)).state);
  for (const claim of claims)
    if (!held.includes(claim.externalUrl)) await releaseExternalUrl(context, request, { claim, appId });
}

function tooSlow(externalUrl: string): SallyportError {
  return new SallyportError('ERR_APP_URL_CONTENDED', `claiming external URL ${externalUrl} took too long, try again`, {
    expose: true,
    retryable: true,
    details: { externalUrl, maxMs: CLAIM_USE_WITHIN_MS },
  });
}

function requireView(appId: string, revision: number, state: AppState): AppView {
  const view = toAppView(appId, revision, state);
  if (view === undefined) throw appAbsent(appId);
  return view;
}
