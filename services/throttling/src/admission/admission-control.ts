import type { NatsConnection } from 'nats';
import { interval, type Subscription } from 'rxjs';
import { demand, newId, shares } from '#libs/contracts';
import type { EventStore, RunningProjection } from '#libs/events';
import { publishFeed, subscribeFeed } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { LimitCommand } from '../limits/limit.decide.ts';
import { commandLimit, type LimitDefaults, limitOf } from '../limits/limits.api.ts';
import type { LimitsView } from '../limits/limits.projection.ts';
import { BreachWatch } from './breach-watch.ts';
import { type DemandReport, DemandTable } from './demand-table.ts';
import { shareLimits } from './share-limits.ts';

/** How often shares go out, milliseconds. */
export const SHARE_INTERVAL_MS = 250;
/** Entries of one message; beyond them the busiest scopes go first and the others keep limit / ingresses. */
const MAX_SHARES = 4000;
const MAX_LIMITS = 2000;
/** Verdicts not yet recorded; at the bound new ones wait in the watch and are raised with the next report. */
const MAX_PENDING_VERDICTS = 1000;

/** Adds up demand over all ingresses, sends each its share, records when a limit begins and ends to be exceeded. */
export class AdmissionControl {
  readonly #nc: NatsConnection;
  readonly #tenant: string;
  readonly #store: EventStore;
  readonly #view: RunningProjection<LimitsView>;
  readonly #defaults: LimitDefaults;
  readonly #logger: Logger;
  readonly #demand = new DemandTable();
  readonly #watch = new BreachWatch();
  readonly #recording = new Set<Promise<void>>();
  #version = Date.now();
  #ticks: Subscription | undefined;
  #feed: { stop(): void } | undefined;

  constructor(options: {
    readonly nc: NatsConnection;
    readonly tenant: string;
    readonly store: EventStore;
    readonly view: RunningProjection<LimitsView>;
    readonly defaults: LimitDefaults;
    readonly logger: Logger;
  }) {
    this.#nc = options.nc;
    this.#tenant = options.tenant;
    this.#store = options.store;
    this.#view = options.view;
    this.#defaults = options.defaults;
    this.#logger = options.logger;
  }

  start(): void {
    for (const [scope, { breached }] of this.#view.state()) {
      if (breached) this.#watch.resume(scope, Date.now());
    }
    this.#feed = subscribeFeed(this.#nc, this.#tenant, demand, (report) => this.#take(report), {
      logger: this.#logger,
    });
    this.#ticks = interval(SHARE_INTERVAL_MS).subscribe(() => this.#tick());
  }

  async stop(): Promise<void> {
    this.#feed?.stop();
    this.#ticks?.unsubscribe();
    await Promise.all(this.#recording);
  }

  #take(report: DemandReport): void {
    const now = Date.now();
    if (!this.#demand.record(report, now))
      this.#logger.warn('demand report dropped, too many ingresses', { ingressId: report.ingressId });
    if (this.#recording.size >= MAX_PENDING_VERDICTS) return;
    for (const { scope, admitted, refused } of report.counts) {
      const observed = ((admitted + refused) * 1000) / Math.max(1, report.intervalMs);
      const verdict = this.#watch.record(scope, refused, observed, now);
      if (verdict?.kind === 'raised')
        this.#record(scope, {
          type: 'RaiseBreach',
          requestsPerSecond: this.#limitOf(scope),
          observedPerSecond: Math.round(observed),
        });
    }
  }

  #tick(): void {
    const now = Date.now();
    const ingressIds = this.#demand.ingressIds(now);
    const byDemand = [...this.#demand.demands(now)].sort((a, b) => b.perSecond - a.perSecond);
    const scopes = [...new Set(byDemand.map(({ scope }) => scope))].slice(
      0,
      Math.floor(MAX_SHARES / Math.max(1, ingressIds.length)),
    );
    const wanted = new Set(scopes);
    this.#version += 1;
    publishFeed(this.#nc, this.#tenant, shares, {
      version: this.#version,
      defaults: { app: this.#defaults.app, tenant: this.#defaults.tenant },
      ingresses: Math.max(1, ingressIds.length),
      limits: this.#setLimits(),
      shares: [
        ...shareLimits(
          byDemand.filter(({ scope }) => wanted.has(scope)),
          ingressIds,
          (scope) => this.#limitOf(scope),
        ),
      ],
    });
    for (const verdict of this.#watch.ended(now)) {
      if (verdict.kind === 'ended')
        this.#record(verdict.scope, { type: 'EndBreach', refusedRequests: verdict.refusedRequests });
    }
  }

  #setLimits() {
    const set = [...this.#view.state()].flatMap(([scope, { requestsPerSecond }]) =>
      requestsPerSecond === null ? [] : [{ scope, requestsPerSecond }],
    );
    return set.slice(-MAX_LIMITS);
  }

  #limitOf(scope: string): number {
    return limitOf(this.#view.state(), this.#defaults, scope);
  }

  #record(scope: string, command: LimitCommand): void {
    const commandId = newId('cmd');
    const actor = { kind: 'service', id: 'throttling' } as const;
    const work = commandLimit(this.#store, this.#tenant, scope, command, {
      commandId,
      actor,
      correlationId: commandId,
    }).then(
      () => undefined,
      (error: unknown) => this.#logger.error('verdict not recorded', { scope, verdict: command.type, error }),
    );
    const tracked = work.finally(() => this.#recording.delete(tracked));
    this.#recording.add(tracked);
  }
}
