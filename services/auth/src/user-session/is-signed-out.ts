import type { UserSessionState, UserState } from '#libs/contracts';

type Began = Pick<Exclude<UserSessionState, { status: 'absent' }>, 'startedAt'>;

/**
 * Whether somebody was signed out everywhere since the session began. It ends for that as well; until it has, and where ending it
 * failed, it counts no more. Unknown for a session of an earlier version, which does not say when it began.
 */
export function isSignedOut({ startedAt }: Began, { signedOutBefore }: Pick<UserState, 'signedOutBefore'>): boolean {
  if (startedAt === undefined || signedOutBefore === null) return false;
  return Date.parse(startedAt) < Date.parse(signedOutBefore);
}

/**
 * When a session begins, ISO-8601 UTC: after the person was signed out everywhere, whatever this instance's clock says. The instant of that is
 * of another instance's clock, which may be ahead.
 */
export function beginningOfSession(nowMs: number, { signedOutBefore }: Pick<UserState, 'signedOutBefore'>): string {
  const earliestMs = signedOutBefore === null ? nowMs : Date.parse(signedOutBefore) + 1;
  return new Date(Math.max(nowMs, earliestMs)).toISOString();
}

/** Whether a token was made before its user was signed out everywhere. */
export function isMadeBeforeSignOut(
  { issuedAtMs }: { readonly issuedAtMs: number },
  { signedOutBefore }: Pick<UserState, 'signedOutBefore'>,
): boolean {
  return signedOutBefore !== null && issuedAtMs < Date.parse(signedOutBefore);
}
