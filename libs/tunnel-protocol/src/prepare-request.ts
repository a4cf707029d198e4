import type { OpenRequest } from './channel.ts';
import { type PreparedOpen, prepareOpen } from './encode-frame.ts';
import type { FieldProblem } from './field-block.ts';
import { OPEN_EMPTY, OPEN_END, OPEN_UPGRADE } from './frame.ts';
import type { FailureReason } from './reasons.ts';

/** RFC 9110, 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export type PreparedRequest =
  | { readonly open: PreparedOpen; readonly isIdempotent: boolean }
  | { readonly problem: FieldProblem; readonly reason: FailureReason };

/** Check and measure a request, and say in its flags what a connector may do before it is confirmed. */
export function prepareRequest(request: OpenRequest): PreparedRequest {
  const isUpgrade = request.isUpgrade === true;
  const isIdempotent = request.isIdempotent ?? IDEMPOTENT.has(request.head.method);
  const isComplete = !request.hasBody && !isUpgrade && isIdempotent;
  const isEmpty = !request.hasBody && !isUpgrade && !isComplete;
  const flags = (isComplete ? OPEN_END : 0) | (isUpgrade ? OPEN_UPGRADE : 0) | (isEmpty ? OPEN_EMPTY : 0);
  const open = prepareOpen(request.head, request.metadata, flags);
  if (typeof open !== 'string') return { open, isIdempotent };
  return { problem: open, reason: open === 'forbidden-character' ? 'malformed' : 'head-too-large' };
}
