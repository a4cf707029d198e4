import type { AuthReply } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import type { PolicyJudge } from '../conditional-access/policy-judge.ts';
import { IdentityProviderError } from '../errors.ts';
import type { IdentityProviders } from '../identity-provider/providers.ts';
import type { RecentSignOuts } from '../provider-logout/recent-sign-outs.ts';
import type { RefusalRecorder } from '../refusal-recorder.ts';
import type { LiveState } from '../user-session/live-state.ts';
import type { UserSessions } from '../user-session/user-sessions.ts';
import { type DenialReason, type DeniedReply, deny } from './denials.ts';
import type { TypedSealer } from './sealed-values.ts';
import type { FindSignInApp } from './sign-in-app.ts';

/** What the steps of a sign-in share. */
export type SignInContext = {
  readonly sealer: TypedSealer;
  readonly live: LiveState;
  readonly userSessions: UserSessions;
  readonly providers: IdentityProviders;
  readonly findApp: FindSignInApp;
  readonly refusals: RefusalRecorder;
  readonly signOuts: RecentSignOuts;
  /** Throws when the policies are not known. */
  readonly judge: () => PolicyJudge;
  readonly logger: Logger;
  /** Origin of the sign-in host. */
  readonly signInOrigin: string;
  readonly sessionSeconds: number;
  /** See `trustIssuedAtOfFreshSignIn` of the configuration. */
  readonly trustsIssuedAt: boolean;
  /** Refresh tokens are kept, sealed: sessions are confirmed with them. */
  readonly keepsRefreshTokens: boolean;
  /** How long a session lasts at most that should be confirmed and has no refresh token. */
  readonly unconfirmedSeconds: number;
  readonly nowMs: () => number;
};

type Requested = { readonly requestId: string; readonly client: { readonly address: string } };

/** Runs one step; what it denies, or the identity provider refuses, is recorded as SignInRefused (bounded) and answered. */
export async function answerStep(
  context: SignInContext,
  request: Requested,
  step: () => Promise<AuthReply>,
  clearOnRefusal: readonly string[] = [],
): Promise<AuthReply> {
  const reply = await step().catch((error: unknown): DeniedReply => {
    if (!(error instanceof IdentityProviderError) || error.reason === 'refresh-refused') throw error;
    context.logger.warn('identity provider refusal', { requestId: request.requestId, error });
    return deny(error.reason satisfies DenialReason, clearOnRefusal, error.message);
  });
  if (reply.kind === 'denied') {
    const { reason, detail } = reply;
    const { requestId, client } = request;
    const data = { reason, detail, requestId, address: client.address };
    await context.refusals.record({ type: 'SignInRefused', data }, requestId, 'sign-in');
  }
  return reply;
}
