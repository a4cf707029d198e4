import { type AggregateRef, subjectOf } from '../aggregate-type.ts';
import type { Commit, CommitMetadata, Fact } from '../fact.ts';

/** Metadata of a command in a spec; fixed instant, any part may be given. */
export function metadataOf(commandId: string, given: Partial<CommitMetadata> = {}): CommitMetadata {
  return {
    commandId,
    at: '2026-01-02T03:04:05.000Z',
    actor: { kind: 'system', id: 'spec' },
    correlationId: commandId,
    ...given,
  };
}

export type CommitOptions = { readonly position?: number; readonly metadata?: Partial<CommitMetadata> };

/** A commit as a store would deliver it, for specs of projections and reactors. Default position 1. */
export function commitOf<F extends Fact>(
  ref: AggregateRef<F>,
  facts: readonly F[],
  options: CommitOptions = {},
): Commit<F> {
  const position = options.position ?? 1;
  return {
    subject: subjectOf(ref),
    tenant: ref.tenant,
    context: ref.type.context,
    thing: ref.type.thing,
    id: ref.id,
    position,
    facts,
    metadata: metadataOf(`command-${position}`, options.metadata),
  };
}
