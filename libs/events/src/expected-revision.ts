import { SallyportError } from '#libs/errors';

/** A revision or position: a whole number from 0. @throws ERR_EVENTS_REVISION */
export function requireRevision(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new SallyportError('ERR_EVENTS_REVISION', `${name} ${value} is not a whole number from 0`, { expose: true });
}

/** The caller decided on a state that is no longer the current one. */
export function staleRevision(subject: string, expected: number, actual: number): SallyportError {
  return new SallyportError(
    'ERR_EVENTS_STALE_REVISION',
    `revision ${expected} of ${subject} is stale, the current one is ${actual}`,
    { expose: true, details: { subject, expected, actual } },
  );
}
