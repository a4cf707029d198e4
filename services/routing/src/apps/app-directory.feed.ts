import { filter, interval, map, merge, type Observable, takeUntil } from 'rxjs';
import type { z } from 'zod';
import type { appDirectory } from '#libs/contracts';
import { getEntry } from '../layered-map.ts';
import { DIRECTORY_BEAT_MS } from '../limits.ts';
import type { RoutingChange } from '../read-model.ts';
import type { RoutingView } from '../routing.projection.ts';

export type AppDirectoryMessage = z.infer<(typeof appDirectory)['message']>;

/**
 * Every change of an app at once, and a beat without an app each `beatMs`. A receiver whose position is not
 * `previousPosition` has lost a message and reads the directory again.
 */
export function appDirectoryMessages(
  changes$: Observable<RoutingChange>,
  view: () => RoutingView,
  options: { readonly stopped$: Observable<unknown>; readonly beatMs?: number },
): Observable<AppDirectoryMessage> {
  const changed$ = changes$.pipe(
    filter(({ before, after }) => before.directory !== after.directory),
    map(({ commit, before, after }) => ({
      position: after.directory.position,
      previousPosition: before.directory.position,
      app: getEntry(after.directory.apps, commit.id) ?? null,
    })),
  );
  const beat$ = interval(options.beatMs ?? DIRECTORY_BEAT_MS).pipe(map(() => beatOf(view())));
  return merge(changed$, beat$).pipe(takeUntil(options.stopped$));
}

function beatOf({ directory }: RoutingView): AppDirectoryMessage {
  return { position: directory.position, previousPosition: directory.position, app: null };
}
