import type { Criterion } from '../criterion.ts';
import { apps } from './apps.ts';
import { clientKinds } from './client-kinds.ts';
import { deviceStates } from './device-states.ts';
import { locations } from './locations.ts';
import { platforms } from './platforms.ts';
import { signInRisk } from './sign-in-risk.ts';
import { times } from './times.ts';
import { userRisk } from './user-risk.ts';
import { users } from './users.ts';

/** In the order they are asked: those that take most policies out for least work first, those that change by themselves last. */
export const allCriteria: readonly Criterion[] = [
  apps,
  users,
  clientKinds,
  platforms,
  signInRisk,
  userRisk,
  deviceStates,
  locations,
  times,
];
