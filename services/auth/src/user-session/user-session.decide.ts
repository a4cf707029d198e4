import {
  type DeviceState,
  evolveUserSession,
  initialUserSessionState,
  type Principal,
  type UserSessionFact,
  type UserSessionState,
} from '#libs/contracts';
import type { Decider, FactOf } from '#libs/events';
import { sessionError } from '../errors.ts';

/** Openings of apps by one session, each a commit to be read with it; at the bound it ends, and its owner signs in again. */
export const MAX_OPENINGS_PER_SESSION = 2_000;

/** Null: as it was. */
type RefreshOutcome = {
  readonly attemptId: string;
  readonly principal: Principal | null;
  /** As auth sealed it. */
  readonly refreshToken: string | null;
  readonly deviceStates: readonly DeviceState[] | null;
  readonly at: string;
};

export type UserSessionCommand =
  | ({ readonly type: 'StartSession'; readonly principal: Principal } & Omit<
      FactOf<UserSessionFact, 'SessionStarted'>['data'],
      'principal'
    >)
  | ({ readonly type: 'OpenAppAccess'; readonly at: string } & FactOf<UserSessionFact, 'AppAccessOpened'>['data'])
  | ({ readonly type: 'AssessSignInRisk' } & FactOf<UserSessionFact, 'SignInRiskChanged'>['data'])
  /** Takes the right to use the refresh token, as the session was when `knownRefreshedAt` was read (null: never refreshed). */
  | ({
      readonly type: 'BeginRefresh';
      readonly at: string;
      readonly knownRefreshedAt: string | null;
    } & FactOf<UserSessionFact, 'SessionRefreshStarted'>['data'])
  | ({ readonly type: 'CompleteRefresh' } & RefreshOutcome)
  /** The identity provider says no, for good. */
  | { readonly type: 'RefuseRefresh'; readonly attemptId: string }
  /** `isOverdue`: the session has gone unconfirmed for too long. */
  | ({ readonly type: 'FailRefresh'; readonly isOverdue: boolean } & FactOf<
      UserSessionFact,
      'SessionRefreshFailed'
    >['data'])
  | ({ readonly type: 'EndSession' } & FactOf<UserSessionFact, 'SessionEnded'>['data']);

/**
 * Errors: ERR_SESSION_EXISTS (its id comes from the sign-in's state, so this is a replay), ERR_SESSION_ABSENT,
 * ERR_SESSION_ENDED, ERR_SESSION_EXPIRED, ERR_SESSION_TICKET_USED.
 */
export const userSessionDecider: Decider<UserSessionCommand, UserSessionFact, UserSessionState> = {
  initialState: initialUserSessionState,
  evolve: evolveUserSession,
  decide,
};

function decide(command: UserSessionCommand, state: UserSessionState): readonly UserSessionFact[] {
  if (command.type === 'StartSession') {
    const { type: _type, ...data } = command;
    if (state.status !== 'absent')
      throw sessionError('ERR_SESSION_EXISTS', 'a session was started by this sign-in before');
    return [{ type: 'SessionStarted', data }];
  }
  if (state.status === 'absent') throw sessionError('ERR_SESSION_ABSENT', 'there is no such session');
  switch (command.type) {
    case 'OpenAppAccess': {
      const { appId, ticketId, at, otherAddress } = command;
      if (state.status === 'ended') throw sessionError('ERR_SESSION_ENDED', `the session ended: ${state.reason}`);
      if (state.expiresAt <= at) throw sessionError('ERR_SESSION_EXPIRED', `the session expired at ${state.expiresAt}`);
      if (state.usedTickets.includes(ticketId))
        throw sessionError('ERR_SESSION_TICKET_USED', 'the ticket was used before');
      if ((state.openings ?? 0) >= MAX_OPENINGS_PER_SESSION)
        return [{ type: 'SessionEnded', data: { reason: 'too-many-openings' } }];
      // Later ones prove the session alone, which may have been stolen: its networks are those of the sign-in.
      const isOfSignIn = state.usedTickets.length === 0 && otherAddress !== undefined;
      return [{ type: 'AppAccessOpened', data: { appId, ticketId, ...(isOfSignIn ? { otherAddress } : {}) } }];
    }
    case 'AssessSignInRisk': {
      const { level, detail } = command;
      if (state.status === 'ended') throw sessionError('ERR_SESSION_ENDED', `the session ended: ${state.reason}`);
      return state.signInRisk === level ? [] : [{ type: 'SignInRiskChanged', data: { level, detail } }];
    }
    case 'BeginRefresh':
    case 'CompleteRefresh':
    case 'RefuseRefresh':
    case 'FailRefresh':
      return decideRefresh(command, state);
    case 'EndSession':
      // Ending twice is what was asked for already.
      return state.status === 'ended' ? [] : [{ type: 'SessionEnded', data: { reason: command.reason } }];
    default:
      return command satisfies never;
  }
}

type RefreshCommand = Extract<UserSessionCommand, { readonly type: `${string}Refresh` }>;

/**
 * Nothing, when the session is over, was refreshed meanwhile, or another attempt holds the lease: outcomes to expect, no errors. What an
 * attempt brings counts while the lease is its own, also after `until` when nobody else took it.
 */
function decideRefresh(command: RefreshCommand, state: UserSessionState): readonly UserSessionFact[] {
  if (state.status !== 'active' || state.refreshToken === undefined) return [];
  const { attemptId } = command;
  if (command.type === 'BeginRefresh') {
    const { at, until, knownRefreshedAt } = command;
    const isHeld = state.refreshLease !== undefined && state.refreshLease.until > at;
    if (isHeld || state.expiresAt <= at || (state.refreshedAt ?? null) !== knownRefreshedAt) return [];
    return [{ type: 'SessionRefreshStarted', data: { attemptId, until } }];
  }
  if (state.refreshLease?.attemptId !== attemptId) return [];
  switch (command.type) {
    case 'CompleteRefresh': {
      const { at, principal: person, refreshToken, deviceStates } = command;
      const next = { principal: person ?? state.principal, refreshToken: refreshToken ?? state.refreshToken };
      const device = deviceStates === null ? {} : { deviceStates: [...deviceStates] };
      return [{ type: 'SessionRefreshed', data: { attemptId, ...next, ...device, at } }];
    }
    case 'RefuseRefresh':
      return [{ type: 'SessionEnded', data: { reason: 'refresh-refused' } }];
    case 'FailRefresh': {
      const { type: _type, isOverdue: _isOverdue, ...data } = command;
      const failed = { type: 'SessionRefreshFailed', data } as const;
      return command.isOverdue ? [failed, { type: 'SessionEnded', data: { reason: 'unconfirmed' } }] : [failed];
    }
    default:
      return command satisfies never;
  }
}
