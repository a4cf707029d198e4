import type { DeviceState } from '#libs/contracts';
import type { Criterion } from '../criterion.ts';
import { matchOf } from '../three-valued.ts';

/** A device may be in several states; one of those that are asked for is enough. */
export const deviceStates: Criterion = {
  clause: 'conditions.deviceStates',
  reasons: ['device-state-in-scope', 'device-state-out-of-scope'],
  missingReason: 'device-state-unknown',
  prepare: ({ conditions }) => {
    if (conditions.deviceStates === undefined) return undefined;
    const wanted = new Set<DeviceState>(conditions.deviceStates);
    return {
      matches: ({ inputs }) =>
        inputs.deviceStates === null ? 'missing' : matchOf(inputs.deviceStates.some((state) => wanted.has(state))),
    };
  },
};
