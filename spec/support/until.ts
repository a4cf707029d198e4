import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition, looked at every `everyMs` (default 20), for at most `deadlineMs` (default 8000). */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { readonly deadlineMs?: number; readonly everyMs?: number; readonly what?: string } = {},
): Promise<void> {
  const deadline = Date.now() + (options.deadlineMs ?? 8000);
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`condition not met in time: ${options.what ?? condition.toString().slice(0, 300)}`);
    await delay(options.everyMs ?? 20);
  }
}
