import type { AccessInputs } from '#libs/conditional-access';
import { type ClientInfo, directoryRolesOf, groupsOf } from '#libs/contracts';
import type { Asker } from '../decisions/asker.ts';
import { readUserAgent } from './user-agent.ts';

/** What policies are asked about, from what auth knows at this moment. Pure. `null`: unknown, which denies wherever a policy asks for it. */
export function gatherInputs(known: {
  readonly appId: string;
  readonly asker: Asker;
  /** Of the user: those that app and policies name. Default: all. */
  readonly groups?: readonly string[];
  /** App roles of the user that are assigned to the app. Default: all. */
  readonly roles?: readonly string[];
  readonly client: ClientInfo;
  /** As in AccessInputs. */
  readonly country: string | null;
  readonly nowMs: number;
}): AccessInputs {
  const { appId, asker, client, country, nowMs } = known;
  const { principal } = asker;
  const { platform, clientKind } = readUserAgent(client.userAgent);
  return {
    appId,
    subject: principal.subject,
    groups: groupsOf(principal) === null ? null : (known.groups ?? principal.groups),
    roles: known.roles ?? principal.roles,
    directoryRoles: directoryRolesOf(principal),
    isGuest: principal.isGuest ?? null,
    authenticatedAtMs: asker.authenticatedAtMs,
    sessionStartedAtMs: asker.startedAtMs,
    authenticationContexts: asker.authenticationContexts,
    address: client.address,
    sessionAddress: asker.startAddress ?? 'unknown',
    ...(asker.otherStartAddress === null ? {} : { otherSessionAddress: asker.otherStartAddress }),
    country,
    platform,
    clientKind: asker.clientKind ?? clientKind,
    deviceStates: asker.deviceStates,
    signInRisk: asker.signInRisk,
    userRisk: asker.userRisk,
    ...(asker.isUserDisabled ? { isUserDisabled: true as const } : {}),
    ...(asker.isAssignedByToken ? { isAssignedByToken: true as const } : {}),
    nowMs,
  };
}
