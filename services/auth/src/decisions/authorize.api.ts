import type { z } from 'zod';
import { type AppState, type AuthorizeReply, type authorize, initialAppState, PORTAL_APP_ID } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import type { IdentifyBearer } from '../bearer/identify-bearer.ts';
import { isOfKnownToken } from '../bearer/refuse-token.ts';
import type { TypedSealer } from '../preauth/sealed-values.ts';
import type { RefusalRecorder } from '../refusal-recorder.ts';
import type { LiveState } from '../user-session/live-state.ts';
import type { AccessDecider } from './decide-access.ts';
import type { Credential, Nobody } from './who-asks.ts';

export type AuthorizeParts = {
  readonly sealer: TypedSealer;
  readonly live: Pick<LiveState, 'app'>;
  readonly decider: Pick<AccessDecider, 'decide'>;
  readonly identifyBearer: IdentifyBearer;
  readonly refusals: Pick<RefusalRecorder, 'record'>;
};
type Request = z.infer<typeof authorize.request>;

/** Who a cookie or token is, then what may be done with it. Fails with IdentityProviderError when nobody can say who a token is. */
export async function handleAuthorize(parts: AuthorizeParts, request: Request): Promise<AuthorizeReply> {
  const { appId, accessCookie, bearerToken, requestId, client, isReview } = request;
  const credential =
    bearerToken === undefined
      ? await credentialOfCookie(parts, appId, accessCookie)
      : await parts.identifyBearer(bearerToken, await appOf(parts, appId));
  const reply =
    'verdict' in credential
      ? credential
      : await parts.decider.decide({ appId, credential, requestId, client, isReview });
  if (reply.verdict === 'refuse-token') {
    const { reason, detail } = reply;
    const source = isOfKnownToken(reason) ? 'service-tokens' : 'apps';
    await parts.refusals.record({ type: 'TokenRefused', data: { reason, detail, audience: appId } }, requestId, source);
  }
  return reply;
}

/** A cookie that is not for this app is no cookie. */
async function credentialOfCookie(
  { sealer }: AuthorizeParts,
  appId: string,
  accessCookie: string | undefined,
): Promise<Credential | Nobody> {
  const access = await sealer.open('access', accessCookie);
  if (access === null) return { verdict: 'sign-in', reason: 'access-cookie-invalid' };
  if (access.appId !== appId) return { verdict: 'sign-in', reason: 'access-cookie-of-another-app' };
  if (appId !== PORTAL_APP_ID && !isSubjectToken(appId)) return { verdict: 'sign-in', reason: 'access-cookie-invalid' };
  return { kind: 'session', sessionId: access.sessionId };
}

/** The portal takes no tokens, as an app that is not there. */
async function appOf({ live }: AuthorizeParts, appId: string): Promise<AppState> {
  return appId === PORTAL_APP_ID || !isSubjectToken(appId) ? initialAppState : (await live.app(appId)).state;
}
