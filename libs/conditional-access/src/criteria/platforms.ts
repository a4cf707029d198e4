import type { Platform } from '#libs/contracts';
import type { Criterion } from '../criterion.ts';
import { butNot, type Match, matchOf } from '../three-valued.ts';

/** The platform that the user agent claims: a convenience, never protection by itself (ADR-0011). */
export const platforms: Criterion = {
  clause: 'conditions.platforms',
  reasons: ['platform-in-scope', 'platform-out-of-scope'],
  missingReason: 'platform-unknown',
  prepare: ({ conditions }) => {
    if (conditions.platforms === undefined) return undefined;
    const { include, exclude } = conditions.platforms;
    const isIncluded = include === 'all' ? () => 'met' as const : among(include);
    const isExcluded = among(exclude);
    return { matches: ({ inputs: { platform } }) => butNot(isIncluded(platform), isExcluded(platform)) };
  },
};

function among(platformsGiven: readonly Platform[]): (platform: Platform | null) => Match {
  const wanted = new Set(platformsGiven);
  if (wanted.size === 0) return () => 'unmet';
  return (platform) => (platform === null ? 'missing' : matchOf(wanted.has(platform)));
}
