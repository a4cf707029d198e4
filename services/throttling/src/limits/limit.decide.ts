import { DEFAULT_APP_LIMIT, type LimitFact, type LimitState, MAX_LIMIT } from '#libs/contracts';
import { SallyportError } from '#libs/errors';

export type LimitCommand =
  | { readonly type: 'SetLimit'; readonly requestsPerSecond: number }
  | { readonly type: 'ResetLimit' }
  | { readonly type: 'RaiseBreach'; readonly requestsPerSecond: number; readonly observedPerSecond: number }
  | { readonly type: 'EndBreach'; readonly refusedRequests: number };

/** Errors: ERR_LIMIT_RANGE. */
export function decideLimit(command: LimitCommand, state: LimitState): readonly LimitFact[] {
  switch (command.type) {
    case 'SetLimit':
      requireRange(command.requestsPerSecond);
      if (state.requestsPerSecond === command.requestsPerSecond) return [];
      return [{ type: 'LimitSet', data: { requestsPerSecond: command.requestsPerSecond } }];
    case 'ResetLimit':
      return state.requestsPerSecond === null ? [] : [{ type: 'LimitReset', data: {} }];
    case 'RaiseBreach':
      if (state.breached) return [];
      return [
        {
          type: 'LimitExceeded',
          data: { requestsPerSecond: command.requestsPerSecond, observedPerSecond: command.observedPerSecond },
        },
      ];
    case 'EndBreach':
      return state.breached ? [{ type: 'LimitRecovered', data: { refusedRequests: command.refusedRequests } }] : [];
    default:
      return command satisfies never;
  }
}

function requireRange(requestsPerSecond: number): void {
  if (Number.isInteger(requestsPerSecond) && requestsPerSecond >= 1 && requestsPerSecond <= MAX_LIMIT) return;
  throw new SallyportError(
    'ERR_LIMIT_RANGE',
    `limit ${requestsPerSecond} requests/s is out of range, expected a whole number from 1 to ${MAX_LIMIT} (default ${DEFAULT_APP_LIMIT})`,
    { expose: true, details: { requestsPerSecond, max: MAX_LIMIT } },
  );
}
