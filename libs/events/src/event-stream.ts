import {
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { SallyportError } from '#libs/errors';
import { FACT_SUBJECTS } from './subjects.ts';

export type EventStreamOptions = {
  /** Default `EVENTS`. */
  readonly stream?: string;
  /** Copies in a cluster: 1 (default), 3 or 5. */
  readonly replicas?: number;
};

/** The server drops a message id after this long, in nanoseconds (2 minutes). */
const DUPLICATE_WINDOW_NANOS = 120_000_000_000;
const STREAM_NOT_FOUND = 10059;

/** What every event stream must be. No limit may ever remove a fact: expecting revision 0 would then succeed again. */
function requiredConfig(options: EventStreamOptions) {
  return {
    name: options.stream ?? 'EVENTS',
    subjects: [FACT_SUBJECTS],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: options.replicas ?? 1,
    max_age: 0,
    max_bytes: -1,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    duplicate_window: DUPLICATE_WINDOW_NANOS,
    allow_direct: true,
    allow_atomic: true,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    allow_msg_ttl: false,
  } satisfies Partial<StreamConfig>;
}

/**
 * Makes the event stream, or verifies the one that is there and leaves it as it is. Needs rights to create streams only
 * when it is absent. @throws ERR_EVENTS_STREAM_UNSAFE naming every setting that differs
 */
export async function ensureEventStream(jsm: JetStreamManager, options: EventStreamOptions = {}): Promise<void> {
  const required = requiredConfig(options);
  const config = (await existingConfig(jsm, required.name)) ?? (await jsm.streams.add(required)).config;
  const problems = Object.entries(required).flatMap(([name, value]) => {
    const actual: unknown = Reflect.get(config, name);
    const same = JSON.stringify(actual) === JSON.stringify(value) || (value === false && actual === undefined);
    return same ? [] : [`${name} is ${JSON.stringify(actual)}, must be ${JSON.stringify(value)}`];
  });
  if (problems.length === 0) return;
  throw new SallyportError('ERR_EVENTS_STREAM_UNSAFE', `stream ${required.name}: ${problems.join('; ')}`, {
    details: { stream: required.name, problems },
  });
}

async function existingConfig(jsm: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

/**
 * Refuses a server that acknowledges before the disk has it. An ordinary client cannot see this setting: give the JSON of
 * the monitoring endpoint `/jsz`, or the answer to `$SYS.REQ.SERVER.<id>.JSZ` of the system account.
 * @throws ERR_EVENTS_SYNC_NOT_ALWAYS also when the answer cannot be read
 */
export function requireSyncAlways(jsz: unknown): void {
  const answer = jsz as { config?: unknown; data?: { config?: unknown } } | null;
  const config = (answer?.data?.config ?? answer?.config) as
    | { sync_always?: unknown; sync_interval?: unknown }
    | undefined;
  if (config?.sync_always === true) return;
  const found =
    config === undefined ? 'no jetstream config in the answer' : `found ${JSON.stringify(config.sync_interval)}`;
  throw new SallyportError(
    'ERR_EVENTS_SYNC_NOT_ALWAYS',
    `nats-server must run with jetstream sync_interval: always, or acknowledged facts may be lost (${found})`,
  );
}
