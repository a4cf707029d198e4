import { malformedProblem } from '../answers/problem-reasons.ts';
import { respondProblem, respondRedirect } from '../answers/respond.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/** The connection is closed with the answer: what follows on it cannot be told apart from the request. */
export function respondMalformed(exchange: Exchange): StepResult {
  const reason = exchange.reason ?? 'bad-request';
  exchange.mustClose = true;
  respondProblem(exchange, malformedProblem(reason), { outcome: 'answered', reason });
  return DONE;
}

/** `OPTIONS *` asks about the server, not about an app (RFC 9110, 9.3.7). */
export function answerAsterisk(exchange: Exchange): StepResult {
  exchange.res.writeHead(204, ['X-Request-Id', exchange.requestId]);
  exchange.res.end();
  return DONE;
}

export function respondStarting(exchange: Exchange): StepResult {
  respondProblem(exchange, 'directory-unavailable', { outcome: 'failed', retryAfterSeconds: 5 });
  return DONE;
}

export function respondUnknownHost(exchange: Exchange): StepResult {
  respondProblem(exchange, 'unknown-host', { outcome: 'answered' });
  return DONE;
}

export function respondUnknownPath(exchange: Exchange): StepResult {
  respondProblem(exchange, 'unknown-path', { outcome: 'answered' });
  return DONE;
}

/** An app published under `/wiki/` is asked for as `/wiki`: relative links need the slash. */
export function redirectToAppFolder(exchange: Exchange): StepResult {
  const { app, target } = exchange;
  if (!app || target.path.length >= app.externalPath.length || !exchange.isGetOrHead) return NEXT;
  respondRedirect(exchange, `${app.externalOrigin}${app.externalPath}${target.query}`, []);
  return DONE;
}
