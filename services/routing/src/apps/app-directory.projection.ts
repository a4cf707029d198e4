import { type AppState, type AppView, appAggregate, evolveApp, initialAppState } from '#libs/contracts';
import { type Commit, factsOf } from '#libs/events';
import { emptyMap, getEntry, type LayeredMap, valuesOf, withEntry } from '../layered-map.ts';

/** All apps, and the place in the event stream of the last change of any of them. */
export type AppDirectory = { readonly position: number; readonly apps: LayeredMap<AppView> };

export const emptyAppDirectory: AppDirectory = { position: 0, apps: emptyMap() };

export function projectAppDirectory(directory: AppDirectory, commit: Commit): AppDirectory {
  const facts = factsOf(appAggregate, commit);
  if (facts.length === 0) return directory;
  const state = facts.reduce(evolveApp, appStateOf(getEntry(directory.apps, commit.id)));
  const view = toAppView(commit.id, commit.position, state);
  if (view === undefined) return { ...directory, position: commit.position };
  return { position: commit.position, apps: withEntry(directory.apps, commit.id, view) };
}

/** Undefined for an app that does not exist. */
export function toAppView(id: string, revision: number, state: AppState): AppView | undefined {
  if (state.status === 'absent') return undefined;
  return { ...state, id, revision, users: [...state.users], groups: [...state.groups], roles: [...state.roles] };
}

function appStateOf(view: AppView | undefined): AppState {
  if (view === undefined) return initialAppState;
  const { id: _id, revision: _revision, ...state } = view;
  return state;
}

const sortedByDirectory = new WeakMap<LayeredMap<AppView>, readonly AppView[]>();

/** All apps by id; sorted once per version of the directory. */
export function sortedApps(directory: AppDirectory): readonly AppView[] {
  const known = sortedByDirectory.get(directory.apps);
  if (known !== undefined) return known;
  const sorted = [...valuesOf(directory.apps)].sort((a, b) => (a.id < b.id ? -1 : 1));
  sortedByDirectory.set(directory.apps, sorted);
  return sorted;
}

const groupedByDirectory = new WeakMap<LayeredMap<AppView>, ReadonlyMap<string, readonly AppView[]>>();

/** Published apps of a connector group, by id. */
export function appsOfGroup(directory: AppDirectory, connectorGroupId: string): readonly AppView[] {
  let grouped = groupedByDirectory.get(directory.apps);
  if (grouped === undefined) {
    const published = sortedApps(directory).filter((app) => app.status === 'published');
    grouped = groupBy(published, (app) => app.connectorGroupId);
    groupedByDirectory.set(directory.apps, grouped);
  }
  return grouped.get(connectorGroupId) ?? [];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
