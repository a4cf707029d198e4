import type { NatsConnection } from 'nats';
import type { Logger } from '#libs/telemetry';

/** How often the leaf is asked whether its link to the hub stands; also the delay until a loss is noticed. */
export const LINK_POLL_MS = 1_000;
const ANSWER_TIMEOUT_MS = 2_000;
/** Request to the leaf's own system account: no monitoring listener is needed. */
const LEAFZ_SUBJECT = '$SYS.REQ.SERVER.PING.LEAFZ';

export type HubLinkWatch = {
  readonly isUp: boolean;
  /** Resolves true as soon as the link stands, false at the deadline. */
  whenUp(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
};

/**
 * A client of a leaf is not told when the leaf loses its hub, so the leaf is asked every second over a connection of its
 * local system account. One log line at each loss and each return. A link that is half open stands until the leaf's own
 * pings (10 s, three missed) end it: the hub notices earlier, and requests concerned are dispatched elsewhere in 1 s.
 */
export function watchHubLink(options: {
  readonly connection: NatsConnection;
  readonly logger: Logger;
  readonly pollMs?: number;
  onChange?(isUp: boolean): void;
  /** The leaf has a link that is not the one it had, also when nobody saw it missing. Not called for the first one. */
  onRelinked?(): void;
}): HubLinkWatch {
  const { connection, logger } = options;
  let isUp = false;
  let isFirst = true;
  let changedAt = Date.now();
  let isStopped = false;
  let linkId: string | undefined;
  let pending: Promise<void> | undefined;
  const waiting = new Set<(isUp: boolean) => void>();

  const settle = (next: boolean, rtt: string | undefined) => {
    if (next === isUp && !isFirst) return;
    const now = Date.now();
    if (next) logger.info('hub link up', { rtt, ...(isFirst ? {} : { wasDownMs: now - changedAt }) });
    else if (!isFirst) logger.warn('hub link lost: no request arrives until it is back', { wasUpMs: now - changedAt });
    if (next || !isFirst) {
      changedAt = now;
      isFirst = false;
    }
    isUp = next;
    options.onChange?.(isUp);
    if (isUp) for (const resolve of waiting) resolve(true);
  };
  const compare = (next: string) => {
    const isAnother = linkId !== undefined && linkId !== next;
    linkId = next;
    if (isAnother) options.onRelinked?.();
  };
  const poll = async () => {
    try {
      const answer = await connection.request(LEAFZ_SUBJECT, '', { timeout: ANSWER_TIMEOUT_MS });
      const link = firstLink(answer.json());
      if (isStopped) return;
      settle(link !== undefined, link?.rtt);
      if (link !== undefined) compare(link.id);
    } catch {
      // The leaf itself is away: its supervisor says so; for requests it is the same.
      if (!isStopped) settle(false, undefined);
    }
  };
  const tick = () => {
    if (pending) return;
    pending = poll().finally(() => {
      pending = undefined;
    });
  };
  const timer = setInterval(tick, options.pollMs ?? LINK_POLL_MS);
  timer.unref();
  tick();
  return {
    get isUp() {
      return isUp;
    },
    whenUp: (deadlineMs) => {
      if (isUp) return Promise.resolve(true);
      return new Promise<boolean>((resolve) => {
        const done = (value: boolean) => {
          clearTimeout(limit);
          waiting.delete(done);
          resolve(value);
        };
        const limit = setTimeout(() => done(false), deadlineMs);
        waiting.add(done);
        const hurry = setInterval(() => (waiting.has(done) ? tick() : clearInterval(hurry)), 50);
      });
    },
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await pending;
    },
  };
}

/** The one remote of this leaf, from a LEAFZ answer; `id` is of this link alone, whichever leaf and hub it had. */
function firstLink(answer: unknown): { readonly id: string; readonly rtt: string | undefined } | undefined {
  const data = member(answer, 'data');
  const leafs = member(data, 'leafs');
  if (!Array.isArray(leafs) || leafs.length === 0) return undefined;
  const rtt: unknown = member(leafs[0], 'rtt');
  const id = `${String(member(member(answer, 'server'), 'id'))} ${String(member(leafs[0], 'id'))}`;
  return { id, rtt: typeof rtt === 'string' ? rtt : undefined };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
