import {
  type AccessReason,
  type ClientKind,
  type DecisionCredential,
  type DeviceState,
  type Principal,
  type RiskLevel,
  type ServiceTokenState,
  signedInAtMs,
  type UserSessionState,
  type UserState,
  userIdOf,
} from '#libs/contracts';
import type { VerifiedAccessToken } from '../identity-provider/identity-provider.ts';
import { isNameOfPerson, usernameOfProgram } from './program-names.ts';

export type SignedIn = Exclude<UserSessionState, { status: 'absent' }>;
type IssuedToken = Exclude<ServiceTokenState, { status: 'absent' }>;

/** Who asks for access, whatever proved it: what assignment and policies look at. */
export type Asker = {
  readonly acceptedBy: Extract<AccessReason, 'session-active' | 'token-accepted' | 'service-token-accepted'>;
  /** null: a session. */
  readonly credential: DecisionCredential | null;
  /** What a revocation names: the session, or the user or service token that the credential names. */
  readonly id: string;
  readonly principal: Principal;
  /** Milliseconds since the epoch; 0: nobody says. */
  readonly authenticatedAtMs: number;
  /** When the session began, a person's or the one their token comes of; 0: nobody says, or there is none. */
  readonly startedAtMs: number;
  /** null: nobody says, as no token does. */
  readonly startAddress: string | null;
  /** Of the other IP family, where it began at two; null: it did not. */
  readonly otherStartAddress: string | null;
  readonly authenticationContexts: readonly string[];
  /** null here and below: unknown, but for `clientKind`: as the user agent says. */
  readonly deviceStates: readonly DeviceState[] | null;
  readonly signInRisk: RiskLevel | null;
  readonly userRisk: RiskLevel | null;
  readonly clientKind: ClientKind | null;
  readonly isUserDisabled: boolean;
  /** The credential names the app itself. */
  readonly isAssignedByToken: boolean;
  /** ISO-8601 UTC. */
  readonly expiresAt: string;
};

export function askerOfSession(id: string, session: SignedIn, user: UserState): Asker {
  const authenticatedAtMs = signedInAtMs(session);
  return {
    acceptedBy: 'session-active',
    credential: null,
    id,
    principal: personOf(session.principal),
    authenticatedAtMs,
    startedAtMs: authenticatedAtMs,
    startAddress: session.address,
    otherStartAddress: session.otherAddress ?? null,
    authenticationContexts: session.authenticationContexts,
    deviceStates: session.deviceStates ?? null,
    signInRisk: session.signInRisk ?? null,
    userRisk: user.risk,
    clientKind: null,
    isUserDisabled: user.status === 'disabled',
    isAssignedByToken: false,
    expiresAt: session.expiresAt,
  };
}

/**
 * A program is `machine` when it asks on its own behalf, whatever its user agent looks like. A token is as old as the
 * sign-in it comes of, not as itself: programs get new ones without asking anybody.
 */
export function askerOfAccessToken(token: VerifiedAccessToken, user: UserState): Asker {
  const isApp = token.kind === 'app';
  const id = userIdOf(token.principal);
  const authenticatedAtMs = isApp ? 0 : (token.authenticatedAtMs ?? 0);
  return {
    acceptedBy: 'token-accepted',
    credential: { kind: isApp ? 'app-token' : 'user-token', id },
    id,
    principal: isApp ? programOf(token.principal) : personOf(token.principal),
    authenticatedAtMs,
    startedAtMs: authenticatedAtMs,
    startAddress: null,
    otherStartAddress: null,
    authenticationContexts: token.authenticationContexts,
    deviceStates: token.deviceStates,
    signInRisk: null,
    userRisk: user.risk,
    clientKind: isApp ? 'machine' : 'native',
    isUserDisabled: user.status === 'disabled',
    isAssignedByToken: false,
    expiresAt: new Date(token.expiresAtMs).toISOString(),
  };
}

/** People call themselves what they like at some providers: whose username is in the form of a program's goes by the subject. */
function personOf(principal: Principal): Principal {
  return isNameOfPerson(principal.username) ? principal : { ...principal, username: principal.subject };
}

/** It is nobody's guest, and its user name is its client id in a form that no person has. */
function programOf(principal: Principal): Principal {
  return { ...principal, username: usernameOfProgram(principal.username), isGuest: false };
}

/**
 * Its user name is its id, which no person has: an origin that goes by names takes it for nobody. It is in no group, has no role and
 * is nobody's guest, which is known and not unknown. Nobody ever proved who they are by it (`authenticatedAtMs`).
 */
export function askerOfServiceToken(id: string, { name }: IssuedToken, secretExpiresAt: string): Asker {
  return {
    acceptedBy: 'service-token-accepted',
    credential: { kind: 'service-token', id },
    id,
    principal: {
      subject: id,
      directoryTenant: '',
      username: id,
      name,
      email: null,
      groups: [],
      roles: [],
      directoryRoles: [],
      isGuest: false,
    },
    authenticatedAtMs: 0,
    startedAtMs: 0,
    startAddress: null,
    otherStartAddress: null,
    authenticationContexts: [],
    deviceStates: null,
    signInRisk: null,
    userRisk: null,
    clientKind: 'machine',
    isUserDisabled: false,
    isAssignedByToken: true,
    expiresAt: secretExpiresAt,
  };
}
