import type { Logger } from '#libs/telemetry';
import type { OnLeftOut } from './kept-claims.ts';

/** One line for each claim and process: whoever configured it must hear of it, and not at every sign-in. */
export function warnOnce(logger: Pick<Logger, 'warn'> | undefined): OnLeftOut {
  const told = new Set<string>();
  return (claim, why) => {
    if (told.has(claim)) return;
    told.add(claim);
    logger?.warn('claim left out', { claim, why });
  };
}
