import type { z } from 'zod';
import { type commandContext, newId } from '#libs/contracts';
import type { Actor, CommitMetadata } from '#libs/events';

/** The actor of what auth records of its own accord. */
export const serviceActor: Actor = { kind: 'service', id: 'auth' };

const CORRELATION_ID = /^[\w.:-]{1,64}$/;

/** A request id fit to be recorded; what is not gets a new one. */
export function toCorrelationId(requestId: string): string {
  return CORRELATION_ID.test(requestId) ? requestId : newId('req');
}

/** What a fact records of the command that caused it. */
export function commandMetadata(command: z.infer<typeof commandContext>, nowMs: number): CommitMetadata {
  const { commandId, actor, correlationId, traceparent } = command;
  const { name, ...who } = actor;
  return {
    commandId,
    at: new Date(nowMs).toISOString(),
    actor: name === undefined ? who : { ...who, name },
    correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
