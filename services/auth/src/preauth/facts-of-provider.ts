import type { UserSessionFact } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { FactOf } from '#libs/events';
import type { SignedIn } from '../identity-provider/identity-provider.ts';
import type { ConfiguredProvider } from '../identity-provider/providers.ts';
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

/**
 * When the session ends, given when it would; null: nothing says so. One that should be confirmed and has no refresh token ends early:
 * who took the scope `offline_access` out of the address would never be asked about again.
 */
export function endOfSession(
  { sessionSeconds, unconfirmedSeconds, nowMs }: SignInContext,
  provider: Pick<ConfiguredProvider, 'givesRefreshTokens'>,
  { refreshToken }: Partial<Started>,
  expiresAt: string | null,
): string {
  const isLong = refreshToken !== undefined || !provider.givesRefreshTokens;
  const endsAtMs = nowMs() + (isLong ? sessionSeconds : unconfirmedSeconds) * 1000;
  return new Date(expiresAt === null ? endsAtMs : Math.min(endsAtMs, Date.parse(expiresAt))).toISOString();
}

/** One that is too long to be kept is as good as none: the session is not confirmed. */
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
