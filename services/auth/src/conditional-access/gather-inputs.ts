import type { AccessInputs } from '#libs/conditional-access';
import { type ClientInfo, directoryRolesOf, groupsOf, signedInAtMs, type UserSessionState } from '#libs/contracts';
import { readUserAgent } from './user-agent.ts';

type SignedIn = Exclude<UserSessionState, { status: 'absent' }>;

/**
 * What policies are asked about, from what auth knows at this moment. Pure. Not known yet, and therefore `null`, which denies
 * wherever a policy asks for it: device states and both risks.
 */
export function gatherInputs(known: {
  readonly appId: string;
  readonly session: SignedIn;
  /** Of the user: those that app and policies name. Default: all. */
  readonly groups?: readonly string[];
  /** App roles of the user that are assigned to the app. Default: all. */
  readonly roles?: readonly string[];
  readonly client: ClientInfo;
  /** As in AccessInputs. */
  readonly country: string | null;
  readonly nowMs: number;
}): AccessInputs {
  const { appId, session, client, country, nowMs } = known;
  const { principal, authenticationContexts } = session;
  const authenticatedAtMs = signedInAtMs(session);
  return {
    appId,
    subject: principal.subject,
    groups: groupsOf(principal) === null ? null : (known.groups ?? principal.groups),
    roles: known.roles ?? principal.roles,
    directoryRoles: directoryRolesOf(principal),
    isGuest: principal.isGuest ?? null,
    authenticatedAtMs,
    sessionStartedAtMs: authenticatedAtMs,
    authenticationContexts,
    address: client.address,
    sessionAddress: session.address,
    ...(session.otherAddress === undefined ? {} : { otherSessionAddress: session.otherAddress }),
    country,
    ...readUserAgent(client.userAgent),
    deviceStates: null,
    signInRisk: null,
    userRisk: null,
    nowMs,
  };
}
