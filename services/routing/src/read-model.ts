import { map, type Observable, Subject } from 'rxjs';
import { type Commit, type EventStore, runProjection } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import { type RoutingView, routingProjection } from './routing.projection.ts';

/** One commit as the read model took it in. */
export type RoutingChange = { readonly commit: Commit; readonly before: RoutingView; readonly after: RoutingView };

/** The read model of routing, following the event stream. */
export type ReadModel = {
  /** Throws once a commit could not be read: old truth is not answered as if it were new. */
  view(): RoutingView;
  /** Live changes, in order; hot. Completes at stop, errors when the read model ends. */
  readonly changes$: Observable<RoutingChange>;
  /** Waits until the view holds this position, or for the limit: a slow view must not fail a command that took effect. */
  waitFor(position: number, limitMs: number): Promise<void>;
  stop(): Promise<void>;
};

/** Resolves when everything that stood in the store is taken in. */
export async function followReadModel(store: EventStore, tenant: string, logger: Logger): Promise<ReadModel> {
  const running = runProjection(store, routingProjection(tenant), {
    onError: (error) => logger.error('read model ended', { error }),
    onInterrupted: (error) => logger.warn('read model interrupted', { error }),
  });
  await running.ready;
  let before = running.state();
  const changes$ = new Subject<RoutingChange>();
  running.changes
    .pipe(
      map(({ commit, state }) => {
        const change = { commit, before, after: state };
        before = state;
        return change;
      }),
    )
    .subscribe(changes$);
  return {
    view: () => running.state(),
    changes$,
    waitFor: (position, limitMs) =>
      running
        .waitFor(position, limitMs)
        .catch((error: unknown) => logger.warn('reply goes out before the read model shows it', { error })),
    stop: () => running.stop(),
  };
}
