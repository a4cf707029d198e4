import { respondProblem } from '../answers/respond.ts';
import { CORS_RESPONSE_FIELDS, decideCors } from '../cors/decide-cors.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/** Answers preflights by the app's rules, ahead of sign-in: they carry no cookie (Fetch, 4.8). Other requests are marked. */
export function applyCors(exchange: Exchange): StepResult {
  const { app, head, method, target } = exchange;
  if (!app || app.view.corsRules.length === 0) return NEXT;
  const { origin, requestMethod, requestHeaders } = head;
  const request = { method, path: target.path, origin, requestMethod, requestHeaders };
  const decision = decideCors(app.view.corsRules, request, app.externalOrigin);
  switch (decision.kind) {
    case 'none':
      return NEXT;
    case 'fields':
      exchange.corsFields = decision.fields;
      return NEXT;
    case 'preflight':
      exchange.res.writeHead(204, [...decision.fields, 'X-Request-Id', exchange.requestId]);
      exchange.res.end();
      return DONE;
    case 'refused':
      exchange.corsFields = decision.fields;
      respondProblem(exchange, 'cors-refused', { outcome: 'denied', reason: decision.reason, isProgram: true });
      return DONE;
    default:
      return decision satisfies never;
  }
}

/** Whether a field of an origin's answer gives way to the app's own rules. */
export function isReplacedByCors(exchange: Pick<Exchange, 'corsFields'>, lower: string): boolean {
  return exchange.corsFields !== undefined && CORS_RESPONSE_FIELDS.has(lower);
}
