import type { AppId, ExternalUrlFact, ExternalUrlState } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { CLAIM_GRACE_MS } from '../limits.ts';

/** What is known of the app that holds the claim now, looked up before deciding. */
export type ClaimHolder =
  /** Its app has the URL: the claim stands. */
  | { readonly status: 'holds' }
  /** Its app does not have the URL. The claim is younger or older than CLAIM_GRACE_MS by this much. */
  | { readonly status: 'does-not-hold'; readonly ageMs: number };

export type ExternalUrlCommand = { readonly externalUrl: string; readonly appId: AppId } & (
  | { readonly type: 'ClaimExternalUrl'; readonly holder: ClaimHolder }
  | { readonly type: 'ReleaseExternalUrl' }
);

/** ADR-0005. Errors: ERR_APP_DUPLICATE_URL; retryable while another publication of the URL may still be under way. */
export function decideExternalUrl(command: ExternalUrlCommand, state: ExternalUrlState): readonly ExternalUrlFact[] {
  const { externalUrl, appId } = command;
  const isOwn = state.status === 'claimed' && state.appId === appId;
  switch (command.type) {
    case 'ClaimExternalUrl':
      if (state.status === 'claimed' && isOwn && command.holder.status === 'holds') return [];
      if (state.status === 'claimed' && !isOwn) requireStale(command, state.appId);
      return [{ type: 'ExternalUrlClaimed', data: { externalUrl, appId } }];
    case 'ReleaseExternalUrl':
      return isOwn ? [{ type: 'ExternalUrlReleased', data: { externalUrl, appId } }] : [];
    default:
      return command satisfies never;
  }
}

function requireStale(command: Extract<ExternalUrlCommand, { type: 'ClaimExternalUrl' }>, holderId: string): void {
  const { externalUrl, holder } = command;
  const details = { field: 'externalUrl', externalUrl, appId: holderId };
  if (holder.status === 'holds')
    throw new SallyportError(
      'ERR_APP_DUPLICATE_URL',
      `externalUrl ${JSON.stringify(externalUrl)} belongs to app ${holderId}: choose another name or external URL, or retire that app`,
      { expose: true, details },
    );
  if (holder.ageMs >= CLAIM_GRACE_MS) return;
  const waitSeconds = Math.ceil((CLAIM_GRACE_MS - holder.ageMs) / 1000);
  throw new SallyportError(
    'ERR_APP_DUPLICATE_URL',
    `externalUrl ${JSON.stringify(externalUrl)} is being taken by app ${holderId}: choose another, or try again in ${waitSeconds} s`,
    { expose: true, retryable: true, details: { ...details, waitSeconds } },
  );
}
