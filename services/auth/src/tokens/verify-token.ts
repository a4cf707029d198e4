import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import { MANAGE_SCOPE, REGISTER_SCOPE, type UserState, type verifyToken } from '#libs/contracts';
import { IdentityProviderError } from '../errors.ts';
import type { IdentityProvider, VerifiedBearer } from '../identity-provider/identity-provider.ts';
import type { RefusalRecorder } from '../refusal-recorder.ts';
import { isMadeBeforeSignOut } from '../user-session/is-signed-out.ts';
import type { LiveState } from '../user-session/live-state.ts';
import { claimsLocalOperator, type LocalOperatorVerifier } from './local-operator.ts';

/** Verified tokens remembered; at the bound the one not asked for longest goes and costs one check more. */
export const MAX_VERIFIED_TOKENS = 5_000;
/** Longest time a verified token is not checked again, in milliseconds. */
export const VERIFIED_TOKEN_MS = 300_000;

type Refusal = { readonly reason: string; readonly detail: string };
type Verified = VerifiedBearer & { readonly isLocalOperator: boolean; readonly untilMs: number };

export type VerifyToken = (request: z.infer<typeof verifyToken.request>) => Promise<z.infer<typeof verifyToken.reply>>;

/**
 * Bearer tokens for our own API: the identity provider's by scope, the local operator's by signature. What is recorded of the person is
 * looked at each time, whatever is remembered of the token: disabled, or signed out everywhere since, it counts no more. Fails with what
 * reading that throws: then nobody is let in.
 */
export function createVerifyToken(options: {
  readonly identityProvider: Pick<IdentityProvider, 'verifyBearer'>;
  readonly localOperator: LocalOperatorVerifier | null;
  readonly administratorRoles: readonly string[];
  readonly refusals: Pick<RefusalRecorder, 'record'>;
  readonly live: Pick<LiveState, 'user'>;
  readonly nowMs: () => number;
}): VerifyToken {
  const { identityProvider, localOperator, refusals, live, nowMs } = options;
  const administratorRoles = new Set(options.administratorRoles);
  const verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED_TOKENS });
  const verify = async (token: string, scope: string): Promise<Verified> => {
    const key = createHash('sha256').update(`${scope}\0${token}`).digest('base64url');
    const known = verified.get(key);
    if (known !== undefined && known.untilMs > nowMs()) return known;
    const operator = claimsLocalOperator(token) ? localOperator : null;
    const checked =
      operator === null
        ? await identityProvider.verifyBearer(token, scope)
        : await requireScope(scope, () => operator(token));
    const untilMs = Math.min(checked.expiresAtMs, nowMs() + VERIFIED_TOKEN_MS);
    const fresh = { ...checked, isLocalOperator: operator !== null, untilMs };
    verified.set(key, fresh);
    return fresh;
  };
  const refuse = async ({ reason, detail }: Refusal, audience: string, requestId: string) => {
    await refusals.record({ type: 'TokenRefused', data: { reason, detail, audience } }, requestId, 'api');
    return { status: 'refused' as const, reason, detail };
  };
  return async ({ token, scope, requestId }) => {
    let accepted: Verified;
    try {
      accepted = await verify(token, scope);
    } catch (error) {
      if (!(error instanceof IdentityProviderError)) throw error;
      return refuse({ reason: error.reason, detail: error.message }, scope, requestId);
    }
    const { principal, expiresAtMs, isLocalOperator } = accepted;
    // The local operator is no person of a directory.
    const refusal = isLocalOperator ? undefined : refusalOf((await live.user(principal)).state, accepted);
    if (refusal !== undefined) return refuse(refusal, scope, requestId);
    const isAdministrator = isLocalOperator || principal.directoryRoles.some((role) => administratorRoles.has(role));
    return { status: 'accepted', principal, isAdministrator, expiresAt: new Date(expiresAtMs).toISOString() };
  };
}

/** Why a token that is good does not count for its user; undefined: it does. */
function refusalOf(user: UserState, token: VerifiedBearer): Refusal | undefined {
  if (user.status === 'disabled')
    return { reason: 'user-disabled', detail: 'The token was refused: an administrator has disabled its user.' };
  if (!isMadeBeforeSignOut(token, user)) return undefined;
  const detail = 'The token was refused: it is from before its user was signed out everywhere, get a new one.';
  return { reason: 'token-signed-out', detail };
}

function requireScope<T>(scope: string, work: () => Promise<T>): Promise<T> {
  if (scope === MANAGE_SCOPE || scope === REGISTER_SCOPE) return work();
  return Promise.reject(
    new IdentityProviderError('token-invalid', 'The token was refused: the scope is not one of ours.'),
  );
}
