import { respondProblem } from '../answers/respond.ts';
import { answerFrontDoor, answerReservedPath, redirectToPortal } from '../sign-in/answer-reserved-path.ts';
import { admitRequest } from './admit-request.ts';
import { answerRobots } from './answer-robots.ts';
import { applyCors } from './apply-cors.ts';
import type { Exchange } from './exchange.ts';
import { forwardOverTunnel } from './forward-over-tunnel.ts';
import { requireAccessDecision } from './require-access-decision.ts';
import { requireCapability } from './require-capability.ts';
import { requireSocketOrigin } from './require-socket-origin.ts';
import { type RouteKind, resolveApp } from './resolve-app.ts';
import { showPortal } from './show-portal.ts';
import {
  answerAsterisk,
  redirectToAppFolder,
  respondMalformed,
  respondStarting,
  respondUnknownHost,
  respondUnknownPath,
} from './simple-answers.ts';
import { DONE, NEXT, type Step } from './step.ts';

/**
 * The pipeline: for each kind of route the steps in their order. Whatever is not listed does not happen: only the last
 * two rows ever reach an origin, and `app-oidc` not without an access decision.
 */
const PIPELINE: Readonly<Record<RouteKind, readonly Step[]>> = {
  malformed: [respondMalformed],
  asterisk: [answerAsterisk],
  starting: [respondStarting],
  'unknown-host': [respondUnknownHost],
  'unknown-path': [answerRobots, admitRequest, respondUnknownPath],
  reserved: [admitRequest, answerReservedPath],
  'sign-in-host': [answerRobots, admitRequest, redirectToPortal],
  'front-door': [answerRobots, admitRequest, answerFrontDoor],
  portal: [answerRobots, admitRequest, requireAccessDecision, showPortal],
  'app-oidc': [
    answerRobots,
    admitRequest,
    applyCors,
    redirectToAppFolder,
    requireAccessDecision,
    requireSocketOrigin,
    requireCapability,
    forwardOverTunnel,
  ],
  'app-passthrough': [answerRobots, admitRequest, applyCors, redirectToAppFolder, requireCapability, forwardOverTunnel],
};

/** Runs a request through its steps. Never throws: what goes wrong here is a 500 with the request id. */
export function runPipeline(exchange: Exchange): void {
  try {
    runSteps(exchange, PIPELINE[resolveApp(exchange)], 0);
  } catch (error) {
    failInternally(exchange, error);
  }
}

function runSteps(exchange: Exchange, steps: readonly Step[], from: number): void {
  for (let i = from; i < steps.length; i += 1) {
    const result = steps[i]?.(exchange) ?? DONE;
    if (result === NEXT) continue;
    if (result !== DONE) continueLater(exchange, steps, i + 1, result);
    return;
  }
}

function continueLater(
  exchange: Exchange,
  steps: readonly Step[],
  next: number,
  result: Promise<typeof NEXT | typeof DONE>,
): void {
  result
    .then((outcome) => {
      // The user may have gone, or broken the rules, while auth was asked: nothing is opened for nobody.
      const { res } = exchange;
      if (outcome === NEXT && !res.destroyed && !res.headersSent) runSteps(exchange, steps, next);
    })
    .catch((error: unknown) => failInternally(exchange, error));
}

function failInternally(exchange: Exchange, error: unknown): void {
  exchange.services.logger.error('request failed', { requestId: exchange.requestId, error });
  if (exchange.res.headersSent) {
    exchange.outcome = 'failed';
    exchange.reason = 'internal';
    exchange.res.destroy();
    return;
  }
  respondProblem(exchange, 'internal', { outcome: 'failed' });
}
