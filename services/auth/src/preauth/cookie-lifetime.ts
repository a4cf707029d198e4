import { type ClientInfo, PORTAL_APP_ID, type SessionControls, type UserSessionState } from '#libs/contracts';
import { gatherInputs } from '../conditional-access/gather-inputs.ts';
import { askerOfSession } from '../decisions/asker.ts';
import type { SignInContext } from './sign-in-context.ts';

/** What policies say of keeping cookies; undefined: nothing. */
export type Persistence = SessionControls['persistentBrowser'];

type Opening = {
  readonly appId: string;
  readonly sessionId: string;
  readonly session: UserSessionState;
  readonly client: ClientInfo;
};

/**
 * The strictest of the policies that apply to this person, app and client now. Policies that are not known count as `never`: a
 * cookie that ends with the browser can be had again.
 */
export async function persistenceOf(context: SignInContext, about: Opening): Promise<Persistence> {
  const { live, judge, logger, nowMs } = context;
  const { appId, sessionId, session, client } = about;
  if (session.status === 'absent') return 'never';
  try {
    const app = appId === PORTAL_APP_ID ? 'portal' : (await live.app(appId)).state;
    const { state: user } = await live.user(session.principal);
    const policies = judge();
    const country = policies.countryOf(client.address);
    const asker = askerOfSession(sessionId, session, user);
    const inputs = gatherInputs({ appId, asker, client, country, nowMs: nowMs() });
    return policies.decide(app, inputs).evaluation?.session.persistentBrowser;
  } catch (error) {
    logger.warn('policies for cookies are not known, they end with the browser', { error });
    return 'never';
  }
}

/** Seconds for which the sign-in host's cookie of a new session outlives the browser; undefined: it does not. */
export async function keptSecondsOf(context: SignInContext, about: Opening): Promise<number | undefined> {
  const { session } = about;
  if (session.status === 'absent' || (await persistenceOf(context, about)) !== 'always') return undefined;
  return secondsUntil(session.expiresAt, context.nowMs());
}

export function secondsUntil(instant: string, nowMs: number): number {
  return Math.max(1, Math.floor((Date.parse(instant) - nowMs) / 1000));
}
