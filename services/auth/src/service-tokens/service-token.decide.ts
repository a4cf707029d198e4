import {
  evolveServiceToken,
  initialServiceTokenState,
  type ServiceTokenFact,
  type ServiceTokenState,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { Decider } from '#libs/events';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export const DEFAULT_SERVICE_TOKEN_DAYS = 90;
export const DEFAULT_OVERLAP_HOURS = 24;

type NewSecret = {
  /** As `hashSecret` makes it; the secret itself is known to the caller alone. */
  readonly secretHash: string;
  readonly lifetimeDays?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
};
export type ServiceTokenCommand =
  | ({ readonly type: 'IssueServiceToken'; readonly name: string; readonly appIds: readonly string[] } & NewSecret)
  | ({ readonly type: 'RotateServiceToken'; readonly overlapHours?: number | undefined } & NewSecret)
  | { readonly type: 'ChangeServiceTokenApps'; readonly appIds: readonly string[] }
  | { readonly type: 'RevokeServiceToken'; readonly reason: string };

export type ServiceTokenErrorCode =
  | 'ERR_SERVICE_TOKEN_ABSENT'
  | 'ERR_SERVICE_TOKEN_APP'
  | 'ERR_SERVICE_TOKEN_EXISTS'
  | 'ERR_SERVICE_TOKEN_NAME'
  | 'ERR_SERVICE_TOKEN_REVOKED'
  | 'ERR_SERVICE_TOKEN_TOO_MANY';

export function serviceTokenError(code: ServiceTokenErrorCode, message: string): SallyportError {
  return new SallyportError(code, message, { expose: true });
}

/** Pure. Errors: ERR_SERVICE_TOKEN_ABSENT, _EXISTS, _REVOKED. */
export const serviceTokenDecider: Decider<ServiceTokenCommand, ServiceTokenFact, ServiceTokenState> = {
  initialState: initialServiceTokenState,
  evolve: evolveServiceToken,
  decide: (command, state) => {
    if (command.type === 'IssueServiceToken') {
      if (state.status !== 'absent')
        throw serviceTokenError('ERR_SERVICE_TOKEN_EXISTS', 'this service token was issued already');
      const { name, secretHash } = command;
      const data = { name, appIds: distinct(command.appIds), secretHash, expiresAt: endOf(command) };
      return [{ type: 'ServiceTokenIssued', data }];
    }
    if (state.status === 'absent') throw absentServiceToken();
    if (command.type === 'RevokeServiceToken')
      return state.status === 'revoked' ? [] : [{ type: 'ServiceTokenRevoked', data: { reason: command.reason } }];
    if (state.status === 'revoked')
      throw serviceTokenError(
        'ERR_SERVICE_TOKEN_REVOKED',
        `service token ${JSON.stringify(state.name)} is revoked for good, issue another one`,
      );
    switch (command.type) {
      case 'RotateServiceToken': {
        const { secretHash, nowMs, overlapHours = DEFAULT_OVERLAP_HOURS } = command;
        const previousUntil = instant(nowMs + overlapHours * HOUR_MS);
        return [{ type: 'ServiceTokenRotated', data: { secretHash, expiresAt: endOf(command), previousUntil } }];
      }
      case 'ChangeServiceTokenApps': {
        const appIds = distinct(command.appIds);
        const isSame = appIds.length === state.appIds.length && appIds.every((id) => state.appIds.includes(id));
        return isSame ? [] : [{ type: 'ServiceTokenAppsChanged', data: { appIds } }];
      }
      default:
        return command satisfies never;
    }
  },
};

export function absentServiceToken(): SallyportError {
  return serviceTokenError('ERR_SERVICE_TOKEN_ABSENT', 'there is no such service token');
}

function endOf({ lifetimeDays = DEFAULT_SERVICE_TOKEN_DAYS, nowMs }: NewSecret): string {
  return instant(nowMs + lifetimeDays * DAY_MS);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}
