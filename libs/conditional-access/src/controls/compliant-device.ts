import { type Control, held, missing, notHeld } from './control.ts';

/** A device the provider calls compliant. The user cannot make it so now: there is nothing to challenge for. */
export const compliantDevice: Control<'compliant-device'> = {
  kind: 'compliant-device',
  reasons: ['device-compliant', 'device-not-compliant'],
  prepare: () => {
    const isCompliant = held(compliantDevice.reasons[0]);
    const isNot = notHeld(compliantDevice.reasons[1]);
    const isUnknown = missing('device-state-unknown');
    return ({ inputs: { deviceStates } }) => {
      if (deviceStates === null) return isUnknown;
      return deviceStates.includes('compliant') ? isCompliant : isNot;
    };
  },
};
