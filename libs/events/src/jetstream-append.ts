import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { headers } from 'nats';
import { backoffMs, pause } from './backoff.ts';
import { isFinalFailure } from './broker-failure.ts';
import { commitIdOf } from './cloud-events.ts';
import type { EncodedCommit } from './commit-codec.ts';
import { storeUnavailable } from './errors.ts';
import { BROKER_TIMEOUT_MS, MAX_APPEND_ATTEMPTS } from './limits.ts';

/** JetStream error codes of a refused expectation (NATS ADR-50, nats-server 2.15). */
const WRONG_LAST_SEQUENCE = 10071;
const SAME_SUBJECT_IN_FLIGHT = 10164;
const EXPECTATION_NOT_READY = 10163;

export type PublishOutcome =
  | { readonly status: 'stored'; readonly revision: number }
  /** The server saw this message id within its duplicate window. */
  | { readonly status: 'known'; readonly revision: number }
  /** Refused. `atLeast`: the last sequence the server named, 0 when it named none; a read must cover it. */
  | { readonly status: 'refused'; readonly atLeast: number };

/**
 * Publishes one commit, at most 6 times. A publish whose answer is lost is sent again under the same message id, so that it
 * is stored once; the expectation it then fails is cleared up by reading back. @throws ERR_EVENTS_UNAVAILABLE
 */
export async function publishCommit(
  js: JetStreamClient,
  commit: EncodedCommit,
  commandId: string,
  expectedRevision: number,
): Promise<PublishOutcome> {
  const options = {
    msgID: commitIdOf(commit.subject, commandId),
    expect: { lastSubjectSequence: expectedRevision },
    headers: natsHeaders(commit),
    timeout: BROKER_TIMEOUT_MS,
  };
  for (let failures = 0; ; failures += 1) {
    try {
      const ack = await js.publish(commit.subject, commit.data, options);
      return { status: ack.duplicate ? 'known' : 'stored', revision: ack.seq };
    } catch (error) {
      const refused = refusal(error);
      if (refused !== undefined) return refused;
      if (failures + 1 >= MAX_APPEND_ATTEMPTS || !isTransient(error)) {
        throw storeUnavailable(`append to ${commit.subject} after ${failures + 1} attempts`, error);
      }
    }
    await pause(backoffMs(failures));
  }
}

function natsHeaders(commit: EncodedCommit) {
  const list = headers();
  for (const [name, value] of commit.headers) list.set(name, value);
  return list;
}

function refusal(error: unknown): PublishOutcome | undefined {
  if (!(error instanceof JetStreamApiError)) return undefined;
  if (error.code !== WRONG_LAST_SEQUENCE && error.code !== SAME_SUBJECT_IN_FLIGHT) return undefined;
  return { status: 'refused', atLeast: Number(/wrong last sequence: (\d+)/.exec(error.message)?.[1] ?? 0) };
}

/** Not ready yet, JetStream still starting, no answer in time, connection cut: the same publish may succeed. */
function isTransient(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === EXPECTATION_NOT_READY || error.status === 503;
  return !isFinalFailure(error);
}
