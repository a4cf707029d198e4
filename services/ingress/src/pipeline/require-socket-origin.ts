import { respondProblem } from '../answers/respond.ts';
import { allowsSocketFrom } from '../cors/decide-socket-origin.ts';
import { type PublishedApp, publishedAppsOf } from '../directory/published-app.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/**
 * A WebSocket that the access cookie opens must come from the app itself or from a site its CORS rules trust with credentials;
 * without this any page a signed-in person visits could open one (cross-site WebSocket hijacking).
 */
export function requireSocketOrigin(exchange: Exchange): StepResult {
  const { app, head, target } = exchange;
  if (!exchange.isWebSocket || !app) return NEXT;
  // No page can make a browser send a token with it.
  if (exchange.facts.tokenFor(app) !== undefined) return NEXT;
  const request = { path: target.path, origin: head.origin, host: head.host ?? '' };
  if (allowsSocketFrom(app.view.corsRules, request, originsOf(app))) return NEXT;
  respondProblem(exchange, 'websocket-cross-site', { outcome: 'denied', isProgram: true });
  return DONE;
}

/** Generated: most sockets come from the very origin that is asked, and need none of it. */
function* originsOf(app: PublishedApp): Generator<string> {
  yield app.externalOrigin;
  for (const place of publishedAppsOf(app.tenant, app.view)) if (!place.isPattern) yield place.externalOrigin;
}
