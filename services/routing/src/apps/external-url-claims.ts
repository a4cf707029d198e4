import { createHash } from 'node:crypto';
import {
  type AppId,
  appAggregate,
  claimedUrlsOf,
  type ExternalUrlFact,
  type ExternalUrlState,
  evolveApp,
  evolveExternalUrl,
  externalUrlAggregate,
  initialAppState,
  initialExternalUrlState,
  newId,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { LoadedAggregate } from '#libs/events';
import { MAX_CLAIM_ATTEMPTS } from '../limits.ts';
import { metadataOf, type RequestContext, type RoutingContext } from '../routing-context.ts';
import { type ClaimHolder, decideExternalUrl } from './external-url.decide.ts';

/** A place in the history of a claim: what was released or taken over since is not released again. */
export type ClaimRevision = { readonly externalUrl: string; readonly revision: number };

/**
 * First step of taking an external URL (ADR-0005). A crash after it leaves a claim that its app does not hold; others may
 * take that over after CLAIM_GRACE_MS. Errors: ERR_APP_DUPLICATE_URL, ERR_APP_URL_CONTENDED (retryable), ERR_EVENTS_*.
 */
export async function claimExternalUrl(
  context: RoutingContext,
  request: RequestContext,
  claim: { readonly externalUrl: string; readonly appId: AppId },
): Promise<ClaimRevision> {
  const { externalUrl } = claim;
  const ref = claimRef(context, externalUrl);
  for (let attempt = 1; attempt <= MAX_CLAIM_ATTEMPTS; attempt += 1) {
    const loaded = await context.store.load(ref);
    const state = stateOf(loaded);
    const holder = await lookUpHolder(context, claim, { state, loaded });
    const facts = decideExternalUrl({ type: 'ClaimExternalUrl', ...claim, holder }, state);
    if (facts.length === 0) return { externalUrl, revision: loaded.revision };
    const metadata = metadataOf(context, request, newId('cmd'));
    const outcome = await context.store.append(ref, loaded.revision, facts, metadata);
    if (outcome.status !== 'conflict') return { externalUrl, revision: outcome.revision };
  }
  throw new SallyportError(
    'ERR_APP_URL_CONTENDED',
    `external URL ${externalUrl} is wanted by many at once, try again`,
    {
      expose: true,
      retryable: true,
      details: { externalUrl, attempts: MAX_CLAIM_ATTEMPTS },
    },
  );
}

/** Where the claim on a URL stands now, to release just that later. */
export async function currentClaim(context: RoutingContext, externalUrl: string): Promise<ClaimRevision> {
  const { revision } = await context.store.load(claimRef(context, externalUrl));
  return { externalUrl, revision };
}

/**
 * Gives a URL up, unless its claim moved on since. Never fails the command it belongs to: a claim that stays behind is
 * stale and can be taken over.
 */
export async function releaseExternalUrl(
  context: RoutingContext,
  request: RequestContext,
  release: { readonly claim: ClaimRevision; readonly appId: AppId },
): Promise<void> {
  const { externalUrl, revision } = release.claim;
  try {
    const ref = claimRef(context, externalUrl);
    const loaded = await context.store.load(ref);
    if (loaded.revision !== revision) return;
    const command = { type: 'ReleaseExternalUrl', externalUrl, appId: release.appId } as const;
    const facts = decideExternalUrl(command, stateOf(loaded));
    if (facts.length > 0) await context.store.append(ref, revision, facts, metadataOf(context, request, newId('cmd')));
  } catch (error) {
    context.logger.warn('external url not released, its claim is stale now', { externalUrl, error });
  }
}

/** Id of the aggregate that holds the claim on a normalized external URL. */
export function externalUrlId(externalUrl: string): string {
  return createHash('sha256').update(externalUrl).digest('hex');
}

function claimRef(context: RoutingContext, externalUrl: string) {
  return { tenant: context.tenant, type: externalUrlAggregate, id: externalUrlId(externalUrl) };
}

function stateOf(loaded: LoadedAggregate<ExternalUrlFact>): ExternalUrlState {
  return loaded.facts.reduce(evolveExternalUrl, initialExternalUrlState);
}

async function lookUpHolder(
  context: RoutingContext,
  claim: { readonly externalUrl: string },
  current: { readonly state: ExternalUrlState; readonly loaded: LoadedAggregate<ExternalUrlFact> },
): Promise<ClaimHolder> {
  if (current.state.status === 'free') return { status: 'does-not-hold', ageMs: 0 };
  const ref = { tenant: context.tenant, type: appAggregate, id: current.state.appId };
  const app = (await context.store.load(ref)).facts.reduce(evolveApp, initialAppState);
  if (app.status === 'published' && claimedUrlsOf(app).includes(claim.externalUrl)) return { status: 'holds' };
  const claimedAt = current.loaded.commits.at(-1)?.metadata.at;
  const ageMs = claimedAt === undefined ? 0 : context.now() - Date.parse(claimedAt);
  return { status: 'does-not-hold', ageMs };
}
