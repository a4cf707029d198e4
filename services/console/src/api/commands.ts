import type { z } from 'zod';
import type { commandContext } from '#libs/contracts';
import type { Call } from './route.ts';

/** What every command carries of its request. */
export function contextOf(call: Call, suffix = ''): z.input<typeof commandContext> & { expectedRevision?: number } {
  return {
    commandId: `${call.commandId}${suffix}`,
    actor: call.actor,
    correlationId: call.requestId,
    ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
    ...(call.expectedRevision === undefined ? {} : { expectedRevision: call.expectedRevision }),
  };
}
