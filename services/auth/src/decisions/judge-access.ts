import type { AccessInputs, PolicyOutcome } from '#libs/conditional-access';
import type { AccessChallengeView, AccessReason, AppState, ClientInfo, UserSessionState } from '#libs/contracts';
import { gatherInputs } from '../conditional-access/gather-inputs.ts';
import type { PolicyJudge } from '../conditional-access/policy-judge.ts';
import { evaluateAccess } from './evaluate-access.ts';

export type SignedIn = Exclude<UserSessionState, { status: 'absent' }>;

/** What the policies were asked and what each said; absent where assignment had already denied. */
export type PoliciesAsked = { readonly inputs: AccessInputs; readonly outcomes: readonly PolicyOutcome[] };

export type AccessJudgement =
  | { readonly verdict: 'unauthenticated'; readonly reason: 'session-ended' | 'session-expired' }
  | {
      readonly verdict: 'granted';
      readonly reasons: readonly AccessReason[];
      readonly policies: PoliciesAsked;
      /** Milliseconds since the epoch; undefined: as long as nothing else changes. */
      readonly validUntilMs: number | undefined;
    }
  | {
      readonly verdict: 'denied';
      readonly reasons: readonly AccessReason[];
      readonly deniedBy: AccessReason;
      readonly policies: PoliciesAsked | undefined;
      readonly validUntilMs: number | undefined;
    }
  | {
      readonly verdict: 'challenged';
      readonly reasons: readonly AccessReason[];
      readonly challenge: AccessChallengeView;
      readonly policies: PoliciesAsked;
      readonly validUntilMs: number | undefined;
    };

/** Session and assignment first, then the policies: somebody who may not open an app at all is asked for nothing more. Pure. */
export function judgeAccess(question: {
  readonly appId: string;
  readonly session: UserSessionState;
  readonly app: AppState | 'portal';
  readonly client: ClientInfo;
  readonly judge: PolicyJudge;
  readonly nowMs: number;
}): AccessJudgement {
  const { appId, session, app, client, judge, nowMs } = question;
  const assignment = evaluateAccess({ session, app, nowMs });
  if (assignment.verdict === 'unauthenticated') return assignment;
  if (session.status === 'absent') return { verdict: 'unauthenticated', reason: 'session-ended' };
  if (assignment.verdict === 'denied') return { ...assignment, policies: undefined, validUntilMs: undefined };
  const inputs = gatherInputs({ appId, session, client, nowMs });
  const { verdict, challenge, outcomes, validUntilMs } = judge.evaluate(inputs);
  const policies = { inputs, outcomes };
  const { reasons } = assignment;
  if (verdict === 'granted') {
    return { verdict, reasons: [...reasons, 'policies-passed'], policies, validUntilMs };
  }
  if (verdict === 'challenge' && challenge !== undefined) {
    const { contexts, maxAgeMinutes, needsNewSession } = challenge;
    const asked = {
      contexts: [...contexts],
      ...(maxAgeMinutes === undefined ? {} : { maxAgeMinutes }),
      ...(needsNewSession ? { needsNewSession } : {}),
    };
    return {
      verdict: 'challenged',
      reasons: [...reasons, 'step-up-required'],
      challenge: asked,
      policies,
      validUntilMs,
    };
  }
  const deniedBy = reasonOf(outcomes);
  return { verdict: 'denied', reasons: [...reasons, deniedBy], deniedBy, policies, validUntilMs };
}

/** Of what is enforced: a block is said before all else, what is unknown before what is not fulfilled. */
function reasonOf(outcomes: readonly PolicyOutcome[]): AccessReason {
  const results = outcomes.filter(({ isReportOnly }) => !isReportOnly).map(({ result }) => result);
  if (results.includes('blocked')) return 'policy-blocked';
  return results.includes('input-missing') ? 'policy-input-missing' : 'policy-unsatisfied';
}
