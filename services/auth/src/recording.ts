import { newId } from '#libs/contracts';
import type { Actor } from '#libs/events';

/** The actor of what auth records of its own accord. */
export const serviceActor: Actor = { kind: 'service', id: 'auth' };

const CORRELATION_ID = /^[\w.:-]{1,64}$/;

/** A request id fit to be recorded; what is not gets a new one. */
export function toCorrelationId(requestId: string): string {
  return CORRELATION_ID.test(requestId) ? requestId : newId('req');
}
