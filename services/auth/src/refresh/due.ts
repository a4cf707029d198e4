import type { UserSessionState } from '#libs/contracts';

export type ConfirmedSession = Exclude<UserSessionState, { status: 'absent' }>;

export type RefreshPace = {
  /** Minutes after which a session that is used is confirmed. */
  readonly refreshMinutes: number;
  /** Minutes it may go on beyond that without being confirmed. */
  readonly graceMinutes: number;
};

export type Due = {
  readonly isDue: boolean;
  /** A failed attempt ends the session. */
  readonly isOverdue: boolean;
};

const MINUTE_MS = 60_000;
const NEVER: Due = { isDue: false, isOverdue: false };

/** A session without a refresh token is never due: its provider gave none, or it began when none were asked for. */
export function dueOf(session: ConfirmedSession, { refreshMinutes, graceMinutes }: RefreshPace, nowMs: number): Due {
  const { status, refreshToken, refreshedAt, startedAt, authenticatedAt, expiresAt } = session;
  if (status !== 'active' || refreshToken === undefined || Date.parse(expiresAt) <= nowMs) return NEVER;
  const dueAtMs = Date.parse(refreshedAt ?? startedAt ?? authenticatedAt) + refreshMinutes * MINUTE_MS;
  return { isDue: nowMs >= dueAtMs, isOverdue: nowMs >= dueAtMs + graceMinutes * MINUTE_MS };
}
