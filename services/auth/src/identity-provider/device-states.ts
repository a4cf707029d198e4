import { z } from 'zod';
import type { DeviceState } from '#libs/contracts';
import { refused } from './check-token.ts';

const flags = z.array(z.string().max(64)).max(50).optional();

/** Flags of Entra's optional claim `signin_state` that say what we call a device state; `dvc_mngd` (managed) says neither. */
const STATE_OF_FLAG: Readonly<Record<string, DeviceState>> = { dvc_cmp: 'compliant', dvc_dmjd: 'joined' };

/**
 * What Entra's optional claim `signin_state` says of the device: compliant, or joined to a domain (Microsoft identity platform, optional
 * claims reference). Null without the claim, which is never the same as a device that is neither. Error: `token-invalid` for a claim of
 * another kind.
 */
export function deviceStatesOf(claims: Readonly<Record<string, unknown>>): readonly DeviceState[] | null {
  const parsed = flags.safeParse(claims.signin_state);
  if (!parsed.success) throw refused('claim signin_state is of a wrong kind');
  if (parsed.data === undefined) return null;
  const states = parsed.data.flatMap((flag) => (Object.hasOwn(STATE_OF_FLAG, flag) ? [STATE_OF_FLAG[flag]] : []));
  return [...new Set(states)].filter((state) => state !== undefined);
}
