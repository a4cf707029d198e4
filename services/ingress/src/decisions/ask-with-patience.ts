import { setTimeout as delay } from 'node:timers/promises';
import { isSallyportError } from '#libs/errors';

/** Milliseconds between attempts at auth that has no room, and until the last one. */
const ATTEMPT_EVERY_MS = 50;
const LAST_ATTEMPT_AFTER_MS = 3_000;

/**
 * Asks again while auth works on as much as it may (`ERR_MESSAGING_OVERLOADED`), as it may for a moment when several ingresses ask
 * about everything at once. Every other error at once. The one who asks keeps its place among those that ask, so that an auth without
 * room is asked less often, not more.
 */
export async function askWithPatience<Answer>(ask: () => Promise<Answer>, nowMs: () => number): Promise<Answer> {
  const lastAtMs = nowMs() + LAST_ATTEMPT_AFTER_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isSallyportError(error, 'ERR_MESSAGING_OVERLOADED') || nowMs() >= lastAtMs) throw error;
    }
    await delay(ATTEMPT_EVERY_MS, undefined, { ref: false });
  }
}
