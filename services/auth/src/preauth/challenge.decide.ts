import { signedInAtMs } from '#libs/contracts';
import type { SignedIn, SignInDemand } from '../identity-provider/identity-provider.ts';

/** What a policy asks a sign-in to bring before it lets somebody through. */
export type Challenge = {
  readonly contexts: readonly string[];
  /** The sign-in must be younger than this, minutes, or made after it was asked for; absent: its age does not matter. */
  readonly maxAgeMinutes?: number | undefined;
  /** When it was asked for, milliseconds since the epoch. Absent in what an earlier version sealed. */
  readonly askedAtMs?: number | undefined;
};

/** As the ingress brings it. */
type GivenChallenge = {
  readonly contexts: readonly string[];
  readonly maxAgeMinutes?: number | undefined;
  /** The session itself is over: only one that begins with the sign-in will do. */
  readonly needsNewSession?: boolean | undefined;
};

/** What is known of the session that lives in this browser. */
export type KnownSession = {
  readonly principal: { readonly subject: string; readonly directoryTenant: string; readonly username: string };
  readonly authenticationContexts: readonly string[];
  readonly authenticatedAt: string;
  readonly authenticatedAtUnknown?: true | undefined;
  readonly expiresAt: string;
};

export type Shortfall = {
  readonly missingContexts: readonly string[];
  readonly isTooOld: boolean;
  /** The identity provider does not say when the sign-in was. */
  readonly isUndated: boolean;
};

/** Milliseconds the clocks of identity provider and auth may differ, in favor of the person. */
const CLOCK_SKEW_MS = 60_000;
/** Contexts one session can hold, as its facts say; those a sign-in brings come first, the oldest go. */
const MAX_SESSION_CONTEXTS = 128;
const UNDATED =
  'It does not say when you signed in: ask an administrator to add the optional claim auth_time to the ID token (in Entra: Token configuration).';

/** null for none, and for one that asks for nothing. */
export function challengeOf(given: GivenChallenge | undefined, askedAtMs: number): Challenge | null {
  if (given === undefined) return null;
  const { contexts, needsNewSession } = given;
  const maxAgeMinutes = needsNewSession ? 0 : given.maxAgeMinutes;
  if (contexts.length === 0 && maxAgeMinutes === undefined) return null;
  return { contexts: [...new Set(contexts)], askedAtMs, ...(maxAgeMinutes !== undefined && { maxAgeMinutes }) };
}

/** A session that meets a challenge already is not sent to the identity provider: another tab was faster. */
export function isMetBySession(challenge: Challenge | null, session: KnownSession, nowMs: number): boolean {
  if (challenge === null) return true;
  const holdsContexts = challenge.contexts.every((context) => session.authenticationContexts.includes(context));
  return holdsContexts && isYoung(challenge, signedInAtMs(session), nowMs);
}

/** Asks for what is missing and no more: whoever signed in a minute ago does not sign in again for a second factor. */
export function demandOf(challenge: Challenge | null, session: KnownSession | null, nowMs: number): SignInDemand {
  const isYoungEnough =
    challenge === null || challenge.maxAgeMinutes === undefined
      ? true
      : session !== null && isYoung(challenge, signedInAtMs(session), nowMs);
  const loginHint = session?.principal.username ?? null;
  return { contexts: challenge?.contexts ?? [], isFresh: !isYoungEnough, loginHint };
}

export type Judgement = {
  readonly challenge: Challenge;
  readonly signedIn: SignedIn;
  /** The live session of the same person, null without one. */
  readonly session: KnownSession | null;
  /** Whether the identity provider was asked to let the person sign in anew. */
  readonly isFresh: boolean;
  /** When it was asked, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** The token's own age stands for that of a fresh sign-in that does not say when it was. */
  readonly trustsIssuedAt: boolean;
};

/** Null when the sign-in brought what was asked. Judged by the token that came, whoever it speaks of. */
export function shortfallOf(judgement: Judgement): Shortfall | null {
  const { challenge, signedIn, nowMs, startedAtMs } = judgement;
  const missingContexts = challenge.contexts.filter((context) => !signedIn.authenticationContexts.includes(context));
  const atMs = provenAtMs(judgement);
  // Whoever signed in after we asked has done all they can, however slow their second factor was.
  const isAnswer = atMs !== null && judgement.isFresh && atMs >= startedAtMs - CLOCK_SKEW_MS;
  const isTooOld =
    challenge.maxAgeMinutes !== undefined && !isAnswer && (atMs === null || !isYoung(challenge, atMs, nowMs));
  const isUndated = isTooOld && signedIn.authenticatedAtMs === null;
  return missingContexts.length === 0 && !isTooOld ? null : { missingContexts, isTooOld, isUndated };
}

/** For the denial page: what the sign-in did not bring, and what an administrator can do where nobody else can. */
export function describeShortfall({ missingContexts, isTooOld, isUndated }: Shortfall): string {
  const contexts = missingContexts.length === 1 ? 'authentication context' : 'authentication contexts';
  const parts = [
    ...(missingContexts.length > 0 ? [`${contexts} ${missingContexts.join(', ')}`] : []),
    ...(isTooOld ? ['a fresh sign-in'] : []),
  ];
  const sentence = `This app asks for more than your sign-in brought: the identity provider did not confirm ${parts.join(' and ')}.`;
  return isUndated ? `${sentence} ${UNDATED}` : sentence;
}

export type NewSession = {
  readonly authenticationContexts: readonly string[];
  /** null: nobody says. */
  readonly authenticatedAtMs: number | null;
  /** null: as long as a session lasts. */
  readonly expiresAt: string | null;
};

/**
 * What the session that replaces another knows. A second factor adds to the session of the same person: what that proved
 * stays proved, and it ends when that would have ended. A fresh sign-in begins anew with what it brought.
 */
export function newSessionOf(parts: {
  readonly signedIn: SignedIn;
  readonly session: KnownSession | null;
  readonly isFresh: boolean;
  readonly nowMs: number;
  /** As of a judgement. */
  readonly trustsIssuedAt: boolean;
}): NewSession {
  const { signedIn, session, isFresh, nowMs, trustsIssuedAt } = parts;
  const { authenticationContexts } = signedIn;
  if (session === null || isFresh) {
    // Never by when the session began: the provider may have known the person for days.
    const saidMs = signedIn.authenticatedAtMs ?? (isFresh && trustsIssuedAt ? signedIn.issuedAtMs : null);
    return { authenticationContexts, authenticatedAtMs: notAfter(nowMs, saidMs), expiresAt: null };
  }
  return {
    authenticationContexts: [...new Set([...authenticationContexts, ...session.authenticationContexts])].slice(
      0,
      MAX_SESSION_CONTEXTS,
    ),
    // A provider that does not say when must not make an old sign-in young.
    authenticatedAtMs: notAfter(nowMs, signedIn.authenticatedAtMs ?? knownAtMs(session)),
    expiresAt: session.expiresAt,
  };
}

/**
 * When the person signed in as far as anybody says so; null: unknown. The token's own age stands for that of the sign-in
 * only if that is trusted, we asked for a fresh one and the token was made after that.
 */
function provenAtMs({ signedIn, session, isFresh, startedAtMs, trustsIssuedAt }: Judgement): number | null {
  if (signedIn.authenticatedAtMs !== null) return signedIn.authenticatedAtMs;
  if (isFresh) return trustsIssuedAt && signedIn.issuedAtMs >= startedAtMs - CLOCK_SKEW_MS ? signedIn.issuedAtMs : null;
  return session === null ? null : knownAtMs(session);
}

function knownAtMs(session: KnownSession): number | null {
  return session.authenticatedAtUnknown === true ? null : signedInAtMs(session);
}

function notAfter(nowMs: number, atMs: number | null): number | null {
  return atMs === null ? null : Math.min(atMs, nowMs);
}

/** No more generous than the policies, or the person would be sent to and fro. */
function isYoung({ maxAgeMinutes, askedAtMs }: Challenge, atMs: number, nowMs: number): boolean {
  if (maxAgeMinutes === undefined || nowMs - atMs < maxAgeMinutes * 60_000) return true;
  return askedAtMs !== undefined && atMs > askedAtMs;
}
