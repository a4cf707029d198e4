import type { Need } from './controls/control.ts';
import type { AccessChallenge } from './evaluation.ts';
import type { Judgment } from './judge-policy.ts';

/**
 * What the user is asked for: everything all policies need, once. Where a policy leaves a choice, nothing is added when what is needed
 * anyway fulfills it; otherwise the first alternative of its document that can be met now. `judgments` come by policy id.
 */
export function chooseChallenge(judgments: readonly Judgment[]): AccessChallenge {
  const needs = judgments.flatMap((judgment) => judgment.needs);
  for (const { choices } of judgments) {
    const [first] = choices;
    if (first !== undefined && !choices.some((choice) => isCovered(choice, needs))) needs.push(first);
  }
  const needsNewSession = needs.some(({ kind }) => kind === 'new-session');
  const ages = needs.flatMap((need) => (need.kind === 'age' ? need.maxAgeMinutes : []));
  const contexts = new Set(needs.flatMap((need) => (need.kind === 'context' ? need.context : [])));
  return {
    contexts: [...contexts].sort(),
    maxAgeMinutes: needsNewSession ? 0 : ages.length === 0 ? undefined : Math.min(...ages),
    needsNewSession,
  };
}

function isCovered(choice: Need, needs: readonly Need[]): boolean {
  return needs.some((need) => {
    if (choice.kind === 'context') return need.kind === 'context' && need.context === choice.context;
    // A sign-in that is made now is young enough for every age.
    return choice.kind === 'age' && need.kind !== 'context';
  });
}
