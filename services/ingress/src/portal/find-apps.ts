import { MAX_PORTAL_APPS } from '#libs/contracts';
import type { PublishedApp } from '../directory/published-app.ts';

/** Characters of a search that are looked at. */
const MAX_QUERY_LENGTH = 200;

/** Every word, without accents and in lower case, as the script of the page does it. */
export function foldText(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();
}

/** What a search is looked for in: name and address. */
export function findable({ view, externalHostname, externalPath }: PublishedApp): string {
  return foldText(`${view.name} ${externalHostname}${externalPath}`);
}

export type FoundApps = {
  /** At most as many as one page shows, in the order given. */
  readonly shown: readonly { readonly app: PublishedApp; readonly isFound: boolean }[];
  /** Some did not fit: a search looks through them as well. */
  readonly hasMore: boolean;
};

/** Apps that contain every word of the search. The others are there, but hidden, as long as all fit: a script may show them. */
export function findApps(apps: readonly PublishedApp[], query: string): FoundApps {
  const words = foldText(query.slice(0, MAX_QUERY_LENGTH)).split(/\s+/).filter(Boolean);
  const all = apps.map((app) => {
    const text = findable(app);
    return { app, isFound: words.every((word) => text.includes(word)) };
  });
  if (all.length <= MAX_PORTAL_APPS) return { shown: all, hasMore: false };
  return { shown: all.filter(({ isFound }) => isFound).slice(0, MAX_PORTAL_APPS), hasMore: true };
}
