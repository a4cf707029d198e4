import { newId, type RefusalFact, signInRefusalAggregate } from '#libs/contracts';
import type { EventStore } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import { serviceActor, toCorrelationId } from './recording.ts';

/**
 * Refusals of each source recorded in one minute. Anybody can cause them without signing in, and what is recorded stays for
 * good, so beyond the bound they are only counted, and the counts logged. A flood at one source hides nothing of another.
 */
export const MAX_REFUSALS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;
/** Milliseconds between log lines about refusals that were only counted. */
const REPORT_MS = 10_000;
const MAX_TEXT = 400;

/** `service-tokens`: whose secret was right, which nobody brings by chance; `apps`: all other tokens for published apps. */
export type RefusalSource = 'sign-in' | 'apps' | 'service-tokens' | 'api' | 'provider-logout';

export type RefusalRecorder = {
  /** Never throws: the refusal stands whether or not it can be recorded. */
  record(fact: RefusalFact, requestId: string, source: RefusalSource): Promise<void>;
  stop(): void;
};

export function createRefusalRecorder(options: {
  readonly store: EventStore;
  readonly tenant: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
}): RefusalRecorder {
  const { store, tenant, logger, nowMs } = options;
  const buckets = new Map<RefusalSource, { minuteOf: number; spent: number }>();
  const onlyCounted = new Map<RefusalSource, number>();
  const report = () => {
    for (const [source, count] of onlyCounted)
      logger.warn('refusals beyond the bound were not recorded', { source, count });
    onlyCounted.clear();
  };
  const reporting = setInterval(report, REPORT_MS).unref();
  const admits = (source: RefusalSource) => {
    const minuteOf = Math.floor(nowMs() / MINUTE_MS);
    const bucket = buckets.get(source);
    if (bucket === undefined || bucket.minuteOf !== minuteOf) buckets.set(source, { minuteOf, spent: 1 });
    else if (bucket.spent >= MAX_REFUSALS_PER_MINUTE) return false;
    else bucket.spent += 1;
    return true;
  };
  return {
    record: async (fact, requestId, source) => {
      if (!admits(source)) {
        onlyCounted.set(source, (onlyCounted.get(source) ?? 0) + 1);
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
