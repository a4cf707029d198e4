import { bufferTime, filter, map, mergeMap, type Observable, takeUntil } from 'rxjs';
import { connectorAggregate } from '#libs/contracts';
import { isCommitOf } from '#libs/events';
import { getEntry, valuesOf } from '../layered-map.ts';
import { CONFIG_NOTICE_WINDOW_MS } from '../limits.ts';
import type { RoutingChange } from '../read-model.ts';
import type { RoutingView } from '../routing.projection.ts';
import { groupsConcerned } from './config-versions.projection.ts';

/**
 * Ids of connectors whose configuration changed, each once per window, however many facts came. A lost notice costs a
 * connector the time until it refreshes by itself.
 */
export function configNotices(
  changes$: Observable<RoutingChange>,
  view: () => RoutingView,
  options: { readonly stopped$: Observable<unknown>; readonly windowMs?: number },
): Observable<string> {
  return changes$.pipe(
    map(concern),
    filter(({ connectors, groups }) => connectors.length + groups.length > 0),
    bufferTime(options.windowMs ?? CONFIG_NOTICE_WINDOW_MS),
    takeUntil(options.stopped$),
    filter((concerns) => concerns.length > 0),
    mergeMap((concerns) => connectorsConcerned(concerns, view())),
  );
}

type Concern = { readonly connectors: readonly string[]; readonly groups: readonly string[] };

function concern({ commit, before, after }: RoutingChange): Concern {
  if (isCommitOf(connectorAggregate, commit)) return { connectors: [commit.id], groups: [] };
  return { connectors: [], groups: groupsConcerned(commit, { before: before.directory, after: after.directory }) };
}

function connectorsConcerned(concerns: readonly Concern[], view: RoutingView): Iterable<string> {
  const ids = new Set(concerns.flatMap(({ connectors }) => connectors));
  const groups = new Set(concerns.flatMap(({ groups: concerned }) => concerned));
  for (const { id, state } of valuesOf(view.connectors))
    if (state.status === 'active' && state.connectorGroupId !== null && groups.has(state.connectorGroupId)) ids.add(id);
  return [...ids].filter((id) => getEntry(view.connectors, id) !== undefined);
}
