import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { commandContext } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import {
  type AggregateType,
  type CommitMetadata,
  type Decider,
  type EventStore,
  type Fact,
  handleCommand,
  isSubjectToken,
} from '#libs/events';
import type { Logger } from '#libs/telemetry';
import type { ExternalUrlPolicy } from './apps/app-urls.ts';
import { READ_OWN_WRITE_MS } from './limits.ts';
import type { ReadModel } from './read-model.ts';

/** What the handlers of this service work with. */
export type RoutingContext = {
  readonly tenant: string;
  readonly store: EventStore;
  readonly readModel: ReadModel;
  readonly policy: ExternalUrlPolicy;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Logger;
};

export type RequestContext = z.infer<typeof commandContext> & { readonly expectedRevision?: number | undefined };

export function metadataOf(context: RoutingContext, request: RequestContext, commandId?: string): CommitMetadata {
  const { name, ...actor } = request.actor;
  return {
    commandId: commandId ?? request.commandId,
    at: new Date(context.now()).toISOString(),
    actor: name === undefined ? actor : { ...actor, name },
    correlationId: request.correlationId,
    ...(commandId === undefined ? {} : { causationId: request.commandId }),
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
  };
}

/** Decides, appends and waits until the read model shows it. Errors: those of the decider, ERR_EVENTS_*. */
export async function execute<C, F extends Fact, S>(
  context: RoutingContext,
  request: RequestContext,
  work: {
    readonly type: AggregateType<F>;
    readonly id: string;
    readonly decider: Decider<C, F, S>;
    readonly command: C;
  },
): Promise<{ readonly state: S; readonly revision: number; readonly facts: readonly F[] }> {
  const ref = { tenant: context.tenant, type: work.type, id: requireId(work.id) };
  const options = request.expectedRevision === undefined ? {} : { expectedRevision: request.expectedRevision };
  const metadata = metadataOf(context, request);
  const result = await handleCommand(context.store, work.decider, ref, work.command, metadata, options);
  await context.readModel.waitFor(result.revision, READ_OWN_WRITE_MS);
  return result;
}

/** An id made from the command's: a retried command without an id makes the same thing again, not a second one. */
export function idFromCommand(prefix: string, commandId: string): string {
  return `${prefix}_${createHash('sha256').update(`${prefix}\0${commandId}`).digest('hex').slice(0, 24)}`;
}

/** Error: ERR_ROUTING_ID. */
export function requireId(id: string): string {
  if (id.length <= 64 && isSubjectToken(id)) return id;
  throw new SallyportError(
    'ERR_ROUTING_ID',
    `${JSON.stringify(id.slice(0, 64))} is not an id: expected 1 to 64 characters of a-z 0-9 _ -`,
    { expose: true },
  );
}
