import type { z } from 'zod';
import {
  type AppFact,
  type AppId,
  type AppState,
  type AppView,
  appAggregate,
  type apps,
  type changeApp,
  evolveApp,
  initialAppState,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { LoadedAggregate } from '#libs/events';
import { requireActiveGroup } from '../connector-groups/require-active-group.ts';
import { appAbsent, tooMany } from '../errors.ts';
import { getEntry } from '../layered-map.ts';
import { CLAIM_USE_WITHIN_MS, MAX_APPS, MAX_APPS_PER_GROUP } from '../limits.ts';
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

  const startedAtMs = context.now();
  const wanted = wantedUrl(rehearsed);
  const left = before.state.status === 'published' && givesUpUrl(rehearsed) ? before.state.externalUrl : undefined;
  const leftClaim = left === undefined ? undefined : await currentClaim(context, left);
  const claim =
    wanted === undefined ? undefined : await claimExternalUrl(context, request, { externalUrl: wanted, appId });
  const result = await append(context, request, { command, appId, claim, startedAtMs });
  if (leftClaim !== undefined && gaveUp(result.facts, leftClaim.externalUrl))
    await releaseExternalUrl(context, request, { claim: leftClaim, appId });
  return { app: requireView(appId, result.revision, result.state) };
}

/** Pages of the directory by id, or one app. */
export function queryApps(context: RoutingContext, request: z.infer<typeof apps.request>): z.infer<typeof apps.reply> {
  const { directory } = context.readModel.view();
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

function wantedUrl(facts: readonly AppFact[]): string | undefined {
  for (const fact of facts)
    if (fact.type === 'AppPublished' || fact.type === 'AppExternalUrlChanged') return fact.data.externalUrl;
  return undefined;
}

function givesUpUrl(facts: readonly AppFact[]): boolean {
  return facts.some(({ type }) => type === 'AppExternalUrlChanged' || type === 'AppRetired');
}

/** Whether what was really appended gave up this URL: another command may have come between. */
function gaveUp(facts: readonly AppFact[], externalUrl: string): boolean {
  return facts.some(
    (fact) =>
      fact.type === 'AppRetired' ||
      (fact.type === 'AppExternalUrlChanged' && fact.data.previousExternalUrl === externalUrl),
  );
}

async function append(
  context: RoutingContext,
  request: ChangeRequest,
  step: {
    readonly command: DecideAppCommand;
    readonly appId: AppId;
    readonly claim: ClaimRevision | undefined;
    readonly startedAtMs: number;
  },
) {
  const { command, appId, claim } = step;
  try {
    // A claim is safe from others for CLAIM_GRACE_MS only: a process that was held up here must not go on with it.
    if (claim !== undefined && context.now() - step.startedAtMs > CLAIM_USE_WITHIN_MS) throw tooSlow(claim.externalUrl);
    return await execute(context, request, { type: appAggregate, id: appId, decider: appDecider, command });
  } catch (error) {
    if (claim !== undefined && isRefusal(error)) await releaseUnused(context, request, { claim, appId });
    throw error;
  }
}

/** Nothing was written for certain; after any other failure the append may still have happened. */
function isRefusal(error: unknown): boolean {
  return error instanceof SallyportError && !error.retryable;
}

async function releaseUnused(
  context: RoutingContext,
  request: ChangeRequest,
  step: { readonly claim: ClaimRevision; readonly appId: AppId },
): Promise<void> {
  const { state } = await loadApp(context, step.appId);
  const isHeld = state.status === 'published' && state.externalUrl === step.claim.externalUrl;
  if (!isHeld) await releaseExternalUrl(context, request, step);
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
