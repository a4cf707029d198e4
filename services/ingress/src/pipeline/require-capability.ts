import { isGrpc } from '../answers/grpc-answer.ts';
import { respondProblem } from '../answers/respond.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/** What the app's settings refuse whoever asks: WebSockets, gRPC, and bodies that are announced larger than it accepts. */
export function requireCapability(exchange: Exchange): StepResult {
  const { app, head } = exchange;
  if (!app) return NEXT;
  const { allowWebSocket, allowGrpc, maxRequestBodyBytes } = app.view;
  if (!allowGrpc && isGrpc(exchange)) {
    respondProblem(exchange, 'grpc-refused', { outcome: 'denied' });
    return DONE;
  }
  if (exchange.isWebSocket && !allowWebSocket) {
    respondProblem(exchange, 'websocket-refused', { outcome: 'denied' });
    return DONE;
  }
  if (maxRequestBodyBytes !== null && head.contentLength > maxRequestBodyBytes) {
    respondProblem(exchange, 'request-too-large', { outcome: 'answered' });
    return DONE;
  }
  return NEXT;
}
