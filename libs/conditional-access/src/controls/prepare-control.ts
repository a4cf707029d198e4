import type { GrantControl } from '#libs/contracts';
import { authenticationStrength } from './authentication-strength.ts';
import { compliantDevice } from './compliant-device.ts';
import type { ControlProbe } from './control.ts';
import { reauthentication } from './reauthentication.ts';

export function prepareControl(control: GrantControl): ControlProbe {
  switch (control.kind) {
    case 'authentication-strength':
      return authenticationStrength.prepare(control);
    case 'compliant-device':
      return compliantDevice.prepare(control);
    case 'reauthentication':
      return reauthentication.prepare(control);
    default:
      return control satisfies never;
  }
}
