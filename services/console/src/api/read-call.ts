import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { newId } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import type { Call, Route } from './route.ts';

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Checks the headers a route looks at. Errors: ERR_API_IF_MATCH, ERR_API_IDEMPOTENCY_KEY. */
export function readCall(req: Request, route: Route, given: Pick<Call, 'actor' | 'requestId' | 'signal'>): Call {
  const traceparent = req.headers.traceparent;
  return {
    ...given,
    params: Object.fromEntries(Object.entries(req.params).map(([name, value]) => [name, String(value)])),
    commandId: commandIdOf(req, given.actor.id),
    traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined,
    expectedRevision: route.takesIfMatch ? revisionOf(req.headers['if-match']) : undefined,
    accept: (req.headers.accept ?? '').toLowerCase(),
  };
}

function revisionOf(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const digits = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (digits !== undefined) return Number(digits);
  throw refuseRequest(
    'ERR_API_IF_MATCH',
    'If-Match is not one ETag of ours: send the ETag of the last answer, such as "42"',
  );
}

/** A key counts per caller, method and path: a retry is the same command, another caller's key never meets it. */
function commandIdOf(req: Request, actorId: string): string {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return newId('cmd');
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key))
    throw refuseRequest(
      'ERR_API_IDEMPOTENCY_KEY',
      'Idempotency-Key must be 1 to 200 printable characters without spaces',
    );
  const mac = createHash('sha256').update(JSON.stringify([actorId, req.method, req.path, key]));
  return `cmd_${mac.digest('hex').slice(0, 40)}`;
}
