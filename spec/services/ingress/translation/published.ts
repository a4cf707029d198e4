import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { AppDirectory } from '../../../../services/ingress/src/directory/app-directory.ts';
import type { PublishedApp } from '../../../../services/ingress/src/directory/published-app.ts';
import { LinkMap } from '../../../../services/ingress/src/translation/rewrite-urls.ts';
import { appView } from '../support/ingress-rig.ts';

/**
 * The apps of these specs: one that moves from a path to the root, plain ones, two that share a host by path, two that
 * share an origin, one on https, and a wildcard.
 */
export function publishedApps(): AppDirectory {
  const directory = new AppDirectory('default');
  for (const view of [
    appView('wiki', { internalUrl: 'http://wiki.internal:8080/base/', externalUrl: 'https://wiki.example/' }),
    appView('plain', { internalUrl: 'http://plain.internal/', externalUrl: 'https://plain.example:8443/' }),
    appView('hr', { internalUrl: 'http://hr.internal/', externalUrl: 'https://shared.example/hr/' }),
    appView('crm', { internalUrl: 'http://crm.internal/app/', externalUrl: 'https://shared.example/crm/' }),
    appView('docs', { internalUrl: 'https://docs.internal/', externalUrl: 'https://docs.example/' }),
    appView('docs-admin', { internalUrl: 'https://docs.internal/admin/', externalUrl: 'https://admin.example/' }),
    appView('any', { internalUrl: 'http://*.lab.internal/', externalUrl: 'https://*.lab.example/' }),
  ])
    directory.put(view);
  return directory;
}

/** The app at a URL of its own, as the pipeline finds it. */
export function appAt(directory: AppDirectory, externalUrl: string): PublishedApp {
  const { hostname, pathname } = new URL(externalUrl);
  const app = directory.placesOf(hostname)?.find(pathname, pathname);
  if (!app) throw new Error(`no app at ${externalUrl}`);
  return app;
}

const UNCHANGED = publishedApps();

export function linksAt(externalUrl: string, directory: AppDirectory = UNCHANGED): LinkMap {
  return new LinkMap(appAt(directory, externalUrl), directory);
}

/** The text in the smallest pieces there are. */
export function characters(text: string): string[] {
  return text.split('');
}

/** The text in pieces that end at the given places. */
export function inPieces(text: string, cuts: readonly number[]): string[] {
  const ends = [...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
  return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));
}

/** A file of seeds/, one character per byte. */
export function seedText(name: string): string {
  return readFileSync(new URL(`./seeds/${name}`, import.meta.url), 'latin1');
}

export function seedLines(name: string): string[] {
  return seedText(`${name}.jsonl`).trim().split('\n');
}

/** Bits that documents are made of in property specs. */
export function seedParts(language: 'html' | 'css'): fc.Arbitrary<string> {
  return fc.constantFrom(...seedLines(`${language}-parts`).map((line): string => JSON.parse(line)));
}
