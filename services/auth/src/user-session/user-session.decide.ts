import {
  evolveUserSession,
  initialUserSessionState,
  type Principal,
  type UserSessionFact,
  type UserSessionState,
} from '#libs/contracts';
import type { Decider, FactOf } from '#libs/events';
import { sessionError } from '../errors.ts';

export type UserSessionCommand =
  | ({ readonly type: 'StartSession'; readonly principal: Principal } & Omit<
      FactOf<UserSessionFact, 'SessionStarted'>['data'],
      'principal'
    >)
  | ({ readonly type: 'OpenAppAccess'; readonly at: string } & FactOf<UserSessionFact, 'AppAccessOpened'>['data'])
  | ({ readonly type: 'AssessSignInRisk' } & FactOf<UserSessionFact, 'SignInRiskChanged'>['data'])
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
      // Later ones prove the session alone, which may have been stolen: its networks are those of the sign-in.
      const isOfSignIn = state.usedTickets.length === 0 && otherAddress !== undefined;
      return [{ type: 'AppAccessOpened', data: { appId, ticketId, ...(isOfSignIn ? { otherAddress } : {}) } }];
    }
    case 'AssessSignInRisk': {
      const { level, detail } = command;
      if (state.status === 'ended') throw sessionError('ERR_SESSION_ENDED', `the session ended: ${state.reason}`);
      return state.signInRisk === level ? [] : [{ type: 'SignInRiskChanged', data: { level, detail } }];
    }
    case 'EndSession':
      // Ending twice is what was asked for already.
      return state.status === 'ended' ? [] : [{ type: 'SessionEnded', data: { reason: command.reason } }];
    default:
      return command satisfies never;
  }
}
