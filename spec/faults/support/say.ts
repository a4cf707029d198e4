import type { Context } from 'mocha';

/** Puts what was measured beside the title of the running spec, where the one who reads the run sees it. */
export function say(context: Context, measured: Readonly<Record<string, unknown>>): void {
  const { test } = context;
  if (test) test.title += ` ${JSON.stringify(measured)}`;
}
