import type { z } from 'zod';
import type { AppView, apps } from '#libs/contracts';
import { DEFAULT_PAGE_APPS, MAX_REPLY_BYTES } from '../limits.ts';

/** Apps behind `after` in order of id, at most `limit` and at most MAX_REPLY_BYTES of them, but at least one. */
export function pageOfApps(
  position: number,
  sorted: readonly AppView[],
  page: { readonly after?: string | undefined; readonly limit?: number | undefined },
): z.infer<typeof apps.reply> {
  const { after = '', limit = DEFAULT_PAGE_APPS } = page;
  const rest = sorted.filter((app) => app.id > after);
  const taken: AppView[] = [];
  let bytes = 0;
  for (const app of rest) {
    bytes += Buffer.byteLength(JSON.stringify(app));
    if (taken.length >= limit || (taken.length > 0 && bytes > MAX_REPLY_BYTES)) break;
    taken.push(app);
  }
  return { position, apps: taken, next: taken.length < rest.length ? (taken.at(-1)?.id ?? null) : null };
}
