import { judgeAge } from '../age.ts';
import { type Control, held, notHeld } from './control.ts';

/** The user proved who they are less than `maxAgeMinutes` ago. */
export const reauthentication: Control<'reauthentication'> = {
  kind: 'reauthentication',
  reasons: ['sign-in-recent', 'sign-in-too-old'],
  prepare: ({ maxAgeMinutes }) => {
    const [isRecent, isTooOld] = reauthentication.reasons;
    return ({ inputs }) => {
      const { isYoung, changesAtMs } = judgeAge(inputs.authenticatedAtMs, inputs.nowMs, maxAgeMinutes);
      return isYoung ? held(isRecent, changesAtMs) : notHeld(isTooOld, { kind: 'age', maxAgeMinutes }, changesAtMs);
    };
  },
};
