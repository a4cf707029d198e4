import { newId, type RefusalFact, signInRefusalAggregate } from '#libs/contracts';
import type { EventStore } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import { serviceActor, toCorrelationId } from './recording.ts';

/**
 * Refusals of each kind recorded in one minute. Anybody can cause them without signing in, and what is recorded stays for
 * good, so beyond the bound they are only counted, and the counts logged.
 */
export const MAX_REFUSALS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;
/** Milliseconds between log lines about refusals that were only counted. */
const REPORT_MS = 10_000;
const MAX_TEXT = 400;

export type RefusalRecorder = {
  /** Never throws: the refusal stands whether or not it can be recorded. */
  record(fact: RefusalFact, requestId: string): Promise<void>;
  stop(): void;
};

export function createRefusalRecorder(options: {
  readonly store: EventStore;
  readonly tenant: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
}): RefusalRecorder {
  const { store, tenant, logger, nowMs } = options;
  const buckets = new Map<string, { minuteOf: number; spent: number }>();
  const onlyCounted = new Map<string, number>();
  const report = () => {
    for (const [type, count] of onlyCounted)
      logger.warn('refusals beyond the bound were not recorded', { type, count });
    onlyCounted.clear();
  };
  const reporting = setInterval(report, REPORT_MS).unref();
  const admits = (type: string) => {
    const minuteOf = Math.floor(nowMs() / MINUTE_MS);
    const bucket = buckets.get(type);
    if (bucket === undefined || bucket.minuteOf !== minuteOf) buckets.set(type, { minuteOf, spent: 1 });
    else if (bucket.spent >= MAX_REFUSALS_PER_MINUTE) return false;
    else bucket.spent += 1;
    return true;
  };
  return {
    record: async (fact, requestId) => {
      if (!admits(fact.type)) {
        onlyCounted.set(fact.type, (onlyCounted.get(fact.type) ?? 0) + 1);
        return;
      }
      const at = new Date(nowMs()).toISOString();
      const metadata = { commandId: newId('cmd'), at, actor: serviceActor, correlationId: toCorrelationId(requestId) };
      try {
        await store.append({ tenant, type: signInRefusalAggregate, id: newId('dec') }, 0, [clip(fact)], metadata);
      } catch (error) {
        logger.error('a refusal was not recorded', { type: fact.type, reason: fact.data.reason, error });
      }
    },
    stop: () => {
      clearInterval(reporting);
      report();
    },
  };
}

function clip(fact: RefusalFact): RefusalFact {
  const data = Object.fromEntries(Object.entries(fact.data).map(([name, text]) => [name, text.slice(0, MAX_TEXT)]));
  return { ...fact, data: { ...fact.data, ...data } } as RefusalFact;
}
