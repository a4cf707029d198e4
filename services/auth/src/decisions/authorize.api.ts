import type { z } from 'zod';
import { type AuthorizeReply, type authorize, PORTAL_APP_ID } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import type { TypedSealer } from '../preauth/sealed-values.ts';
import type { AccessDecider } from './decide-access.ts';

/** Opens the access cookie, then decides. A cookie that is not for this app is no cookie. */
export async function handleAuthorize(
  parts: { readonly sealer: TypedSealer; readonly decider: AccessDecider },
  request: z.infer<typeof authorize.request>,
): Promise<AuthorizeReply> {
  const { appId, accessCookie, requestId, client } = request;
  const access = await parts.sealer.open('access', accessCookie);
  if (access === null) return { verdict: 'sign-in', reason: 'access-cookie-invalid' };
  if (access.appId !== appId) return { verdict: 'sign-in', reason: 'access-cookie-of-another-app' };
  if (appId !== PORTAL_APP_ID && !isSubjectToken(appId)) return { verdict: 'sign-in', reason: 'access-cookie-invalid' };
  return parts.decider.decide({ appId, sessionId: access.sessionId, requestId, client });
}
