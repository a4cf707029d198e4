import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { z } from 'zod';
import { type AccessRecord, accessRecord, trails } from '#libs/contracts';
import { SallyportError } from '#libs/errors';

export const ACCESS_STREAM = 'ACCESS';
const DEFAULT_PAGE = 200;
/** Batches fetched at once while reading. */
const READ_BATCH = 50;
/** Batches looked through for one answer: a search for one request id is bounded. */
const MAX_SCANNED_BATCHES = 5000;

const storedBatch = z.object({ records: z.array(z.unknown()) });

export type AccessPage = { readonly records: AccessRecord[]; readonly next: number; readonly more: boolean };

/** The stream ACCESS: one message per batch, 30 days, acknowledged when stored; a batch id twice is stored once (2 min). */
export class AccessTrail {
  readonly #tenant: string;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;

  constructor(tenant: string, js: JetStreamClient, jsm: JetStreamManager) {
    this.#tenant = tenant;
    this.#js = js;
    this.#jsm = jsm;
  }

  /** `batch` is stored as it came: JSON with `records`, checked again record by record when it is read. */
  async record(ingressId: string, batchId: string, batch: Uint8Array): Promise<number> {
    const subject = trails.access(this.#tenant, ingressId);
    try {
      const ack = await this.#js.publish(subject, batch, { msgID: `${ingressId}.${batchId}` });
      return ack.seq;
    } catch (cause) {
      throw new SallyportError('ERR_AUDIT_ACCESS_NOT_STORED', `access records of ${ingressId} were not stored`, {
        cause,
        retryable: true,
        expose: true,
      });
    }
  }

  async read(options: {
    readonly after?: number | undefined;
    readonly since?: string | undefined;
    readonly limit?: number | undefined;
    readonly requestId?: string | undefined;
  }): Promise<AccessPage> {
    const limit = options.limit ?? DEFAULT_PAGE;
    const { state } = await this.#jsm.streams.info(ACCESS_STREAM);
    const records: AccessRecord[] = [];
    let sequence = Math.max((options.after ?? 0) + 1, state.first_seq);
    const last = Math.min(state.last_seq, sequence + MAX_SCANNED_BATCHES - 1);
    while (sequence <= last && records.length < limit) {
      const page = await this.#jsm.direct.getBatch(ACCESS_STREAM, {
        seq: sequence,
        batch: Math.min(READ_BATCH, last - sequence + 1),
        next_by_subj: trails.access(this.#tenant, '*'),
      });
      let isEmpty = true;
      for await (const message of page) {
        isEmpty = false;
        sequence = message.seq + 1;
        const batch = storedBatch.parse(message.json());
        records.push(...batch.records.flatMap(readable).filter((record) => isWanted(record, options)));
        if (records.length >= limit) break;
      }
      if (isEmpty) break;
    }
    return { records, next: sequence - 1, more: sequence <= state.last_seq };
  }
}

/** A record that does not fit the schema (of another version, or damaged) is left out: the others are still read. */
function readable(stored: unknown): readonly AccessRecord[] {
  const result = accessRecord.safeParse(stored);
  return result.success ? [result.data] : [];
}

function isWanted(
  record: AccessRecord,
  options: { readonly since?: string | undefined; readonly requestId?: string | undefined },
): boolean {
  if (options.requestId !== undefined && record.requestId !== options.requestId) return false;
  return options.since === undefined || record.at >= options.since;
}
