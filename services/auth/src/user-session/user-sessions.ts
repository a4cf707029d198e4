import type { UserSessionFact } from '#libs/contracts';
import { newId, type UserSessionState, userSessionAggregate } from '#libs/contracts';
import { type Actor, type EventStore, type HandledCommand, handleCommand } from '#libs/events';
import type { LiveState } from './live-state.ts';
import { type UserSessionCommand, userSessionDecider } from './user-session.decide.ts';

export type SessionCommandContext = {
  readonly actor: Actor;
  readonly correlationId: string;
  /** Default: a new one, so that the command is never taken for a repeated one. */
  readonly commandId?: string;
  readonly traceparent?: string;
};

/** Sends commands to user sessions. Errors: those of the decider and of the event store. */
export type UserSessions = (
  id: string,
  command: UserSessionCommand,
  context: SessionCommandContext,
) => Promise<HandledCommand<UserSessionFact, UserSessionState>>;

export function createUserSessions(options: {
  readonly store: EventStore;
  readonly tenant: string;
  readonly live: LiveState;
  readonly nowMs: () => number;
}): UserSessions {
  const { store, tenant, live, nowMs } = options;
  return async (id, command, context) => {
    const metadata = {
      at: new Date(nowMs()).toISOString(),
      actor: context.actor,
      correlationId: context.correlationId,
      commandId: context.commandId ?? newId('cmd'),
      ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    };
    const handled = await handleCommand(
      store,
      userSessionDecider,
      { tenant, type: userSessionAggregate, id },
      command,
      metadata,
    );
    live.wroteSession(id, handled.state, handled.revision);
    return handled;
  };
}
