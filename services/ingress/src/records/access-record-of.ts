import type { AccessRecord } from '#libs/contracts';
import type { Exchange } from '../pipeline/exchange.ts';

const MAX_PATH_LENGTH = 2_048;
const MAX_HOST_LENGTH = 255;
const MAX_METHOD_LENGTH = 32;
const MAX_USER_AGENT_LENGTH = 400;
/** As nginx and others write it: the user closed the connection before the answer was complete. */
const STATUS_USER_GONE = 499;

/** What is kept of a request. The path goes without its query, and everything a user writes is cut to size. */
export function accessRecordOf(exchange: Exchange, isComplete: boolean): AccessRecord {
  const { res, head, access } = exchange;
  return {
    requestId: exchange.requestId,
    at: new Date(exchange.startedAtEpochMs).toISOString(),
    ingressId: exchange.services.ingressId,
    address: exchange.client.address,
    method: exchange.method.slice(0, MAX_METHOD_LENGTH),
    host: exchange.hostAndPort.slice(0, MAX_HOST_LENGTH),
    path: exchange.target.path.slice(0, MAX_PATH_LENGTH),
    status: res.headersSent ? res.statusCode : STATUS_USER_GONE,
    outcome: isComplete ? exchange.outcome : 'failed',
    reason: isComplete ? exchange.reason : (exchange.reason ?? 'user-gone'),
    appId: exchange.app?.view.id ?? null,
    connectorId: exchange.connectorId,
    sessionId: access?.sessionId ?? null,
    subject: access?.principal.subject ?? null,
    username: access?.principal.username ?? exchange.username,
    decisionId: access?.decisionId ?? exchange.decisionId,
    durationMs: Math.round((performance.now() - exchange.startedAtMs) * 100) / 100,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    userAgent: head.userAgent.slice(0, MAX_USER_AGENT_LENGTH),
  };
}
