import type { Commit } from './fact.ts';

/** Whether a commit was recorded later than an instant; never when there is no instant. */
export function isAfter(commit: Commit, untilAt: string | undefined): boolean {
  return untilAt !== undefined && Date.parse(commit.metadata.at) > Date.parse(untilAt);
}
