import type { ChannelFailure, FailureReason, RefuseReason } from '#libs/tunnel-protocol';
import { CLOSE_INTERNAL_ERROR, CLOSE_SERVICE_RESTART } from '#libs/websocket-frames';
import type { ProblemReason } from '../answers/problems.ts';

type Shown = { readonly key: ProblemReason; readonly retryAfterSeconds?: number };

/** Ends that say nothing about the connectors when the ingress itself has lost the hub. */
const HUB_MAY_BE_AWAY: ReadonlySet<FailureReason> = new Set([
  'no-connector',
  'accept-timeout',
  'connector-lost',
  'peer-silent',
]);
const RETRY_AFTER_SECONDS = 5;

/** What the user is told when a channel ended before the answer began. */
export function failureProblem(failure: Pick<ChannelFailure, 'reason' | 'refusal'>, isHubConnected: boolean): Shown {
  const { reason } = failure;
  if (!isHubConnected && HUB_MAY_BE_AWAY.has(reason)) return later('hub-unavailable');
  switch (reason) {
    case 'no-connector':
      return later('no-connector');
    case 'accept-timeout':
      return later('connector-unresponsive');
    case 'refused':
      return later(refusalProblem(failure.refusal));
    case 'draining':
      return later('connector-draining');
    case 'capacity':
      return later('connector-busy');
    case 'too-many-channels':
      return later('too-many-channels');
    case 'stopped':
      return { key: 'tunnel-stopped' };
    case 'connector-lost':
    case 'user-gone':
    case 'not-needed':
      return { key: 'connector-lost' };
    case 'peer-silent':
      return { key: 'connector-silent' };
    case 'gap':
      return { key: 'tunnel-gap' };
    case 'malformed':
    case 'protocol-violation':
      return { key: 'tunnel-violation' };
    case 'internal':
      return { key: 'connector-failed' };
    case 'head-too-large':
      return { key: 'head-too-large' };
    case 'origin-dns':
    case 'origin-refused':
    case 'origin-tls':
    case 'origin-connect-timeout':
    case 'origin-unreachable':
    case 'origin-timeout':
    case 'origin-aborted':
    case 'origin-invalid':
    case 'kerberos-unavailable':
    case 'kerberos-delegation-refused':
    case 'kerberos-user-refused':
    case 'assertion-refused':
      return { key: reason };
    case 'too-large':
      return { key: 'origin-head-too-large' };
    default:
      return reason satisfies never;
  }
}

/**
 * The code a WebSocket is closed with when its way to the origin ends; undefined where the origin itself broke off, which its
 * user is to see as it was. A connector that stops in order is a restart: connecting again reaches another one.
 */
export function closeCodeOf(reason: FailureReason): number | undefined {
  switch (reason) {
    case 'stopped':
    case 'draining':
      return CLOSE_SERVICE_RESTART;
    case 'connector-lost':
    case 'peer-silent':
    case 'gap':
    case 'malformed':
    case 'protocol-violation':
    case 'internal':
    case 'capacity':
      return CLOSE_INTERNAL_ERROR;
    default:
      return undefined;
  }
}

/** The last connector that was asked speaks for all. */
function refusalProblem(refusal: RefuseReason | undefined): ProblemReason {
  switch (refusal) {
    case 'draining':
      return 'connector-draining';
    case 'capacity':
      return 'connector-busy';
    case 'unknown-app':
    case 'stale-configuration':
    case undefined:
      return 'connector-unavailable';
    default:
      return refusal satisfies never;
  }
}

function later(key: ProblemReason): Shown {
  return { key, retryAfterSeconds: RETRY_AFTER_SECONDS };
}
