import type { z } from 'zod';
import { type changeUser, evolveUser, initialUserState, type UserFact, type UserState } from '#libs/contracts';
import type { Actor, Decider } from '#libs/events';
import type { Person } from '../user-session/live-state.ts';
import { userError } from './user-error.ts';

export type UserCommand = {
  readonly person: Person;
  readonly change: z.infer<typeof changeUser.request>['command'];
  readonly actor: Actor;
  /** Of people who are actors: that of the first identity provider, whose tokens manage. */
  readonly actorDirectory: string;
  /** ISO-8601 UTC. */
  readonly at: string;
};

/** What is there already is no fact, but signing out again means the sign-ins since. Error: ERR_USER_SELF. */
export const userDecider: Decider<UserCommand, UserFact, UserState> = {
  initialState: initialUserState,
  evolve: evolveUser,
  decide,
};

function decide({ person, change, actor, actorDirectory, at }: UserCommand, state: UserState): readonly UserFact[] {
  const { detail } = change;
  const { directoryTenant, subject } = person;
  const data = { directoryTenant, subject, detail };
  switch (change.type) {
    case 'DisableUser':
      if (actor.kind === 'user' && isSameText(actor.id, subject) && isSameText(actorDirectory, directoryTenant))
        throw userError(
          'ERR_USER_SELF',
          `${subject} is yourself: disabling you would end what you do it with; let another administrator do it`,
        );
      return state.status === 'disabled' ? [] : [{ type: 'UserDisabled', data }];
    case 'EnableUser':
      return state.status === 'enabled' ? [] : [{ type: 'UserEnabled', data }];
    case 'SetUserRisk':
      return state.risk === change.level ? [] : [{ type: 'UserRiskChanged', data: { ...data, level: change.level } }];
    case 'SignOutUserEverywhere':
      // Never back in time: what was void once stays void, whatever a clock says.
      return state.signedOutBefore !== null && state.signedOutBefore >= at
        ? []
        : [{ type: 'UserSignedOutEverywhere', data: { ...data, before: at } }];
    default:
      return change satisfies never;
  }
}

function isSameText(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
