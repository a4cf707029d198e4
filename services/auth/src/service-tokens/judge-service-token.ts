import { createHash, timingSafeEqual } from 'node:crypto';
import { SERVICE_TOKEN_PREFIX, type ServiceTokenState } from '#libs/contracts';

/** What the text of a service token says; the secret only as its hash. */
export type PresentedServiceToken = { readonly id: string; readonly secretHash: string };
type IssuedToken = Exclude<ServiceTokenState, { status: 'absent' }>;

export type ServiceTokenJudgement =
  /** `expiresAt`: of the secret that was brought, ISO-8601 UTC. */
  | { readonly status: 'accepted'; readonly token: IssuedToken; readonly expiresAt: string }
  | {
      readonly status: 'refused';
      readonly reason: 'service-token-invalid' | 'service-token-expired' | 'service-token-revoked';
    }
  | { readonly status: 'refused'; readonly reason: 'service-token-of-another-app' };

const FORM = new RegExp(`^${SERVICE_TOKEN_PREFIX}(stk_[a-z2-7]{24})_([a-z2-7]{32})$`);

/** undefined: whatever this is, we never gave it out. */
export function readServiceToken(text: string): PresentedServiceToken | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secretHash: hashSecret(secret) };
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Pure. What it is refused for is told only to whoever knows the secret: to all others every token is invalid. */
export function judgeServiceToken(
  state: ServiceTokenState,
  { secretHash }: PresentedServiceToken,
  { appId, nowMs }: { readonly appId: string; readonly nowMs: number },
): ServiceTokenJudgement {
  if (state.status === 'absent') return { status: 'refused', reason: 'service-token-invalid' };
  // All are compared: how long it takes tells nothing.
  const [secret] = state.secrets.filter((one) => isSame(one.secretHash, secretHash));
  if (secret === undefined) return { status: 'refused', reason: 'service-token-invalid' };
  if (state.status === 'revoked') return { status: 'refused', reason: 'service-token-revoked' };
  // A day that cannot be read is over.
  const isGood = [secret.expiresAt, state.expiresAt].every((end) => Date.parse(end) > nowMs);
  if (!isGood) return { status: 'refused', reason: 'service-token-expired' };
  if (!state.appIds.includes(appId)) return { status: 'refused', reason: 'service-token-of-another-app' };
  return { status: 'accepted', token: state, expiresAt: secret.expiresAt };
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
