import { describeRefusal, type PolicyOutcome } from '#libs/conditional-access';
import type { PolicySetState } from '#libs/contracts';
import type { AccessJudgement } from './judge-access.ts';

const RESULT_OF_REASON: Readonly<Record<string, PolicyOutcome['result']>> = {
  'policy-blocked': 'blocked',
  'policy-input-missing': 'input-missing',
};

/** One sentence for the person: who, what, and what or who can help. Of the policies only the one that refused is named. */
export function explainDecision(
  judgement: Extract<AccessJudgement, { verdict: 'denied' | 'challenged' }>,
  about: { readonly appName: string; readonly username: string; readonly policySet: PolicySetState },
): string {
  const { appName, username, policySet } = about;
  if (judgement.verdict === 'denied') {
    if (judgement.deniedBy === 'user-disabled')
      return `The account of ${username} is disabled here. An administrator can enable it.`;
    if (judgement.deniedBy === 'app-retired') return `${appName} is no longer published.`;
    if (judgement.deniedBy === 'groups-unknown')
      return `${username} is signed in, but is in more groups than the identity provider lists, so it is not known whether ${appName} is assigned to one of them. An administrator can have it send only the groups assigned to the application, or assign you by user or app role.`;
    if (judgement.outcomes === undefined)
      return `${username} is signed in but not assigned to ${appName}. Whoever manages the app can assign you.`;
  }
  const wanted =
    judgement.verdict === 'denied' ? (RESULT_OF_REASON[judgement.deniedBy] ?? 'unsatisfied') : 'unsatisfied';
  const outcome = judgement.outcomes?.find(({ isReportOnly, result }) => !isReportOnly && result === wanted);
  const words = outcome === undefined ? undefined : describeRefusal(policySet, outcome);
  if (words === undefined) return `A policy of your organization does not let ${username} open ${appName}.`;
  const allowed = wanted === 'blocked' ? `; it would be allowed ${words.remedy}` : '';
  return `${username} is signed in, but for ${appName} the policy “${words.policyName}” ${words.says}${allowed}.`;
}
