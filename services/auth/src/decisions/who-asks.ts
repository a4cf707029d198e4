import { isDeepStrictEqual } from 'node:util';
import type { AppState, AuthorizeReply, BearerTokens } from '#libs/contracts';
import { refuseServiceToken, refuseToken, type TokenRefusal } from '../bearer/refuse-token.ts';
import { CLOCK_SKEW_SECONDS } from '../identity-provider/check-token.ts';
import type { VerifiedAccessToken } from '../identity-provider/identity-provider.ts';
import { judgeServiceToken, type PresentedServiceToken } from '../service-tokens/judge-service-token.ts';
import { isMadeBeforeSignOut, isSignedOut } from '../user-session/is-signed-out.ts';
import type { LiveState } from '../user-session/live-state.ts';
import { type Asker, askerOfAccessToken, askerOfServiceToken, askerOfSession, type SignedIn } from './asker.ts';
import { standingOf } from './evaluate-access.ts';

/** What the app's admin had said when the token was verified: it counts only as long as that is so. */
type TakenAs = { readonly bearerTokens: BearerTokens; readonly identityProvider: string | null };

/** What was brought in proof of who asks, checked as far as that depends on nothing that changes. */
export type Credential =
  | { readonly kind: 'session'; readonly sessionId: string }
  /** `hash`: SHA-256 of the token, which is not kept. */
  | {
      readonly kind: 'access-token';
      readonly token: VerifiedAccessToken;
      readonly hash: string;
      readonly takenAs: TakenAs;
    }
  | { readonly kind: 'service-token'; readonly presented: PresentedServiceToken };

/** Nobody: what was brought does not count (any more). */
export type Nobody = Extract<AuthorizeReply, { verdict: 'sign-in' }> | TokenRefusal;

export type WhoAsksParts = {
  readonly live: Pick<LiveState, 'session' | 'user' | 'serviceToken'>;
  /** Whether the session is of the identity provider that the app's users sign in with. Default: it is. */
  readonly isSessionOfApp?: ((session: SignedIn, app: AppState | null) => boolean) | undefined;
};

/** A name for the credential, for memory only. */
export function keyOf(credential: Credential): string {
  switch (credential.kind) {
    case 'session':
      return credential.sessionId;
    case 'access-token':
      return `access-token ${credential.hash}`;
    case 'service-token':
      return `${credential.presented.id} ${credential.presented.secretHash}`;
    default:
      return credential satisfies never;
  }
}

/** Who asks, as it is known at this moment. `app` null: the portal. Fails with what reading the state throws. */
export async function whoAsks(
  { live, isSessionOfApp }: WhoAsksParts,
  credential: Credential,
  about: { readonly appId: string; readonly app: AppState | null; readonly nowMs: () => number },
): Promise<Asker | Nobody> {
  const { appId, app, nowMs } = about;
  switch (credential.kind) {
    case 'session': {
      const { sessionId } = credential;
      const { state } = await live.session(sessionId);
      if (state.status === 'absent') return { verdict: 'sign-in', reason: 'session-ended' };
      const user = await live.user(state.principal);
      const standing = standingOf(state, nowMs());
      if (standing !== 'session-active') return { verdict: 'sign-in', reason: standing };
      if (isSignedOut(state, user.state)) return { verdict: 'sign-in', reason: 'session-ended' };
      if (isSessionOfApp?.(state, app) === false) return { verdict: 'sign-in', reason: 'session-of-another-provider' };
      return askerOfSession(sessionId, state, user.state);
    }
    case 'access-token': {
      const { token, takenAs } = credential;
      const { state: user } = await live.user(token.principal);
      if (!isTakenStill(takenAs, app)) return refuseToken('access-token-invalid');
      if (token.expiresAtMs + CLOCK_SKEW_SECONDS * 1000 <= nowMs()) return refuseToken('access-token-expired');
      if (isMadeBeforeSignOut(token, user)) return refuseToken('access-token-signed-out');
      return askerOfAccessToken(token, user);
    }
    case 'service-token': {
      const { presented } = credential;
      const { state } = await live.serviceToken(presented.id);
      const judged = judgeServiceToken(state, presented, { appId, nowMs: nowMs() });
      if (judged.status === 'refused') return refuseServiceToken(judged.reason, presented.id);
      return askerOfServiceToken(presented.id, judged.token, judged.expiresAt);
    }
    default:
      return credential satisfies never;
  }
}

function isTakenStill({ bearerTokens, identityProvider }: TakenAs, app: AppState | null): boolean {
  if (app === null || app.status === 'absent') return false;
  return app.identityProvider === identityProvider && isDeepStrictEqual(app.bearerTokens, bearerTokens);
}
