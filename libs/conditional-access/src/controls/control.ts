import type { GrantControl } from '#libs/contracts';
import type { Situation } from '../situation.ts';

/** Something the user can do now. */
export type Need =
  | { readonly kind: 'context'; readonly context: string }
  | { readonly kind: 'age'; readonly maxAgeMinutes: number }
  | { readonly kind: 'new-session' };

export type ControlState = {
  readonly isHeld: boolean;
  readonly reason: string;
  /** Its input is unknown. */
  readonly isMissing: boolean;
  /** What would make it hold; undefined: it holds, or the user can do nothing now. */
  readonly need: Need | undefined;
  /** Milliseconds since the epoch at which the state changes by itself. */
  readonly changesAtMs: number | undefined;
};

/** Pure and total. */
export type ControlProbe = (situation: Situation) => ControlState;

export type ControlOf<Kind extends GrantControl['kind']> = Extract<GrantControl, { kind: Kind }>;

/** One thing a policy requires. One file each. */
export type Control<Kind extends GrantControl['kind']> = {
  readonly kind: Kind;
  /** Kebab-case, ends up in records and metrics. */
  readonly reasons: readonly [held: string, notHeld: string];
  prepare(control: ControlOf<Kind>): ControlProbe;
};

export function held(reason: string, changesAtMs?: number): ControlState {
  return { isHeld: true, reason, isMissing: false, need: undefined, changesAtMs };
}

export function notHeld(reason: string, need?: Need, changesAtMs?: number): ControlState {
  return { isHeld: false, reason, isMissing: false, need, changesAtMs };
}

export function missing(reason: string): ControlState {
  return { isHeld: false, reason, isMissing: true, need: undefined, changesAtMs: undefined };
}
