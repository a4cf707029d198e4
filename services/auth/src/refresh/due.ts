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
  /** It has gone unconfirmed, in use or not, for so long that nothing but its own failures may put off an attempt. */
  readonly isPressing: boolean;
  /** Attempts have failed for so long that the next failure ends the session. Time without an attempt counts for nothing. */
  readonly isOverdue: boolean;
};

const MINUTE_MS = 60_000;
const NEVER: Due = { isDue: false, isPressing: false, isOverdue: false };

/** Seconds a session lasts that nobody can confirm: as long as one does whose provider does not answer. */
export function unconfirmedSecondsOf(config: {
  readonly sessionHours: number;
  readonly refreshMinutes: number | null;
  readonly refreshGraceMinutes: number;
}): number {
  const { sessionHours, refreshMinutes, refreshGraceMinutes } = config;
  const minutes = refreshMinutes === null ? Number.POSITIVE_INFINITY : refreshMinutes + refreshGraceMinutes;
  return Math.floor(Math.min(sessionHours * 60, minutes) * 60);
}

/**
 * A session without a refresh token is never due: it began when none were asked for, its provider is known to give none, or it is short
 * (`unconfirmedSecondsOf`).
 */
export function dueOf(session: ConfirmedSession, { refreshMinutes, graceMinutes }: RefreshPace, nowMs: number): Due {
  const { status, refreshToken, refreshedAt, failingSince, startedAt, authenticatedAt, expiresAt } = session;
  if (status !== 'active' || refreshToken === undefined || Date.parse(expiresAt) <= nowMs) return NEVER;
  const graceMs = graceMinutes * MINUTE_MS;
  const dueAtMs = Date.parse(refreshedAt ?? startedAt ?? authenticatedAt) + refreshMinutes * MINUTE_MS;
  return {
    isDue: nowMs >= dueAtMs,
    isPressing: nowMs >= dueAtMs + graceMs,
    isOverdue: nowMs >= dueAtMs && failingSince !== undefined && nowMs >= Date.parse(failingSince) + graceMs,
  };
}
