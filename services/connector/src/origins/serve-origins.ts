import { Roster } from '#libs/roster';
import type { Logger } from '#libs/telemetry';
import type { ExchangeHandlers, FieldList, OnRequest, RefuseReason, ServerExchange } from '#libs/tunnel-protocol';
import type { AuthorizeCall } from './kerberos/authorize-call.ts';
import { OriginCall, type OriginCallHost, type OriginOutcome } from './origin-call.ts';
import { createOriginDeadlines } from './origin-deadlines.ts';
import { createOriginPools, type OriginPoolsOptions } from './origin-pools.ts';
import { originPath } from './origin-rules.ts';
import type { OriginTable } from './origin-table.ts';

/** Requests and WebSockets worked on at once; one more is refused and the ingress dispatches it to another connector. */
export const MAX_CONCURRENT_REQUESTS = 12_000;

/**
 * A request for an app this connector has not heard of waits for the pull it caused, and is then refused: the ingress
 * dispatches it again, and a connector that knows the app by now serves it. At this bound it is refused anyway,
 * milliseconds.
 */
export const UNKNOWN_APP_HOLD_MS = 800;
/** Requests held so at once; one more is refused without waiting. */
export const MAX_HELD_REQUESTS = 200;

export type ServeOriginsOptions = OriginPoolsOptions & {
  /** The table of the configuration in force: read once per request. */
  readonly table: () => OriginTable;
  readonly logger: Logger;
  /** Signs users in where an app asks for Kerberos. Default: refuses. */
  readonly authorize?: AuthorizeCall;
  /** A request named an app the configuration does not hold: time to pull it again. Resolves after that; never rejects. */
  onUnknownApp?(): Promise<void>;
  /** Default UNKNOWN_APP_HOLD_MS; zero refuses at once. */
  readonly unknownAppHoldMs?: number;
  /** Default MAX_CONCURRENT_REQUESTS. */
  readonly maxConcurrent?: number;
};

export type OriginServer = {
  readonly onRequest: OnRequest;
  readonly active: number;
  /** Refuses new requests; resolves when the current ones have ended or the deadline has passed. */
  drain(deadlineMs: number): Promise<void>;
  /** Aborts what is left and closes every connection. Safe to call twice. */
  stop(): Promise<void>;
};

const refuseKerberos: AuthorizeCall = () =>
  Promise.resolve({ kind: 'refused', reason: 'kerberos-unavailable', text: 'this connector has no Kerberos' });

const NOTHING: ExchangeHandlers = { onCancel: () => undefined };

/**
 * Answers tunnel requests from the configured origins and from nothing else: a request names an app, never an address.
 */
export function serveOrigins(options: ServeOriginsOptions): OriginServer {
  const { logger } = options;
  const limit = options.maxConcurrent ?? MAX_CONCURRENT_REQUESTS;
  const pools = createOriginPools(options);
  const deadlines = createOriginDeadlines();
  const calls = new Roster<OriginCall>();
  let isDraining = false;
  let onEmpty: (() => void) | undefined;

  const holdMs = options.unknownAppHoldMs ?? UNKNOWN_APP_HOLD_MS;
  let held = 0;
  const holdUntilPulled = async (exchange: ServerExchange) => {
    const pulled = options.onUnknownApp?.();
    if (held >= MAX_HELD_REQUESTS || holdMs === 0) return exchange.refuse('stale-configuration');
    held += 1;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, holdMs);
    });
    await Promise.race([pulled, limit]);
    clearTimeout(timer);
    held -= 1;
    // Does nothing when the user has gone meanwhile.
    exchange.refuse('stale-configuration');
  };
  const host: OriginCallHost = {
    pools,
    authorize: options.authorize ?? refuseKerberos,
    onEnd: (call, outcome, text) => {
      deadlines.remove(call);
      calls.delete(call);
      if (calls.size === 0) onEmpty?.();
      if (isWorthLogging(outcome)) report(logger, call, outcome, text);
    },
  };
  const onRequest: OnRequest = (exchange) => {
    const appId = metadataValue(exchange.metadata, 'app-id');
    const app = appId === undefined ? undefined : options.table().get(appId);
    if (isDraining) return refuse(exchange, 'draining');
    if (calls.size >= limit) return refuse(exchange, 'capacity');
    if (appId === undefined) return refuse(exchange, 'unknown-app');
    if (!app) {
      void holdUntilPulled(exchange);
      return NOTHING;
    }
    const target = app.targetOf(exchange.head);
    const path = target && originPath(target, exchange.head.target);
    // CONNECT would turn an origin that is a proxy into a way to anywhere.
    if (target === undefined || path === undefined || exchange.head.method === 'CONNECT') {
      exchange.fail('malformed', 'origin-not-contacted', 'request names no path of this app');
      return NOTHING;
    }
    const call = new OriginCall(host, exchange, target, path);
    calls.add(call);
    deadlines.add(call);
    call.start();
    return call;
  };
  return {
    onRequest,
    get active() {
      return calls.size;
    },
    drain: async (deadlineMs) => {
      isDraining = true;
      if (calls.size === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    stop: async () => {
      isDraining = true;
      for (const call of calls) call.fail('stopped', 'connector stops');
      deadlines.stop();
      await pools.stop();
    },
  };
}

function refuse(exchange: ServerExchange, reason: RefuseReason): ExchangeHandlers {
  exchange.refuse(reason);
  return NOTHING;
}

function isWorthLogging(outcome: OriginOutcome): boolean {
  return outcome !== 'answered' && outcome !== 'user-gone' && outcome !== 'not-needed';
}

function report(logger: Logger, { exchange, request }: OriginCall, reason: string, text: string): void {
  const requestId = metadataValue(exchange.metadata, 'request-id');
  const { appId } = request.target;
  logger.warn('origin call failed', { appId, requestId, reason, text, method: request.method });
}

/** Value of one metadata entry of the tunnel's head; names are exact. */
export function metadataValue(metadata: FieldList, name: string): string | undefined {
  for (let i = 0; i + 1 < metadata.length; i += 2) if (metadata[i] === name) return metadata[i + 1];
  return undefined;
}
