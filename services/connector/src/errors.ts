import { SallyportError } from '#libs/errors';

/** The administrator's token, or the connector itself, was refused: asking again with the same input cannot help. */
export function refused(message: string, details: Readonly<Record<string, string | number>> = {}): SallyportError {
  return new SallyportError('ERR_CONNECTOR_REFUSED', message, { expose: true, details });
}

export function unavailable(message: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_CONNECTOR_SERVICE_UNAVAILABLE', message, { expose: true, retryable: true, cause });
}

/** The service answered something that is not its contract. */
export function badAnswer(message: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_CONNECTOR_SERVICE_ANSWER', message, { expose: true, cause });
}

export function badUsage(message: string): SallyportError {
  return new SallyportError('ERR_CONNECTOR_USAGE', message, { expose: true });
}

/** A state directory that is absent, damaged or in use; the message names the remedy. */
export function badState(message: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_CONFIG_CONNECTOR_STATE', message, { expose: true, cause });
}
