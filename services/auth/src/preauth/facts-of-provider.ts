import type { UserSessionFact } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { FactOf } from '#libs/events';
import type { SignedIn } from '../identity-provider/identity-provider.ts';
import type { SignInContext } from './sign-in-context.ts';

type Started = FactOf<UserSessionFact, 'SessionStarted'>['data'];

/** What the session keeps of its sign-in for later: to be ended by the provider, judged by the device, confirmed by the refresh token. */
export async function factsOfProvider(
  context: SignInContext,
  { providerSubject, providerSessionId, deviceStates, refreshToken }: SignedIn,
): Promise<Partial<Started>> {
  const sealed = refreshToken === null ? null : await sealRefreshToken(context, refreshToken);
  return {
    providerSubject,
    ...(providerSessionId === null ? {} : { providerSessionId }),
    ...(deviceStates === null ? {} : { deviceStates: [...deviceStates] }),
    ...(sealed === null ? {} : { refreshToken: sealed }),
  };
}

/** One that is too long to be kept is as good as none: the session lasts, and is not confirmed. */
async function sealRefreshToken(
  { keepsRefreshTokens, sealer, sessionSeconds, logger }: SignInContext,
  token: string,
): Promise<string | null> {
  if (!keepsRefreshTokens) return null;
  try {
    return await sealer.seal('refresh-token', { token }, sessionSeconds);
  } catch (error) {
    if (!isSallyportError(error, 'ERR_AUTH_SEAL_SIZE')) throw error;
    logger.warn('refresh token is too long to be kept', { characters: token.length });
    return null;
  }
}
