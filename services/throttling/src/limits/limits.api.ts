import type { NatsConnection } from 'nats';
import { changeLimit, evolveLimit, initialLimitState, limitAggregate, limits } from '#libs/contracts';
import { type Actor, type EventStore, handleCommand, type RunningProjection } from '#libs/events';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import { decideLimit } from './limit.decide.ts';
import type { LimitsView } from './limits.projection.ts';

export const TENANT_SCOPE = 'tenant';

export type LimitDefaults = { readonly app: number; readonly tenant: number };

const limitDecider = { initialState: initialLimitState, evolve: evolveLimit, decide: decideLimit };

export function limitOf(view: LimitsView, defaults: LimitDefaults, scope: string): number {
  return view.get(scope)?.requestsPerSecond ?? (scope === TENANT_SCOPE ? defaults.tenant : defaults.app);
}

/** Runs one command on the limit of a scope. */
export function commandLimit(
  store: EventStore,
  tenant: string,
  scope: string,
  command: Parameters<typeof decideLimit>[0],
  context: {
    readonly commandId: string;
    readonly actor: Actor;
    readonly correlationId: string;
    readonly expectedRevision?: number | undefined;
  },
) {
  const ref = { tenant, type: limitAggregate, id: scope };
  const { expectedRevision, ...rest } = context;
  const metadata = { ...rest, at: new Date().toISOString() };
  return handleCommand(
    store,
    limitDecider,
    ref,
    command,
    metadata,
    expectedRevision === undefined ? {} : { expectedRevision },
  );
}

/** Serves the admin side: set, reset and list limits. */
export function serveLimits(options: {
  readonly nc: NatsConnection;
  readonly tenant: string;
  readonly store: EventStore;
  readonly view: RunningProjection<LimitsView>;
  readonly defaults: LimitDefaults;
  readonly logger: Logger;
}): readonly { drain(): Promise<void> }[] {
  const { nc, tenant, store, view, defaults, logger } = options;
  const serveOptions = { queue: 'throttling', logger };
  return [
    serveEndpoint(
      nc,
      tenant,
      changeLimit,
      async (request) => {
        const { scope, requestsPerSecond, commandId, correlationId, expectedRevision } = request;
        const { name, ...who } = request.actor;
        const actor: Actor = name === undefined ? who : { ...who, name };
        const command =
          requestsPerSecond === null
            ? ({ type: 'ResetLimit' } as const)
            : ({ type: 'SetLimit', requestsPerSecond } as const);
        const { state, revision } = await commandLimit(store, tenant, scope, command, {
          commandId,
          actor,
          correlationId,
          expectedRevision,
        });
        await view.waitFor(revision, VIEW_DEADLINE_MS);
        return {
          scope,
          requestsPerSecond: limitOf(view.state(), defaults, scope),
          isDefault: state.requestsPerSecond === null,
          revision,
        };
      },
      serveOptions,
    ),
    serveEndpoint(
      nc,
      tenant,
      limits,
      () => ({
        defaults: { app: defaults.app, tenant: defaults.tenant },
        limits: [...view.state()].map(([scope, { breached, revision }]) => ({
          scope,
          requestsPerSecond: limitOf(view.state(), defaults, scope),
          breached,
          revision,
        })),
      }),
      serveOptions,
    ),
  ];
}

/** An admin reads what was just written: the answer waits until the view has it. */
const VIEW_DEADLINE_MS = 2000;
