import type { CompiledPolicy } from './compile-policy-set.ts';
import type { ControlState, Need } from './controls/control.ts';
import type { ClauseOutcome, PolicyOutcome } from './evaluation.ts';
import type { Situation } from './situation.ts';

/** What one policy says, and what could still turn it. */
export type Judgment = {
  readonly result: PolicyOutcome['result'];
  readonly clauses: readonly ClauseOutcome[];
  /** All of these, and one of `choices` when there are any, turn `unsatisfied` into `satisfied`. */
  readonly needs: readonly Need[];
  readonly choices: readonly Need[];
  /** Whether the user can turn it now. */
  readonly isInReach: boolean;
  readonly changesAtMs: number | undefined;
};

const nothing: readonly never[] = [];

export function judgePolicy(policy: CompiledPolicy, situation: Situation): Judgment {
  let isMissing = false;
  let changesAtMs: number | undefined;
  for (const { probe } of policy.asked) {
    const match = probe.matches(situation);
    if (probe.changesAtMs !== undefined) changesAtMs = earlier(changesAtMs, probe.changesAtMs(situation));
    if (match === 'unmet') return noWay('not-applied', changesAtMs);
    if (match === 'missing') isMissing = true;
  }
  if (isMissing) return noWay('input-missing', changesAtMs);
  return policy.isBlock ? noWay('blocked', changesAtMs) : judgeControls(policy, situation, changesAtMs);
}

/** The clauses that a judgment about criteria leaves out, because most judgments are about policies that do not apply. */
export function clausesOf(policy: CompiledPolicy, situation: Situation, judgment: Judgment): readonly ClauseOutcome[] {
  const wanted = { 'not-applied': 'unmet', 'input-missing': 'missing', blocked: 'met' } as const;
  if (judgment.clauses.length > 0 || judgment.result === 'satisfied' || judgment.result === 'unsatisfied') {
    return judgment.clauses;
  }
  const match = wanted[judgment.result];
  const clauses = policy.asked
    .filter(({ probe }) => probe.matches(situation) === match)
    .map(({ criterion: { clause, reasons, missingReason } }) => {
      if (match === 'missing') return { clause, reason: missingReason };
      return { clause, reason: reasons[match === 'met' ? 0 : 1] };
    });
  return judgment.result === 'blocked' ? [{ clause: 'grant', reason: 'blocked-by-policy' }, ...clauses] : clauses;
}

export function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

function noWay(result: PolicyOutcome['result'], changesAtMs: number | undefined): Judgment {
  return changesAtMs === undefined && result === 'not-applied' ? notApplied : { ...notApplied, result, changesAtMs };
}

/** Most judgments are this one. */
const notApplied: Judgment = {
  result: 'not-applied',
  clauses: nothing,
  needs: nothing,
  choices: nothing,
  isInReach: false,
  changesAtMs: undefined,
};

const satisfied: Judgment = { ...notApplied, result: 'satisfied' };

type Checked = { readonly clause: string; readonly state: ControlState };

/** Almost always all is well: little is made for that. */
function judgeControls(policy: CompiledPolicy, situation: Situation, fromCriteriaMs: number | undefined): Judgment {
  let changesAtMs = fromCriteriaMs;
  const failed: Checked[] = [];
  for (const { clause, check } of policy.mustHold) {
    const state = check(situation);
    changesAtMs = earlier(changesAtMs, state.changesAtMs);
    if (!state.isHeld) failed.push({ clause, state });
  }
  let open: readonly Checked[] = nothing;
  if (policy.alternatives.length > 0 && !isOneHeldForGood(policy, situation)) {
    const checked = policy.alternatives.map(({ clause, check }) => ({ clause, state: check(situation) }));
    changesAtMs = earlier(changesAtMs, changeOfAny(checked));
    if (!checked.some(({ state }) => state.isHeld)) open = checked;
  }
  if (failed.length > 0 || open.length > 0) return judgeFailure(failed, open, changesAtMs);
  return changesAtMs === undefined ? satisfied : { ...satisfied, changesAtMs };
}

function isOneHeldForGood({ alternatives }: CompiledPolicy, situation: Situation): boolean {
  for (const { check } of alternatives) {
    const { isHeld, changesAtMs } = check(situation);
    if (isHeld && changesAtMs === undefined) return true;
  }
  return false;
}

/** `failed` must all hold and do not; of `open` one must hold and none does. */
function judgeFailure(failed: readonly Checked[], open: readonly Checked[], changesAtMs: number | undefined): Judgment {
  const choices = open.flatMap(({ state }) => state.need ?? []);
  const isOpenOutOfReach = open.length > 0 && choices.length === 0;
  const isMissing =
    failed.some(({ state }) => state.isMissing) || (isOpenOutOfReach && open.some(({ state }) => state.isMissing));
  return {
    result: isMissing ? 'input-missing' : 'unsatisfied',
    clauses: [...open, ...failed].map(({ clause, state: { reason } }) => ({ clause, reason })),
    needs: failed.flatMap(({ state }) => state.need ?? []),
    choices,
    isInReach: !isOpenOutOfReach && failed.every(({ state }) => state.need !== undefined),
    changesAtMs,
  };
}

/** As long as one holds, `any` holds: what the others do does not matter. None of them holds for good. */
function changeOfAny(alternatives: readonly Checked[]): number | undefined {
  const holding = alternatives.filter(({ state }) => state.isHeld);
  if (holding.length > 0) return Math.max(...holding.map(({ state }) => state.changesAtMs ?? Number.POSITIVE_INFINITY));
  return alternatives.reduce<number | undefined>((first, { state }) => earlier(first, state.changesAtMs), undefined);
}
