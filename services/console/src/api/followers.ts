import { once } from 'node:events';
import type { Response } from 'express';
import { SallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import { FOLLOWER_CHECK_MS, MAX_FOLLOWERS } from '../limits.ts';

type Until = {
  readonly gone: AbortController;
  readonly expiresAt: string | undefined;
  /**
   * Asked every FOLLOWER_CHECK_MS, one question at a time; must not throw. While nobody can say it is to be true: the end of the
   * token is the bound.
   */
  readonly isAllowedStill: () => Promise<boolean>;
};

/** Answers that go on without end. At the bound one more is refused with ERR_API_TOO_MANY_FOLLOWERS (retryable). */
export type Followers = {
  /** Ends when the lines end, the caller is gone or may no longer, the token has expired, or at stop. */
  send(res: Response, lines: AsyncIterable<unknown>, until: Until): Promise<void>;
  /** Ends every stream. Safe to call twice. */
  stop(): void;
};

export function createFollowers(options: {
  readonly logger: Logger;
  readonly max?: number;
  /** Milliseconds, default FOLLOWER_CHECK_MS. */
  readonly checkMs?: number;
}): Followers {
  const { logger, max = MAX_FOLLOWERS, checkMs = FOLLOWER_CHECK_MS } = options;
  const open = new Set<AbortController>();
  return {
    send: async (res, lines, { gone, expiresAt, isAllowedStill }) => {
      if (open.size >= max)
        throw new SallyportError('ERR_API_TOO_MANY_FOLLOWERS', `${max} streams are followed already, try again later`, {
          expose: true,
          retryable: true,
        });
      open.add(gone);
      const expiry = expiresAt === undefined ? undefined : setTimeout(() => gone.abort(), untilMs(expiresAt));
      const checking = setInterval(endUnless(isAllowedStill, gone), checkMs);
      try {
        await writeLines(res, lines, gone.signal);
      } catch (error) {
        if (!res.headersSent) throw error;
        logger.warn('followed stream ended', { error });
      } finally {
        clearTimeout(expiry);
        clearInterval(checking);
        open.delete(gone);
      }
      res.end();
    },
    stop: () => {
      for (const gone of open) gone.abort();
    },
  };
}

function endUnless(isAllowedStill: Until['isAllowedStill'], gone: AbortController): () => void {
  let isAsking = false;
  return () => {
    if (isAsking) return;
    isAsking = true;
    void isAllowedStill().then((isAllowed) => {
      isAsking = false;
      if (!isAllowed) gone.abort();
    });
  };
}

/** Longest delay a timer of Node takes. */
const MAX_TIMER_MS = 2_147_483_647;

function untilMs(instant: string): number {
  return Math.min(Math.max(Date.parse(instant) - Date.now(), 0), MAX_TIMER_MS);
}

async function writeLines(res: Response, lines: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  const iterator = lines[Symbol.asyncIterator]();
  const aborted = once(signal, 'abort');
  try {
    while (!signal.aborted) {
      const pending = iterator.next();
      if (!res.headersSent) openStream(res);
      const next = await Promise.race([pending, aborted]);
      if (signal.aborted || Array.isArray(next) || next.done === true) break;
      const line = next.value === undefined ? '\n' : `${JSON.stringify(next.value)}\n`;
      if (!res.write(line)) await Promise.race([once(res, 'drain'), aborted]);
    }
  } finally {
    // Not awaited: a generator that waits for the backbone ends by itself when its question is answered.
    iterator.return?.().catch(() => undefined);
  }
}

function openStream(res: Response): void {
  res.status(200).type('application/x-ndjson').flushHeaders();
}
