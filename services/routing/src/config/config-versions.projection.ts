import { connectorGroupAggregate } from '#libs/contracts';
import { type Commit, isCommitOf } from '#libs/events';
import type { AppDirectory } from '../apps/app-directory.projection.ts';
import { emptyMap, getEntry, type LayeredMap, withEntry } from '../layered-map.ts';

/** For each connector group the position of the last fact that concerns what its connectors are told. */
export type ConfigVersions = LayeredMap<number>;

export const noConfigVersions: ConfigVersions = emptyMap();

type Directories = { readonly before: AppDirectory; readonly after: AppDirectory };

export function projectConfigVersions(
  versions: ConfigVersions,
  commit: Commit,
  directories: Directories,
): ConfigVersions {
  return groupsConcerned(commit, directories).reduce(
    (next, group) => withEntry(next, group, commit.position),
    versions,
  );
}

/** An app that moves concerns the group it leaves and the group it joins. */
export function groupsConcerned(commit: Commit, { before, after }: Directories): readonly string[] {
  if (isCommitOf(connectorGroupAggregate, commit)) return [commit.id];
  if (before === after) return [];
  const left = getEntry(before.apps, commit.id)?.connectorGroupId;
  const joined = getEntry(after.apps, commit.id)?.connectorGroupId;
  return [...new Set([left, joined])].filter((group) => group !== undefined);
}
