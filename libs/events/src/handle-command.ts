import { SallyportError } from '#libs/errors';
import { type AggregateRef, subjectOf } from './aggregate-type.ts';
import type { Decider } from './decider.ts';
import type { EventStore, LoadedAggregate } from './event-store.ts';
import { staleRevision } from './expected-revision.ts';
import type { CommitMetadata, Fact } from './fact.ts';
import { DEFAULT_COMMAND_ATTEMPTS } from './limits.ts';

export type HandleCommandOptions = {
  /** The revision the caller decided on, 0 for a new aggregate. Given and not current: ERR_EVENTS_STALE_REVISION, no retry. */
  readonly expectedRevision?: number;
  /** How often to decide on fresh state after conflicts, 1 or more. Default 3. Then ERR_EVENTS_CONFLICT. */
  readonly maxAttempts?: number;
};

export type HandledCommand<F extends Fact, S> = {
  /** The aggregate's state right after this command. */
  readonly state: S;
  readonly revision: number;
  /** What the command caused; none when there was nothing to do. */
  readonly facts: readonly F[];
  /** Whether this command id was committed before; then the outcome is the one of that time. */
  readonly duplicate: boolean;
};

/**
 * Loads, decides, appends. A command id committed before is not decided again, however long ago that was. Domain errors of
 * `decide` pass through and change nothing.
 * @throws ERR_EVENTS_STALE_REVISION (exposed; details subject, expected, actual), ERR_EVENTS_CONFLICT (retryable), and
 * what the store throws.
 */
export async function handleCommand<C, F extends Fact, S>(
  store: EventStore,
  decider: Decider<C, F, S>,
  ref: AggregateRef<F>,
  command: C,
  metadata: CommitMetadata,
  options: HandleCommandOptions = {},
): Promise<HandledCommand<F, S>> {
  const maxAttempts = options.maxAttempts ?? DEFAULT_COMMAND_ATTEMPTS;
  const expected = options.expectedRevision;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const loaded = await store.load(ref);
    const earlier = earlierOutcome(decider, loaded, metadata.commandId);
    if (earlier !== undefined) return earlier;
    if (expected !== undefined && expected !== loaded.revision) {
      throw staleRevision(subjectOf(ref), expected, loaded.revision);
    }
    const state = loaded.facts.reduce(decider.evolve, decider.initialState);
    const facts = decider.decide(command, state);
    if (facts.length === 0) return { state, revision: loaded.revision, facts, duplicate: false };
    const outcome = await store.append(ref, loaded.revision, facts, metadata);
    if (outcome.status === 'appended') {
      return { state: facts.reduce(decider.evolve, state), revision: outcome.revision, facts, duplicate: false };
    }
    // A duplicate or a conflict: the next round reads what is there now, and finds this command's own commit if it exists.
    if (outcome.status === 'conflict' && expected !== undefined) {
      throw staleRevision(subjectOf(ref), expected, outcome.revision);
    }
  }
  throw new SallyportError(
    'ERR_EVENTS_CONFLICT',
    `${subjectOf(ref)} changed during each of ${maxAttempts} attempts to decide`,
    { retryable: true, expose: true, details: { attempts: maxAttempts } },
  );
}

function earlierOutcome<C, F extends Fact, S>(
  decider: Decider<C, F, S>,
  loaded: LoadedAggregate<F>,
  commandId: string,
): HandledCommand<F, S> | undefined {
  const own = loaded.commits.findIndex((commit) => commit.metadata.commandId === commandId);
  const commit = loaded.commits[own];
  if (commit === undefined) return undefined;
  const before = loaded.commits.slice(0, own + 1).flatMap((one) => one.facts);
  const state = before.reduce(decider.evolve, decider.initialState);
  return { state, revision: commit.position, facts: commit.facts, duplicate: true };
}
