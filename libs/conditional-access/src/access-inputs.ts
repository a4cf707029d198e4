import type { ClientKind, DeviceState, Platform, RiskLevel } from '#libs/contracts';

/**
 * Everything a decision depends on besides the policy set: recorded with it, so that it can be made again. `null`: unknown. A policy
 * that needs an unknown input denies.
 */
export type AccessInputs = {
  readonly appId: string;
  readonly subject: string;
  readonly groups: readonly string[] | null;
  /** App roles, for assignment only. Absent: none that count. */
  readonly roles?: readonly string[] | undefined;
  readonly directoryRoles: readonly string[] | null;
  readonly isGuest: boolean | null;
  /** When the user last proved who they are, milliseconds since the epoch; 0: nobody says, and too old for every policy. */
  readonly authenticatedAtMs: number;
  /** Likewise; 0: nobody says, or there is no session. */
  readonly sessionStartedAtMs: number;
  /** What the identity provider vouched for (`acrs`). */
  readonly authenticationContexts: readonly string[];
  readonly address: string;
  /** The address the session began at; `unknown`: nobody says, as no token does. */
  readonly sessionAddress: string;
  /** A second one that it began at: the sign-in host was reached by one IP family, the app by the other. Absent: none. */
  readonly otherSessionAddress?: string | undefined;
  /** ISO 3166-1 alpha-2; `unknown`: looked up and not found; null: there is no way to look it up. */
  readonly country: string | null;
  readonly platform: Platform | null;
  readonly deviceStates: readonly DeviceState[] | null;
  readonly clientKind: ClientKind | null;
  readonly signInRisk: RiskLevel | null;
  readonly userRisk: RiskLevel | null;
  /** Denies before anything else. Absent: is not. */
  readonly isUserDisabled?: true | undefined;
  /** A service token names its apps itself. Absent: the app's assignment counts. */
  readonly isAssignedByToken?: true | undefined;
  readonly nowMs: number;
};
