import type { CompiledGrant, CompiledPolicy } from './compile-policy-set.ts';
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
  if (policy.grant.kind === 'block') return noWay(isMissing ? 'input-missing' : 'blocked', changesAtMs);
  if (isMissing) return noWay('input-missing', changesAtMs);
  return judgeControls(policy.grant, policy, situation, changesAtMs);
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

type Checked = { readonly clause: string; readonly state: ControlState };

function judgeControls(
  grant: Exclude<CompiledGrant, { kind: 'block' }>,
  { sessionProbes }: CompiledPolicy,
  situation: Situation,
  fromCriteriaMs: number | undefined,
): Judgment {
  const check = (probe: { readonly clause: string; readonly check: (situation: Situation) => ControlState }) => ({
    clause: probe.clause,
    state: probe.check(situation),
  });
  const granted = grant.kind === 'require' ? grant.controls.map(check) : [];
  const isAny = grant.kind === 'require' && grant.operator === 'any';
  const mustHold = [...(isAny ? [] : granted), ...sessionProbes.map(check)];
  const isOneHeld = !isAny || granted.some(({ state }) => state.isHeld);
  const failed = mustHold.filter(({ state }) => !state.isHeld);
  const choices = isOneHeld ? [] : granted.flatMap(({ state }) => state.need ?? []);
  const isMissing = failed.some(({ state }) => state.isMissing) || (!isOneHeld && isOutOfReachForUnknown(granted));
  const clauses = [...(isOneHeld ? [] : granted), ...failed].map(({ clause, state: { reason } }) => ({
    clause,
    reason,
  }));
  const isOutOfReach = failed.some(({ state }) => state.need === undefined) || (!isOneHeld && choices.length === 0);
  return {
    result: clauses.length === 0 ? 'satisfied' : isMissing ? 'input-missing' : 'unsatisfied',
    clauses,
    needs: failed.flatMap(({ state }) => state.need ?? []),
    choices,
    isInReach: !isOutOfReach,
    changesAtMs: earlier(earlier(fromCriteriaMs, firstChange(mustHold)), isAny ? changeOfAny(granted) : undefined),
  };
}

/** None of the alternatives can be met now, and of one it is not even known whether it is. */
function isOutOfReachForUnknown(alternatives: readonly Checked[]): boolean {
  return (
    alternatives.every(({ state }) => state.need === undefined) && alternatives.some(({ state }) => state.isMissing)
  );
}

function firstChange(checked: readonly Checked[]): number | undefined {
  return checked.reduce<number | undefined>((first, { state }) => earlier(first, state.changesAtMs), undefined);
}

/** As long as one holds, `any` holds: what the others do does not matter. */
function changeOfAny(alternatives: readonly Checked[]): number | undefined {
  const holding = alternatives.filter(({ state }) => state.isHeld);
  if (holding.length === 0) return firstChange(alternatives);
  if (holding.some(({ state }) => state.changesAtMs === undefined)) return undefined;
  return Math.max(...holding.map(({ state }) => state.changesAtMs ?? 0));
}
