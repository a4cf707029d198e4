import type { z } from 'zod';
import { type AuthReply, authPaths, type beginSignIn } from '#libs/contracts';
import { challengeOf } from './challenge.decide.ts';
import { clearStale, createBinding, SIGN_IN_SECONDS } from './cookies.ts';
import { deny, denyUnknownProvider } from './denials.ts';
import { returnUrlOf } from './sign-in-app.ts';
import type { SignInContext } from './sign-in-context.ts';

/** ADR-0006, step 1, on the app's host: a sealed link to the sign-in host and a cookie that binds it to this browser; what a policy asks for travels in the seal. */
export async function handleBeginSignIn(
  context: SignInContext,
  request: z.infer<typeof beginSignIn.request>,
): Promise<AuthReply> {
  const app = await context.findApp(request.appId);
  if (app === null) return deny('app-unknown');
  if (context.providers.ofApp(app) === undefined) return denyUnknownProvider(app.identityProvider);
  const returnUrl = returnUrlOf(app, request.returnUrl);
  if (returnUrl === null) return deny('return-url-foreign');
  const { suffix, hash, setCookie } = createBinding();
  const challenge = challengeOf(request.challenge, context.nowMs());
  const begin = {
    appId: app.id,
    returnUrl,
    suffix,
    hash,
    address: request.client.address,
    ...(challenge !== null && { challenge: { ...challenge, contexts: [...challenge.contexts] } }),
  };
  const location = new URL(authPaths.signIn, context.signInOrigin);
  location.searchParams.set('t', await context.sealer.seal('begin', begin, SIGN_IN_SECONDS));
  return { kind: 'redirect', location: location.href, setCookies: [...clearStale(request.cookies, 'bind'), setCookie] };
}
