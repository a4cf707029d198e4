import { type AccessInputs, type AppOfDecision, type PolicyOutcome, rolesThatCount } from '#libs/conditional-access';
import type { AccessChallengeView, AccessReason, ClientInfo } from '#libs/contracts';
import { gatherInputs } from '../conditional-access/gather-inputs.ts';
import type { PolicyJudge } from '../conditional-access/policy-judge.ts';
import type { Asker } from './asker.ts';

type Judged = {
  readonly reasons: readonly AccessReason[];
  readonly inputs: AccessInputs;
  /** What each policy that applied said; undefined where assignment had already denied. */
  readonly outcomes: readonly PolicyOutcome[] | undefined;
  /** Milliseconds since the epoch; undefined: as long as nothing else changes. */
  readonly validUntilMs: number | undefined;
};

export type AccessJudgement =
  | (Judged & { readonly verdict: 'granted' })
  | (Judged & { readonly verdict: 'denied'; readonly deniedBy: AccessReason })
  | (Judged & { readonly verdict: 'challenged'; readonly challenge: AccessChallengeView });

/** Assignment and policies, in this order, for whoever was accepted. Pure, but for the country, which `judge` looks up. */
export function judgeAccess(question: {
  readonly appId: string;
  readonly asker: Asker;
  readonly app: AppOfDecision;
  readonly client: ClientInfo;
  readonly judge: PolicyJudge;
  readonly nowMs: number;
}): AccessJudgement {
  const { appId, asker, app, client, judge, nowMs } = question;
  const groups = judge.groupsThatCount(app, asker.principal.groups);
  const roles = rolesThatCount(app, asker.principal.roles);
  const country = judge.countryOf(client.address);
  const inputs = gatherInputs({ appId, asker, groups, roles, client, country, nowMs });
  const { verdict, reasons, evaluation } = judge.decide(app, inputs);
  const judged: Judged = {
    reasons: [asker.acceptedBy, ...reasons],
    inputs,
    outcomes: evaluation?.outcomes,
    validUntilMs: evaluation?.validUntilMs,
  };
  switch (verdict) {
    case 'granted':
      return { ...judged, verdict };
    case 'challenged': {
      const { contexts, maxAgeMinutes, needsNewSession } = evaluation?.challenge ?? NOTHING_ASKED;
      const challenge = {
        contexts: [...contexts],
        ...(maxAgeMinutes === undefined ? {} : { maxAgeMinutes }),
        ...(needsNewSession ? { needsNewSession } : {}),
      };
      return { ...judged, verdict, challenge };
    }
    case 'denied':
      return { ...judged, verdict, deniedBy: reasons.at(-1) ?? 'policy-unsatisfied' };
    default:
      return verdict satisfies never;
  }
}

/** Never the case: a challenge names what is missing. Even then a sign-in is asked for, and nothing is granted. */
const NOTHING_ASKED = { contexts: [], maxAgeMinutes: 0, needsNewSession: true } as const;
